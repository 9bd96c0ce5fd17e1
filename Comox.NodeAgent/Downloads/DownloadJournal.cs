using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;

namespace Comox.NodeAgent.Downloads;

/// <summary>
/// What is known of the bytes in a draft, beside the draft, so that another process can go on. Text, one line for a block:
/// <code>
/// comox-download 1 DIGEST SIZE        whose journal it is; another file's is thrown away
/// 0 524288 9f3a11c0 hub 5d20b7e4      offset, length, CRC-32C of the bytes, who sent them, CRC-32C of the line before its last word
/// </code>
/// A line is written after its bytes. Where power fails, a line may be on the disk and its bytes not: so none is believed before the bytes were
/// read again and their check is right. A torn line ends the journal.
/// </summary>
internal sealed class DownloadJournal : IDisposable
{
    private const int MaxBytes = 64 << 20;
    private readonly IDownloadFile _file;
    private readonly Lock _lock = new();
    private long _end;

    private DownloadJournal(IDownloadFile file) => _file = file;

    /// <summary>A block that the journal claims to be there.</summary>
    internal readonly record struct Entry(ByteRange Range, uint Check, string Source);

    public static string PathOf(string draft) => draft + ".journal";

    /// <returns>The journal, ready for more lines, and what it claims.</returns>
    public static async Task<(DownloadJournal Journal, IReadOnlyList<Entry> Claims)> OpenAsync(
        IDownloadDisk disk, string draft, ContentDigest digest, long size, CancellationToken cancellation)
    {
        var journal = new DownloadJournal(disk.Open(PathOf(draft)));
        var head = $"comox-download 1 {digest} {size.ToString(CultureInfo.InvariantCulture)}\n";
        var bytes = new byte[Math.Min(journal._file.Length, MaxBytes)];
        var read = 0;
        while (read < bytes.Length && await journal._file.ReadAsync(read, bytes.AsMemory(read), cancellation) is var more and > 0)
            read += more;
        var text = Encoding.ASCII.GetString(bytes, 0, read);
        if (!text.StartsWith(head, StringComparison.Ordinal))
        {
            journal.Restart(head);
            return (journal, []);
        }

        var claims = new List<Entry>();
        journal._end = head.Length;
        while (text.IndexOf('\n', (int)journal._end) is var end and >= 0 && Parse(text[(int)journal._end..end], size) is { } entry)
        {
            claims.Add(entry);
            journal._end = end + 1;
        }

        journal._file.SetLength(journal._end);
        return (journal, claims);
    }

    /// <summary>Notes bytes that have been written.</summary>
    /// <param name="range">Where they are.</param>
    /// <param name="bytes">They themselves.</param>
    /// <param name="source">Who sent them: no blanks.</param>
    public void Add(ByteRange range, ReadOnlySpan<byte> bytes, string source)
    {
        var line = string.Create(CultureInfo.InvariantCulture, $"{range.From} {range.Length} {Check(bytes):x8} {source}");
        var whole = Encoding.ASCII.GetBytes($"{line} {Check(Encoding.ASCII.GetBytes(line)):x8}\n");
        lock (_lock)
        {
            _file.Write(_end, whole);
            _end += whole.Length;
        }
    }

    public void Flush() => _file.Flush();

    public void Dispose() => _file.Dispose();

    /// <summary>CRC-32C, which processors have an instruction for: enough to tell written from unwritten. Whether the content is right, its digest says.</summary>
    public static uint Check(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var word in MemoryMarshal.Cast<byte, ulong>(bytes))
            crc = BitOperations.Crc32C(crc, word);
        foreach (var one in bytes[(bytes.Length & ~7)..])
            crc = BitOperations.Crc32C(crc, one);
        return ~crc;
    }

    private void Restart(string head)
    {
        _file.SetLength(0);
        var bytes = Encoding.ASCII.GetBytes(head);
        _file.Write(0, bytes);
        _end = bytes.Length;
    }

    private static Entry? Parse(string line, long size)
    {
        var words = line.Split(' ');
        if (words is not [var from, var length, var check, var source, var last]
            || !long.TryParse(from, NumberStyles.None, CultureInfo.InvariantCulture, out var at)
            || !long.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            || !uint.TryParse(check, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var crc)
            || !uint.TryParse(last, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var own)
            || own != Check(Encoding.ASCII.GetBytes(line[..line.LastIndexOf(' ')]))
            || at > size || count > size - at)
            return null;
        return new Entry(new ByteRange(at, at + count), crc, source);
    }
}
