using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Comox.NodeAgent.Supervision;

/// <summary>A running engine: its end, its voice, and how to end it.</summary>
internal sealed partial class EngineProcess : IDisposable
{
    private const int SigTerm = 15;
    private readonly Process _process;

    /// <param name="process">Started with output and errors redirected.</param>
    /// <param name="line">Takes each line it writes.</param>
    public EngineProcess(Process process, Action<string> line)
    {
        _process = process;
        Id = process.Id;
        process.OutputDataReceived += (_, received) => Pass(received.Data);
        process.ErrorDataReceived += (_, received) => Pass(received.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        Exited = WaitAsync();

        void Pass(string? text)
        {
            if (text is not null)
                line(text);
        }
    }

    public int Id { get; }

    /// <summary>Ends with the exit code once the process is gone and its last line was passed on.</summary>
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

    private async Task<int> WaitAsync()
    {
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }

    // Process.Kill only knows SIGKILL, after which streams end without a word and nothing is saved.
    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);
}
