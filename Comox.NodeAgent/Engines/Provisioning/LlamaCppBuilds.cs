using System.Runtime.InteropServices;
using Comox.NodeAgent.Engines.Placement;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Engines.Provisioning;

/// <summary>What decides which build of llama.cpp a machine gets.</summary>
/// <param name="Runtime">.NET's identifier: <c>linux-x64</c>.</param>
internal sealed record BuildHardware(string Runtime)
{
    public bool HasNvidia { get; init; }
    public bool HasAmd { get; init; }

    /// <summary>ROCm's libraries are installed; a build for it does not bring them.</summary>
    public bool HasRocm { get; init; }

    /// <summary>A Vulkan loader and a device for it.</summary>
    public bool HasVulkan { get; init; }
}

/// <summary>A build that llama.cpp publishes.</summary>
/// <param name="Backend"><c>cuda</c>, <c>rocm</c>, <c>vulkan</c> or <c>cpu</c>.</param>
/// <param name="Asset">What the name of its archive has between <c>-bin-</c> and its ending; <c>*</c> stands for a version.</param>
internal sealed record LlamaCppBuild(string Backend, string Asset);

/// <summary>
/// Hardware → builds, the best first. After the names in llama.cpp's release.yml of 2026: for Linux there is Vulkan (x64, arm64) and ROCm (x64), and none with CUDA; for Windows CUDA comes in
/// two archives, of which one alone does not run. On macOS every build uses Metal.
/// </summary>
internal static class LlamaCppBuilds
{
    public const string Cuda = "cuda";
    public const string Rocm = "rocm";
    public const string Vulkan = "vulkan";
    public const string Cpu = "cpu";

    private const string OwnBuild = $"name a llama-server that was built for it in {NodeAgentOptions.Section}:EnginePath";

    /// <returns>Empty: there is none for this system.</returns>
    public static IReadOnlyList<LlamaCppBuild> For(BuildHardware hardware)
    {
        if (System(hardware.Runtime) is not var (system, architecture))
            return [];
        if (system == "macos")
            return [new LlamaCppBuild(Cpu, $"macos-{architecture}")];

        var builds = new List<LlamaCppBuild>();
        if (hardware.HasNvidia && system == "ubuntu")
            builds.Add(new LlamaCppBuild(Cuda, $"ubuntu-cuda-*-{architecture}")); // Not published today; taken as soon as it is.
        if (hardware is { HasAmd: true, HasRocm: true } && system == "ubuntu")
            builds.Add(new LlamaCppBuild(Rocm, $"ubuntu-rocm-*-{architecture}"));
        if (hardware.HasVulkan)
            builds.Add(new LlamaCppBuild(Vulkan, $"{system}-vulkan-{architecture}"));
        builds.Add(new LlamaCppBuild(Cpu, system == "win" ? $"win-cpu-{architecture}" : $"ubuntu-{architecture}"));
        return builds;
    }

    /// <summary>What a person should know of a program on this hardware: that it leaves a card unused, or could use it better. Null: nothing.</summary>
    public static string? Notice(BuildHardware hardware, IReadOnlyList<EngineDevice> devices)
    {
        if (!hardware.HasNvidia && !hardware.HasAmd)
            return null;
        if (devices.Count == 0)
        {
            return hardware switch
            {
                { HasVulkan: true } => $"This llama-server cannot use the card: delete it to have Comox install another one, or {OwnBuild}.",
                { HasNvidia: true } => $"The card is not used: llama.cpp publishes no build with CUDA for Linux, and for its Vulkan build there is no Vulkan loader here. Install libvulkan1 and delete this llama-server to have Comox install another one, or {OwnBuild}.",
                _ => $"The card is not used: there is neither ROCm nor a Vulkan loader here. Install libvulkan1 and mesa-vulkan-drivers and delete this llama-server to have Comox install another one, or {OwnBuild}.",
            };
        }

        return hardware.HasNvidia && devices.All(device => device.Name.StartsWith("Vulkan", StringComparison.OrdinalIgnoreCase))
            ? $"It uses the card through Vulkan, because llama.cpp publishes no build with CUDA for Linux. One with CUDA is faster: {OwnBuild}."
            : null;
    }

    private static (string System, string Architecture)? System(string runtime)
    {
        var architecture = runtime.EndsWith("-x64", StringComparison.Ordinal) ? "x64" : runtime.EndsWith("-arm64", StringComparison.Ordinal) ? "arm64" : null;
        if (architecture is null || runtime.Contains("musl", StringComparison.Ordinal))
            return null;
        return (runtime.StartsWith("win", StringComparison.Ordinal) ? "win" : runtime.StartsWith("osx", StringComparison.Ordinal) ? "macos" : "ubuntu", architecture);
    }
}

/// <summary>Looks what there is.</summary>
internal sealed class BuildHardwareReader(NodeCards cards)
{
    public async Task<BuildHardware> ReadAsync(CancellationToken cancellation)
    {
        var found = await cards.AtStartAsync(cancellation);
        return new BuildHardware(RuntimeInformation.RuntimeIdentifier)
        {
            HasNvidia = found.Any(NodeCards.IsNvidia),
            HasAmd = found.Any(card => card.Source == GpuSources.Amdgpu),
            HasRocm = Loads("libamdhip64.so") || File.Exists("/opt/rocm/lib/libamdhip64.so"),
            HasVulkan = OperatingSystem.IsWindows() ? Loads("vulkan-1.dll") : Loads("libvulkan.so.1") && Directory.Exists("/dev/dri") && Directory.EnumerateFileSystemEntries("/dev/dri", "renderD*").Any(),
        };
    }

    private static bool Loads(string library)
    {
        if (!NativeLibrary.TryLoad(library, out var handle))
            return false;
        NativeLibrary.Free(handle);
        return true;
    }
}
