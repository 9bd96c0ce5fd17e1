using System.Diagnostics;
using System.Globalization;
using Comox.FakeBackend.Simulation;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.Benchmarks.Fleet.Live;

/// <summary>One node: a real agent and its simulated engine, as processes, and what can be done to them.</summary>
internal sealed class LiveNode(int number, int port, string folder) : IDisposable
{
    private const int PciBus = 1;
    private Process? _agent;

    public string Name { get; } = string.Create(CultureInfo.InvariantCulture, $"gpu-{number}");
    public Uri Address { get; } = new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));
    public string Folder { get; } = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"gpu-{number}"));

    /// <summary>Its engine's process as the gateway last heard of it.</summary>
    public int? Engine { get; set; }

    public void Start()
    {
        Directory.CreateDirectory(Path.Combine(Folder, "hub"));
        Clear();
        var kmsg = Path.Combine(Folder, SimulatedNode.KernelLog);
        if (!File.Exists(kmsg))
            LiveProcess.RunOnce("mkfifo", kmsg);
        _agent = LiveProcess.Start(Path.Combine(AppContext.BaseDirectory, "Comox.Benchmarks"), ["simulated-node", Folder, "--urls", Address.ToString()], new()
        {
            ["COMOX_HOME"] = Path.Combine(Folder, "home"),
            ["Comox__ServiceKey"] = LiveProcess.Key,
            ["Comox__NodeAgent__Name"] = Name,
            ["Comox__NodeAgent__Offline"] = "true",
            ["Comox__NodeAgent__EnginePath"] = Path.Combine(AppContext.BaseDirectory, "Comox.FakeBackend"),
            ["Comox__NodeAgent__Slots"] = "16",
            ["HF_HUB_CACHE"] = Path.Combine(Folder, "hub"),
            [EngineFault.Folder] = Folder,
        });
    }

    public void Kill() => _agent!.Kill(entireProcessTree: true);

    /// <summary>The agent and the engine.</summary>
    public void Freeze() => Signal("STOP");

    public void Thaw() => Signal("CONT");

    public void KillEngine() => LiveProcess.RunOnce("kill", "-KILL", Id(Engine!.Value));

    public void FreezeEngine() => LiveProcess.RunOnce("kill", "-STOP", Id(Engine!.Value));

    public void Inflict(EngineFault fault) => fault.Inflict(Folder, Engine!.Value);

    public void Touch(string file) => File.WriteAllText(Path.Combine(Folder, file), "");

    /// <summary>The driver writes an error into the kernel's log, as it would of a card that is gone.</summary>
    public void ReportXid(int code)
    {
        using var log = new FileStream(Path.Combine(Folder, SimulatedNode.KernelLog), FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        var micros = (long)(TimeProvider.System.GetElapsedTime(0).TotalSeconds * 1e6) + 1_000_000;
        log.Write(System.Text.Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"3,1,{micros},-;NVRM: Xid (PCI:0000:0{PciBus}:00): {code}, GPU has fallen off the bus.\n")));
    }

    public void Clear()
    {
        foreach (var file in (string[])[SimulatedNode.Throttle, SimulatedNode.Hole, EngineFault.FileName])
            File.Delete(Path.Combine(Folder, file));
    }

    /// <summary>The engine's process in what the node says of itself.</summary>
    public static int? EngineOf(NodeStatus? status) => status?.Engines.Count > 0 ? status.Engines[0].ProcessId : null;

    public void Dispose()
    {
        if (_agent is null)
            return;
        try
        {
            Thaw();
            _agent.Kill(entireProcessTree: true);
            _agent.WaitForExit();
        }
        catch (InvalidOperationException)
        {
            // It has ended.
        }

        _agent.Dispose();
    }

    private void Signal(string name)
    {
        LiveProcess.RunOnce("kill", $"-{name}", Id(_agent!.Id));
        if (Engine is { } engine)
            LiveProcess.RunOnce("kill", $"-{name}", Id(engine));
    }

    private static string Id(int process) => process.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Processes of the benchmark.</summary>
internal static class LiveProcess
{
    public const string Key = "service-key-of-the-benchmark";
    public const string AdminKey = "admin-key-of-the-benchmark";

    public static Process Start(string program, IEnumerable<string> arguments, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        // Dozens of runtimes on few cores: none of them is to collect in the background, or keep a heap for each core.
        (start.Environment["DOTNET_gcConcurrent"], start.Environment["DOTNET_gcServer"], start.Environment["DOTNET_TieredPGO"]) = ("0", "0", "0");
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Note(program, line.Data);
        process.ErrorDataReceived += (_, line) => Note(program, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    public static void RunOnce(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.WaitForExit();
    }

    private static void Note(string program, string? line)
    {
        if (line is not null && Environment.GetEnvironmentVariable("FLEET_LOG") is { } log)
        {
            lock (Key)
                File.AppendAllText(log, $"{TimeProvider.System.GetUtcNow():HH:mm:ss.fff} {Path.GetFileName(program)} {line}\n");
        }
    }
}
