using System.Text;
using Comox.Gateway.Forwarding;
using FsCheck;
using FsCheck.Fluent;

namespace Comox.Gateway.Tests;

public sealed class SseReaderTests
{
    private static readonly string[] Pieces =
        ["data: {\"a\":1}", "data:x", "data", "data: ", ": ping", ":", "event: status", "id: 7", "x", "data: Grüß 👋", "dataset: no", "\n", "\r", "\r\n", "\n\n", "\r\n\r\n", "\r\r"];

    [Theory]
    [InlineData("data: a\n\ndata: b\n\n", "a|b")]
    [InlineData("data:a\r\n\r\ndata: b\r\n\r\n", "a|b")]
    [InlineData("data: a\r\rdata: b\r\r", "a|b")]
    [InlineData("data: a\ndata: b\n\n", "a\nb")]
    [InlineData("event: x\nid: 1\ndata: a\n\n", "a")]
    [InlineData(": ping\n\n:\n\ndata: a\n\n", "||a")]
    [InlineData("data:  two spaces\n\n", " two spaces")]
    [InlineData("data: a\n\ndata: cut", "a")]
    [InlineData("", null)]
    public async Task An_event_ends_at_an_empty_line(string stream, string? expected)
    {
        var events = await ReadAsync(Encoding.UTF8.GetBytes(stream), chunk: 1024);
        Assert.Equal(expected?.Split('|') ?? [], events.Select(item => item.Data));
    }

    [Fact]
    public void The_same_bytes_are_the_same_events_however_they_are_split()
    {
        var streams = Gen.Elements(Pieces).ListOf().Select(string.Concat);
        Prop.ForAll(streams.ToArbitrary(), Gen.Choose(1, 40).ToArbitrary(), (stream, chunk) =>
        {
            var bytes = Encoding.UTF8.GetBytes(stream);
            var whole = ReadAsync(bytes, bytes.Length + 1).GetAwaiter().GetResult();
            return whole.SequenceEqual(ReadAsync(bytes, chunk).GetAwaiter().GetResult())
                && whole.SequenceEqual(ReadAsync(bytes, 1).GetAwaiter().GetResult())
                && stream.StartsWith(string.Concat(whole.Select(item => item.Raw)), StringComparison.Ordinal);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500).WithQuietOnSuccess(true));
    }

    [Fact]
    public async Task An_event_may_be_as_large_as_the_limit_and_no_larger()
    {
        var large = $"data: {new string('x', 40_000)}\n\n";
        Assert.Equal(40_000, (await ReadAsync(Encoding.UTF8.GetBytes(large), 777, limit: 50_000)).Single().Data.Length);

        using var reader = new SseReader(new ChunkedStream(Encoding.UTF8.GetBytes(large), 777), 20_000);
        SseFill fill;
        do
            fill = await reader.FillAsync(CancellationToken.None);
        while (fill == SseFill.More && !reader.TryRead(out _));
        Assert.Equal(SseFill.TooLarge, fill);
    }

    [Fact]
    public async Task An_event_of_many_lines_costs_memory_in_proportion_to_its_length()
    {
        var bytes = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("data:x\n", 20_000)) + "\n");
        using var reader = new SseReader(new MemoryStream(bytes), 1 << 20);
        var before = GC.GetAllocatedBytesForCurrentThread();
        SseEvent sse;
        while (!reader.TryRead(out sse))
            Assert.Equal(SseFill.More, await reader.FillAsync(CancellationToken.None));

        // Nothing above waits, so it is all on this thread.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16L * bytes.Length);
        Assert.Equal(39_999, sse.Data.Length);
    }

    private static async Task<List<(string Raw, string Data)>> ReadAsync(byte[] bytes, int chunk, int limit = 1 << 20)
    {
        var events = new List<(string, string)>();
        using var reader = new SseReader(new ChunkedStream(bytes, chunk), limit);
        while (await reader.FillAsync(CancellationToken.None) == SseFill.More)
        {
            while (reader.TryRead(out var sse))
                events.Add((Encoding.UTF8.GetString(sse.Raw.Span), Encoding.UTF8.GetString(sse.Data.Span)));
        }

        return events;
    }

    /// <summary>Gives at most so many bytes at once.</summary>
    private sealed class ChunkedStream(byte[] bytes, int chunk) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer.Length > chunk ? buffer[..chunk] : buffer, cancellationToken);
    }
}
