using System.Runtime.InteropServices;

namespace Comox.NodeAgent.Swapping;

/// <summary>
/// Reads files for no other reason than that the system then has them in memory. A plain buffered read: <c>posix_fadvise(WILLNEED)</c> reads no more than a device's largest request at a
/// call, and cannot be stopped. One set of files at a time, on a thread of its own, at the disk's lowest priority.
/// </summary>
internal sealed class FileReadAhead(ILogger<FileReadAhead> log) : IDisposable
{
    private const int Piece = 4 << 20;

    private readonly Lock _lock = new();
    private CancellationTokenSource? _reading;

    public void Start(IReadOnlyList<string> files)
    {
        lock (_lock)
        {
            StopIn();
            _reading = new CancellationTokenSource();
            var stopped = _reading.Token;
            new Thread(() => Read(files, stopped)) { IsBackground = true, Name = "read-ahead" }.Start();
        }
    }

    public void Stop()
    {
        lock (_lock)
            StopIn();
    }

    public void Dispose() => Stop();

    private void StopIn()
    {
        _reading?.Cancel();
        _reading?.Dispose();
        _reading = null;
    }

    private void Read(IReadOnlyList<string> files, CancellationToken stopped)
    {
        YieldDisk();
        var piece = new byte[Piece];
        foreach (var path in files)
        {
            try
            {
                using var file = File.OpenHandle(path, options: FileOptions.SequentialScan);
                var (at, read) = (0L, 1);
                while (read > 0 && !stopped.IsCancellationRequested)
                {
                    read = RandomAccess.Read(file, piece, at);
                    at += read;
                }
            }
            catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
            {
                log.ReadAheadFailed(path, unreadable.Message); // Whoever loads it says so to a person.
            }
        }
    }

    // ioprio_set(2), which glibc has no name for: this thread, class idle. Where the disk's scheduler knows no priorities it is without effect.
    private static void YieldDisk()
    {
        if (!OperatingSystem.IsLinux())
            return;
        long? number = RuntimeInformation.ProcessArchitecture switch { Architecture.X64 => 251, Architecture.Arm64 => 30, _ => null };
        if (number is { } call)
            _ = SysCall(call, WhoProcess, 0, ClassIdle << ClassShift);
    }

    private const long WhoProcess = 1;
    private const long ClassIdle = 3;
    private const int ClassShift = 13;

    [DllImport("libc", EntryPoint = "syscall")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern long SysCall(long number, long which, long who, long priority);
}
