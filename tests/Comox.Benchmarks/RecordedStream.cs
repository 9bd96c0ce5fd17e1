using System.Text;

namespace Comox.Benchmarks;

/// <summary>A recorded answer of llama-server, its token events repeated until there are as many events as asked for.</summary>
internal static class RecordedStream
{
    public static IReadOnlyList<byte[]> Events(int count)
    {
        var recorded = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Captures", "chat-stream-usage.http"), Encoding.UTF8);
        var events = recorded.ReplaceLineEndings("\n").Split('\n').Where(line => line.StartsWith("data: {", StringComparison.Ordinal))
            .Select(line => Encoding.UTF8.GetBytes(line + "\n\n")).ToArray();

        // The first names the role and the last two the end and the usage; what lies between is what a long answer consists of.
        var (first, tokens, last) = (events[0], events[1..^2], events[^2..]);
        return [first, .. Enumerable.Range(0, count - 3).Select(at => tokens[at % tokens.Length]), .. last];
    }
}

/// <summary>Gives one piece at each read, as an engine writes one token at a time, and starts over when told to.</summary>
internal sealed class ReplayedStream(IReadOnlyList<byte[]> pieces) : Stream
{
    private int _next;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public void Rewind() => _next = 0;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty || _next == pieces.Count)
            return ValueTask.FromResult(0);
        var piece = pieces[_next++];
        piece.CopyTo(buffer);
        return ValueTask.FromResult(piece.Length);
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override void Flush() => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
