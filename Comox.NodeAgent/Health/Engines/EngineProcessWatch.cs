using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Comox.NodeAgent.Health.Engines;

/// <param name="IsStopped">It is held by a signal or a debugger, and does nothing.</param>
/// <param name="Cpu">Processor time it has had.</param>
internal readonly record struct ProcessFigures(bool IsStopped, TimeSpan Cpu);

/// <summary>What the kernel says of an engine's process: <c>/proc/N/stat</c>, opened once, because it is read four times a second.</summary>
internal sealed class EngineProcessWatch : IDisposable
{
    // The kernel's own unit for these figures, whatever its real tick is.
    private const int TicksPerSecond = 100;
    private readonly byte[] _buffer = new byte[1024];
    private SafeFileHandle? _file;
    private int? _process;

    /// <returns>Null where nothing tells: another system than Linux, or it has ended.</returns>
    public ProcessFigures? Read(int? process)
    {
        try
        {
            if (process != _process)
            {
                _file?.Dispose();
                (_file, _process) = (null, process);
                if (process is { } id && OperatingSystem.IsLinux())
                    _file = File.OpenHandle(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/stat"));
            }

            return _file is null ? null : Parse(_buffer.AsSpan(0, RandomAccess.Read(_file, _buffer, 0)));
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <code>9006 (llama-server) R 8999 8999 7377 0 -1 4194304 14805 0 29 0 66 9 …   ← state; 11 fields on: user and system time, in ticks</code>
    internal static ProcessFigures? Parse(ReadOnlySpan<byte> stat)
    {
        // The name may have spaces and brackets of its own.
        var fields = Encoding.ASCII.GetString(stat[(stat.LastIndexOf((byte)')') + 1)..]).Split(' ', 15, StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length < 14 || !long.TryParse(fields[11], CultureInfo.InvariantCulture, out var user) || !long.TryParse(fields[12], CultureInfo.InvariantCulture, out var system))
            return null;
        return new ProcessFigures(fields[0] is "T" or "t", TimeSpan.FromSeconds((double)(user + system) / TicksPerSecond));
    }

    public void Dispose() => _file?.Dispose();
}
