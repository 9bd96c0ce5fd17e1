using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Comox.NodeAgent.Engines;
using Comox.NodeAgent.SavedSlots;
using Comox.ServiceDefaults;

namespace Comox.NodeAgent.Supervision;

/// <summary>A started engine: the process and where it will answer.</summary>
internal sealed record StartedEngine(EngineProcess Process, EngineEndpoint Endpoint);

/// <summary>Turns a program and what it is to serve into a running process, with a fresh key and a free port.</summary>
internal sealed class EngineStarter(ComoxHome home, ProcessTether tether, LeftoverEngines leftovers, ILoopbackPorts ports, SlotSaver slots, TimeProvider time)
{
    public async Task<Outcome<StartedEngine>> StartAsync(EngineHandle engine, EngineRecipe recipe, Action<string> line, CancellationToken cancellation)
    {
        await leftovers.EndAsync(engine.Id, cancellation);

        var key = ServiceAuthentication.NewKey("engine");
        var keyFile = leftovers.KeyFile(engine.Id);
        home.WriteSecret(Path.GetRelativePath(home.Path, keyFile), key);

        if (ports.Free(out var noPort) is not { } port)
            return Outcome<StartedEngine>.Failed($"{recipe.Kind.Program} cannot be given a port on 127.0.0.1: {noPort}. Correct that, then restart the engine.");
        var seat = new EngineSeat(port, keyFile, engine.Place ?? recipe.Places[0], engine.Status.MemoryBytes ?? recipe.Service.MemoryBytes) { SlotFolder = slots.FolderOf(engine.Id) };
        var plan = recipe.Kind.Plan(recipe.Program, recipe.Service, seat);

        var start = LaunchPlan.WithoutSecrets(new ProcessStartInfo(plan.Program, plan.Arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = home.Path });
        start.Environment[LeftoverEngines.Mark] = keyFile;
        foreach (var (variable, value) in plan.Environment)
            start.Environment[variable] = value;
        if (plan.KeyVariable is { } keyVariable)
            start.Environment[keyVariable] = key;
        try
        {
            var process = new EngineProcess(await tether.StartAsync(start, cancellation), line, time);
            try
            {
                leftovers.Note(engine.Id, process.Id);
            }
            catch
            {
                await process.StopAsync(TimeSpan.Zero, time); // Nobody else knows of it yet.
                process.Dispose();
                throw;
            }

            return Outcome<StartedEngine>.Of(new StartedEngine(process, new EngineEndpoint(plan.Port, key)));
        }
        catch (Win32Exception problem)
        {
            return Outcome<StartedEngine>.Failed($"{plan.Program} cannot be started: {problem.Message}");
        }
    }

    /// <summary>Before it answers anybody: what it had read before it was ended.</summary>
    public Task RestoreAsync(EngineHandle engine, EngineRecipe recipe, EngineEndpoint endpoint, CancellationToken cancellation) => slots.RestoreAsync(engine, recipe, endpoint, cancellation);

    /// <summary>Before it is ended in good order.</summary>
    public Task SaveAsync(EngineHandle engine, EngineRecipe recipe, EngineEndpoint endpoint, CancellationToken cancellation) => slots.SaveAsync(engine, recipe, endpoint, cancellation);

    /// <summary>Its process has ended: so do its workers, and what was noted about it is of no use any more.</summary>
    public async Task EndedAsync(string engine)
    {
        await leftovers.EndWorkersAsync(engine);
        leftovers.Forget(engine);
    }
}

