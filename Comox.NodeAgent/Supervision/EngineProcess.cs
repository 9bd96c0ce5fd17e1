using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Comox.NodeAgent.Supervision;

/// <summary>A running engine: its end, its voice, and how to end it.</summary>
internal sealed partial class EngineProcess : IDisposable
{
    private const int SigTerm = 15;

    /// <summary>A process that it left behind holds the ends of what it wrote to: for its last words nobody waits longer.</summary>
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(1);

    private readonly Process _process;

    /// <param name="process">Started with output and errors redirected.</param>
    /// <param name="line">Takes each line it writes.</param>
    /// <param name="time">The clock.</param>
    public EngineProcess(Process process, Action<string> line, TimeProvider time)
    {
        _process = process;
        Id = process.Id;
        process.OutputDataReceived += (_, received) => Pass(received.Data);
        process.ErrorDataReceived += (_, received) => Pass(received.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        Exited = WaitAsync(time);

        void Pass(string? text)
        {
            if (text is not null)
                line(text);
        }
    }

    public int Id { get; }

    /// <summary>Ends with the exit code once the process is gone and its last line was passed on, as far as that comes soon.</summary>
    public Task<int> Exited { get; }

    /// <summary>Asks it to stop, waits for <paramref name="grace"/>, and then makes it.</summary>
    public async Task StopAsync(TimeSpan grace, TimeProvider time)
    {
        if (!OperatingSystem.IsWindows() && !_process.HasExited)
            _ = Kill(Id, SigTerm);
        try
        {
            await Exited.WaitAsync(grace, time);
        }
        catch (TimeoutException)
        {
            _process.Kill(entireProcessTree: true);
            await Exited;
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private async Task<int> WaitAsync(TimeProvider time)
    {
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _process.Exited += (_, _) => gone.TrySetResult();
        _process.EnableRaisingEvents = true;
        if (_process.HasExited)
            gone.TrySetResult();
        // This one ends with the pipes, which may be never.
        var silent = _process.WaitForExitAsync();
        await gone.Task;
        await Task.WhenAny(silent, Task.Delay(LastWords, time));
        return _process.ExitCode;
    }

    // Process.Kill only knows SIGKILL, after which streams end without a word and nothing is saved.
    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);
}
