using Comox.NodeAgent;
using Comox.NodeAgent.Hardware.Gpus;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Comox.Benchmarks.Fleet.Live;

/// <summary>
/// <c>simulated-node FOLDER --urls …</c>: the real node agent, with a card that is read from files and a log of the kernel that is a file. Its engine is a process too, see
/// <see cref="FakeBackend.Simulation.SimulatedServer"/>. What happens to both is written into the folder: <c>throttle</c> (the card is slowed down while it is there), <c>hole</c>
/// (nothing passes through its connections while it is there), <c>kmsg</c> (a pipe).
/// </summary>
internal static class SimulatedNode
{
    public const string Throttle = "throttle";
    public const string Hole = "hole";
    public const string KernelLog = "kmsg";

    public static async Task<int> RunAsync(string[] args)
    {
        var folder = args[0];
        return await ServiceHost.RunAsync(
            args[1..],
            builder =>
            {
                builder.AddNodeAgent();
                builder.Logging.SetMinimumLevel(LogLevel.Warning);
                builder.Services.RemoveAll<IGpuSource>();
                builder.Services.AddSingleton<IGpuSource>(new SimulatedCard(folder));
                builder.Services.RemoveAll<KernelLog>();
                builder.Services.AddSingleton(new KernelLog(Path.Combine(folder, KernelLog)));
                ((WebApplicationBuilder)builder).WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(listen => listen.Use(next => connection =>
                {
                    connection.Transport = new HoledConnection(connection.Transport, Path.Combine(folder, Hole));
                    return next(connection);
                })));
            },
            app => app.MapNodeAgent());
    }

    /// <summary>A 3090 as NVML tells of it, quiet and cool unless <see cref="Throttle"/> is there.</summary>
    private sealed class SimulatedCard(string folder) : IGpuSource
    {
        public TimeSpan Period => TimeSpan.FromMilliseconds(500);

        public Task<IReadOnlyList<GpuReading>> ReadAsync(CancellationToken cancellation)
        {
            var isHeld = File.Exists(Path.Combine(folder, Throttle));
            return Task.FromResult<IReadOnlyList<GpuReading>>([new GpuReading(new GpuStatus
            {
                Index = 0,
                Name = "NVIDIA GeForce RTX 3090",
                Source = GpuSources.Nvml,
                Uuid = "GPU-simulated",
                PciId = "0000:01:00.0",
                MemoryTotalBytes = 24L << 30,
                MemoryUsedBytes = 11L << 30,
                MemoryFreeBytes = 13L << 30,
                TemperatureCelsius = 62,
                PowerWatts = 215,
                PowerLimitWatts = 220,
                UtilizationPercent = 60,
                CoreClockMegahertz = isHeld ? 210 : 1700,
                CoreClockMaxMegahertz = 2100,
                Throttles = isHeld ? [GpuThrottles.HardwareSlowdown] : [GpuThrottles.PowerCap],
            })]);
        }
    }
}
