using Comox.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.Engines.Provisioning;

/// <summary>One way to get a llama-server onto this machine.</summary>
internal interface IEngineInstaller
{
    /// <summary>False where it need not be tried; the settings decide, not the network.</summary>
    bool IsAllowed { get; }

    /// <summary>Installs below <paramref name="engines"/>, in a folder that an <see cref="InstalledEngines"/> finds later.</summary>
    /// <returns>The program's path.</returns>
    Task<Outcome<string>> InstallAsync(string engines, ProgressReport report, CancellationToken cancellation);
}

/// <summary>
/// Finds llama-server, else installs it.
/// <code>
/// (1) the one the settings name; when it does not run that is an error, never a silent other one
/// (2) PATH
/// (3) our own cache
/// (4) an install, by the first way that works: upstream's release, then Debian's packages
/// </code>
/// </summary>
internal sealed class EngineProvisioner(
    ComoxHome home, EngineProbe probe, IEnumerable<IEngineInstaller> installers, IOptions<NodeAgentOptions> options, TimeProvider time, ILogger<EngineProvisioner> log)
    : IDisposable
{
    // Several engines may ask at once; the second finds what the first has installed.
    private readonly SemaphoreSlim _oneAtATime = new(1, 1);

    public async Task<Outcome<EngineProgram>> ProvideAsync(ProgressReport report, CancellationToken cancellation)
    {
        report("Looking for llama-server", null);
        await _oneAtATime.WaitAsync(cancellation);
        try
        {
            return await FindAsync(cancellation) ?? await InstallAsync(home.Folder("engines"), report, cancellation); // (4)
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    public void Dispose() => _oneAtATime.Dispose();

    /// <summary>Steps (1) to (3).</summary>
    /// <returns>Null where there is none yet.</returns>
    public async Task<Outcome<EngineProgram>?> FindAsync(CancellationToken cancellation)
    {
        if (options.Value.EnginePath is { Length: > 0 } configured) // (1)
        {
            var named = await probe.TryAsync(Path.GetFullPath(configured), cancellation);
            return named.IsSuccess
                ? named
                : Outcome<EngineProgram>.Failed($"{named.Problem}. Correct {NodeAgentOptions.Section}:EnginePath, or remove it to let Comox find or install one.");
        }

        if (OnPath() is { } onPath) // (2)
        {
            var found = await probe.TryAsync(onPath, cancellation);
            if (found.IsSuccess)
                return found;
            log.EngineOnPathUnusable(found.Problem);
        }

        foreach (var installed in InstalledEngines.NewestFirst(home.Folder("engines"))) // (3)
        {
            var (found, isDefinite) = await probe.ProbeAsync(installed.Program, cancellation);
            if (found.IsSuccess)
                return found;
            if (isDefinite)
                installed.Forget();
            log.InstalledEngineUnusable(found.Problem);
        }

        return null;
    }

    private async Task<Outcome<EngineProgram>> InstallAsync(string engines, ProgressReport report, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(options.Value.ProvisionTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        var problems = new List<string>();
        foreach (var installer in installers.Where(installer => installer.IsAllowed))
        {
            try
            {
                var installed = await installer.InstallAsync(engines, report, both.Token);
                var program = installed.IsSuccess ? await probe.TryAsync(installed.Value, both.Token) : Outcome<EngineProgram>.Failed(installed.Problem);
                if (program.IsSuccess)
                {
                    log.EngineInstalled(program.Value.Path, program.Value.Version);
                    return program;
                }

                problems.Add(program.Problem);
                log.InstallFailed(program.Problem);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                problems.Add($"The install took longer than {NodeAgentOptions.Section}:ProvisionTimeout ({options.Value.ProvisionTimeout}).");
                break;
            }
        }

        return Outcome<EngineProgram>.Failed(
            $"No llama-server was found and none could be installed. {string.Join(' ', problems)} " +
            $"Install llama.cpp (github.com/ggml-org/llama.cpp) so that llama-server is on PATH, or name it in {NodeAgentOptions.Section}:EnginePath.");
    }

    private static string? OnPath()
    {
        var file = OperatingSystem.IsWindows() ? "llama-server.exe" : "llama-server";
        return (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.GetFullPath(Path.Combine(folder, file)))
            .FirstOrDefault(File.Exists);
    }
}

/// <summary>
/// The folders <c>engines/llama.cpp-*</c>. One is whole when it has the file <c>.complete</c>, written last, whose one line is the program's path in it.
/// </summary>
internal sealed record InstalledEngines(string Program, string Marker)
{
    public const string MarkerName = ".complete";

    public static IReadOnlyList<InstalledEngines> NewestFirst(string engines) =>
        [.. Directory.EnumerateDirectories(engines, "llama.cpp-*")
            .Select(folder => Path.Combine(folder, MarkerName))
            .Where(File.Exists)
            .OrderByDescending(File.GetLastWriteTimeUtc)
            .Select(marker => new InstalledEngines(Path.Combine(Path.GetDirectoryName(marker)!, File.ReadAllText(marker).Trim()), marker))];

    /// <summary>The next install replaces it; moved folders end so, because the loader's path is written into the program.</summary>
    public void Forget() => File.Delete(Marker);
}
