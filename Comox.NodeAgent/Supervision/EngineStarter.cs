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

        var start = new ProcessStartInfo(plan.Program, plan.Arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = home.Path };
        foreach (var variable in start.Environment.Keys.Where(LaunchPlan.IsWithheld).ToList())
            start.Environment.Remove(variable);
        start.Environment[LeftoverEngines.Mark] = keyFile;
        foreach (var (variable, value) in plan.Environment)
            start.Environment[variable] = value;
        if (plan.KeyVariable is { } keyVariable)
            start.Environment[keyVariable] = key;
        try
        {
            var process = new EngineProcess(await tether.StartAsync(start, cancellation), line);
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
    public void Ended(string engine)
    {
        leftovers.EndWorkers(engine);
        leftovers.Forget(engine);
    }
}

/// <summary>
/// Engines that an agent before this one may have left behind, where the tether does not hold, and the workers of engines that died before them: they would
/// keep the card's memory. Each start notes the process id; the next one ends that process if it is still an engine of this data folder, which its command line
/// or a variable tells by the path of the key file. Workers inherit the variable.
/// </summary>
internal sealed class LeftoverEngines(ComoxHome home, TimeProvider time, ILogger<LeftoverEngines> log)
{
    private const int MostRounds = 20;

    /// <summary>The variable that marks an engine and its workers.</summary>
    public const string Mark = "COMOX_ENGINE";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
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

        EndWorkers(engine);
        Forget(engine);
    }

    /// <summary>Ends what still runs of an engine whose own process has ended.</summary>
    public void EndWorkers(string engine)
    {
        if (!OperatingSystem.IsLinux())
            return;
        var mark = $"{Mark}={KeyFile(engine)}";
        // Again, because one that is still there when another is ended may have started a third.
        for (var round = 0; round < MostRounds && EndMarked(mark); round++)
        {
        }
    }

    private bool EndMarked(string mark)
    {
        var found = false;
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id) || !Words(id, "environ").Contains(mark))
                continue;
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

    private string NoteFile(string engine) => Path.Combine(_folder, $"{engine}.pid");

    // The id alone proves nothing: by now it may belong to anyone.
    private bool IsOurs(string engine, int id) => Words(id, "cmdline").Contains(KeyFile(engine)) || Words(id, "environ").Contains($"{Mark}={KeyFile(engine)}");

    private static string[] Words(int id, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{id.ToString(CultureInfo.InvariantCulture)}/{file}").Split('\0');
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