/// <summary>
/// Engines that an agent before this one may have left behind, where the tether does not hold, and the workers of engines that died before them: they would
/// keep the card's memory. Each start notes the process id; the next one ends that process if it is still an engine of this data folder, which its command line
/// or a variable tells by the path of the key file. Workers inherit the variable. An agent that begins ends whatever has it, before it measures the cards.
/// </summary>
internal sealed class LeftoverEngines(ComoxHome home, TimeProvider time, ILogger<LeftoverEngines> log)
{
    /// <summary>The variable that marks an engine and its workers.</summary>
    public const string Mark = "COMOX_ENGINE";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    // How long a process may show nothing of itself until it counts as one that has nothing to show.
    private static readonly TimeSpan Doubt = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);
    private readonly string _folder = home.Folder("engines", "run");

    public string KeyFile(string engine) => Path.Combine(_folder, $"{engine}.key");

    public void Note(string engine, int processId) => File.WriteAllText(NoteFile(engine), processId.ToString(CultureInfo.InvariantCulture));

    public void Forget(string engine)
    {
        File.Delete(NoteFile(engine));
        File.Delete(KeyFile(engine));
    }

    public async Task EndAsync(string engine, CancellationToken cancellation)
    {
        if (!File.Exists(NoteFile(engine)) || !int.TryParse(await File.ReadAllTextAsync(NoteFile(engine), cancellation), CultureInfo.InvariantCulture, out var id))
            return;
        if (IsOurs(engine, id))
        {
            try
            {
                using var process = Process.GetProcessById(id);
                process.Kill(entireProcessTree: true);
                await process.WaitForExitAsync(cancellation).WaitAsync(Patience, time, cancellation);
                log.StaleEngineEnded(id);
            }
            catch (Exception gone) when (gone is ArgumentException or InvalidOperationException or TimeoutException)
            {
                // It ended in the meantime, or it cannot be ended; the new engine has a port of its own either way.
            }
        }

        await EndWorkersAsync(engine);
        Forget(engine);
    }

    /// <summary>
    /// Ends what is left of any engine of this data folder, also of one that the settings do not name any more, and returns when it is gone. For an agent that has started none yet.
    /// A process that shows nothing of itself is not waited for: the start of its engine looks again.
    /// </summary>
    public async Task EndAllAsync(CancellationToken cancellation)
    {
        if (!OperatingSystem.IsLinux())
            return;
        var mark = $"{Mark}={_folder}{Path.DirectorySeparatorChar}";
        var begun = time.GetTimestamp();
        // Again, because one that is still there when another is ended may have started a third.
        while (Processes().Where(id => IsMarked(id, variable => variable.StartsWith(mark, StringComparison.Ordinal)) is true).ToList() is { Count: > 0 } left && time.GetElapsedTime(begun) <= Patience)
            await Task.WhenAll(left.Select(id => EndProcessAsync(id, cancellation)));
    }

    /// <summary>Ends what still runs of an engine whose own process has ended, and returns when it is gone; what cannot be ended is waited for as long as an engine.</summary>
    public async Task EndWorkersAsync(string engine)
    {
        if (!OperatingSystem.IsLinux())
            return;
        var mark = $"{Mark}={KeyFile(engine)}";
        var (begun, seen) = (time.GetTimestamp(), time.GetTimestamp());
        // Again, because one that is still there when another is ended may have started a third.
        while (EndMarked(mark) is not false and var left)
        {
            if (left is true)
                seen = time.GetTimestamp();
            if (time.GetElapsedTime(seen) > Doubt || time.GetElapsedTime(begun) > Patience)
                return;
            await Task.Delay(Pause, time);
        }
    }

    /// <returns>Whether the process is one of the engine's with the mark; null: it shows no variables, because it has none or is just becoming another program.</returns>
    internal static bool? IsMarked(int id, string mark) => IsMarked(id, variable => variable == mark);

    private static bool? IsMarked(int id, Predicate<string> isMark) =>
        Words(id, "environ") is { Length: > 0 } variables ? Array.Exists(variables, isMark)
        : new FileInfo(ProcFile(id, "exe")).LinkTarget is null ? false // It has ended, or is the kernel's or another user's.
        : null;

    /// <returns>Whether there were any; null: some may have been overlooked.</returns>
    private bool? EndMarked(string mark)
    {
        bool? found = false;
        foreach (var id in Processes())
        {
            var isMarked = IsMarked(id, mark);
            if (isMarked is not true)
            {
                found = found is false ? isMarked : found;
                continue;
            }

            found = true;
            try
            {
                using var process = Process.GetProcessById(id);
                process.Kill();
                log.StaleEngineEnded(id);
            }
            catch (Exception gone) when (gone is ArgumentException or InvalidOperationException or Win32Exception)
            {
                // It ended in the meantime.
            }
        }

        return found;
    }

    // Its end is waited for: what it holds of a card is given back last, when it has no variables to show any more.
    private async Task EndProcessAsync(int id, CancellationToken cancellation)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            process.Kill();
            log.StaleEngineEnded(id);
            await process.WaitForExitAsync(cancellation).WaitAsync(Patience, time, cancellation);
        }
        catch (Exception gone) when (gone is ArgumentException or InvalidOperationException or Win32Exception or TimeoutException)
        {
            // It ended in the meantime, or it cannot be ended.
        }
    }

    private static IEnumerable<int> Processes() =>
        Directory.EnumerateDirectories("/proc").Select(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id) ? id : (int?)null).OfType<int>();

    private string NoteFile(string engine) => Path.Combine(_folder, $"{engine}.pid");

    // The id alone proves nothing: by now it may belong to anyone.
    private bool IsOurs(string engine, int id) => Words(id, "cmdline").Contains(KeyFile(engine)) || Words(id, "environ").Contains($"{Mark}={KeyFile(engine)}");

    private static string[] Words(int id, string file)
    {
        try
        {
            return File.ReadAllText(ProcFile(id, file)).Split('\0', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static string ProcFile(int id, string file) => $"/proc/{id.ToString(CultureInfo.InvariantCulture)}/{file}";
}
