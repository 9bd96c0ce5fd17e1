using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Comox.NodeAgent.Hardware.Gpus;

/// <summary>An error that NVIDIA's driver wrote into the kernel's log.</summary>
/// <param name="PciId">The card's.</param>
/// <param name="Code">Its XID.</param>
/// <param name="SinceBoot">When.</param>
internal sealed record KernelXid(string PciId, int Code, TimeSpan SinceBoot);

/// <summary>
/// Reads XIDs out of <c>/dev/kmsg</c>:
/// <code>
/// 3,1432,5137820011,-;NVRM: Xid (PCI:0000:01:00): 79, pid='&lt;unknown&gt;', name=&lt;unknown&gt;, GPU has fallen off the bus.
/// </code>
/// The third number is microseconds since boot.
/// </summary>
/// <param name="path">A file of that form; one that ends is read to its end.</param>
internal sealed partial class KernelLog(string path)
{
    // The kernel refuses a read that its longest record does not fit into.
    private const int LongestRecord = 16 * 1024;

    private const int FailuresInARow = 100;

    /// <summary>Tells of XIDs until the file ends; of <c>/dev/kmsg</c> that is never, and it blocks its thread. False: it cannot be read here.</summary>
    public bool Read(Action<KernelXid> tell)
    {
        try
        {
            // No buffer: one read gives one record.
            using var log = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            var (buffer, rest) = (new byte[LongestRecord], "");
            for (var failures = 0; ;)
            {
                int length;
                try
                {
                    length = log.Read(buffer);
                    failures = 0;
                }
                catch (IOException) when (!log.CanSeek && ++failures < FailuresInARow)
                {
                    continue; // EPIPE: records were overwritten before they were read; the next read goes on after them.
                }

                if (length == 0)
                    return true;
                var lines = (rest + Encoding.UTF8.GetString(buffer, 0, length)).Split('\n');
                rest = lines[^1];
                foreach (var xid in lines[..^1].Select(Parse).OfType<KernelXid>())
                    tell(xid);
            }
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return false;
        }
    }

    public static KernelXid? Parse(string line) =>
        Record().Match(line) is { Success: true } match && PciAddress.Parse(match.Groups[2].Value) is { } pci
            ? new KernelXid(pci, int.Parse(match.Groups[3].Value, CultureInfo.InvariantCulture), TimeSpan.FromMicroseconds(long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)))
            : null;

    // Below 8: the kernel's own. What programs write into the log has a higher number, and the kernel sees to it.
    [GeneratedRegex(@"^[0-7],[0-9]+,([0-9]{1,15}),[^;]*;NVRM: Xid \(PCI:([0-9a-fA-F:.]+)\): ([0-9]{1,6})\b")]
    private static partial Regex Record();
}
