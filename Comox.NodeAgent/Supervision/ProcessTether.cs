using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;

namespace Comox.NodeAgent.Supervision;

/// <summary>
/// Starts processes that cannot outlive this one, however it ends.
/// <para>
/// Linux: <c>setpriv --pdeathsig KILL</c> (util-linux) has the kernel kill the child when the <em>thread</em> that started it ends. So all are started
/// by one thread that lives as long as this object; a pool thread would retire after a while and take the engine with it. <c>setsid</c> keeps the
/// terminal's Ctrl-C from the engine: it is to end after the streams, not before them.
/// </para>
/// <para>Elsewhere: a shell holds the read end of a pipe from us. When we are gone it reads the end of file and kills the child.</para>
/// </summary>
internal sealed class ProcessTether : IDisposable
{
    private const string Watchdog =
        """
        exec 3<&0
        asked= engine=
        trap 'asked=1; [ "$engine" ] && kill -TERM $engine' TERM
        "$@" < /dev/null 3<&- &
        engine=$!
        [ "$asked" ] && kill -TERM $engine
        ( read -r _ <&3; kill -KILL $engine ) 2> /dev/null &
        watchdog=$!
        exec 3<&-
        wait $engine; code=$?
        while [ "$asked" ]; do asked=; wait $engine; code=$?; done
        kill -KILL $watchdog 2> /dev/null
        exit $code
        """;

    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _parent;
    private readonly string? _setpriv = FindSetpriv();
    private readonly string? _setsid = OnPath("setsid");

    public ProcessTether()
    {
        _parent = new Thread(Run) { IsBackground = true, Name = "engine parent" };
        _parent.Start();
    }

    /// <summary>How the child is bound to us, for tests and the log.</summary>
    public string Kind => _setpriv is not null ? "pdeathsig" : OperatingSystem.IsWindows() ? "none" : "watchdog";

    /// <summary>Throws <see cref="Win32Exception"/> when the program cannot be started.</summary>
    public Task<Process> StartAsync(ProcessStartInfo start, CancellationToken cancellation) => StartAsync(start, Kind, cancellation);

    internal Task<Process> StartAsync(ProcessStartInfo start, string kind, CancellationToken cancellation)
    {
        var bound = Bind(start, kind);
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(
            () =>
            {
                try
                {
                    started.SetResult(Process.Start(bound)!);
                }
                catch (Exception problem)
                {
                    started.SetException(problem);
                }
            },
            cancellation);
        return started.Task;
    }

    /// <summary>Ends the thread, and with it whatever it started.</summary>
    public void Dispose()
    {
        _work.CompleteAdding();
        _parent.Join();
        _work.Dispose();
    }

    private void Run()
    {
        foreach (var action in _work.GetConsumingEnumerable())
            action();
    }

    private ProcessStartInfo Bind(ProcessStartInfo start, string kind)
    {
        List<string> command = [start.FileName, .. start.ArgumentList];
        switch (kind)
        {
            case "pdeathsig":
                if (_setsid is not null)
                    command.Insert(0, _setsid);
                command.InsertRange(0, [_setpriv!, "--pdeathsig", "KILL", "--"]);
                break;
            case "watchdog":
                command.InsertRange(0, ["/bin/sh", "-c", Watchdog, "comox-watchdog"]);
                start.RedirectStandardInput = true;
                break;
        }

        start.FileName = command[0];
        start.ArgumentList.Clear();
        foreach (var argument in command.Skip(1))
            start.ArgumentList.Add(argument);
        return start;
    }

    // Busybox has a setpriv too, which does not know the option; trying is the only way to tell.
    private static string? FindSetpriv()
    {
        if (!OperatingSystem.IsLinux() || OnPath("setpriv") is not { } setpriv)
            return null;
        try
        {
            using var trial = Process.Start(new ProcessStartInfo(setpriv, ["--pdeathsig", "KILL", "--", "true"]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            return trial.WaitForExit(TimeSpan.FromSeconds(5)) && trial.ExitCode == 0 ? setpriv : null;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    private static string? OnPath(string name) =>
        OperatingSystem.IsWindows()
            ? null
            : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries).Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
}
