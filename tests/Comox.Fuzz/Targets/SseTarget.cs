using System.Text;
using System.Text.Json;
using Comox.Gateway.Forwarding;

namespace Comox.Fuzz.Targets;

/// <summary>The engine's stream: <see cref="SseReader"/> cuts it into events, <see cref="ChunkScan"/> reads each.</summary>
internal sealed class SseTarget : IFuzzTarget
{
    private const int Limit = 4096;
    private const int FirstBuffer = 4096;

    private static readonly string[] Events =
    [
        """data: {"choices":[{"finish_reason":null,"index":0,"delta":{"role":"assistant","content":null}}],"created":1,"id":"chatcmpl-1","model":"m","object":"chat.completion.chunk"}""",
        """data: {"choices":[{"finish_reason":null,"index":0,"delta":{"content":" sea"}}],"created":1,"id":"chatcmpl-1","model":"m"}""",
        """data: {"choices":[{"finish_reason":"length","index":1,"delta":{}}]}""",
        """data: {"choices":[],"usage":{"completion_tokens":20,"prompt_tokens":31,"total_tokens":51},"timings":{"prompt_ms":1.5}}""",
        """data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{\"a\":"}}]}}]}""",
        """data: {"error":{"code":500,"message":"out of memory"}}""",
        "data: [DONE]", ": ping", "event: x\nid: 7", "data: {\"choices\":\ndata: []}", "data", "data:", "retry: 10",
    ];

    private static readonly string[] Tokens =
        ["\n", "\r", "\r\n", "\n\n", "\r\r", "data: ", "data\n", "data:x\n", "\"choices\":", "\"delta\":{", "\"content\":\"\\ud83d\"", "\\ud83d", "\\u0000", "\"index\":1e99,", "\"finish_reason\":3", "null", "[[[[", "}", "\uFEFF"];

    public string Name => "sse";

    public string Promise => "the same events for any split, no exception, memory within the limit";

    public byte[] Make(Random random)
    {
        var stream = new StringBuilder();
        for (var left = random.Next(12); left > 0; left--)
        {
            // Now and then an event near or above the limit, in one line or in many.
            if (random.Next(40) == 0)
                stream.Append("data: ").Append('x', random.Next(3 * Limit));
            else if (random.Next(40) == 0)
                stream.Insert(stream.Length, "data:\n", random.Next(Limit / 4));
            else
                stream.Append(random.Pick(Events));
            stream.Append(random.Pick(["\n\n", "\n\n", "\r\n\r\n", "\r\r", "\n", ""]));
        }

        var bytes = Encoding.UTF8.GetBytes(stream.ToString());
        return random.Next(2) == 0 ? bytes : Mutations.Of(bytes, Tokens, random);
    }

    public Verdict Check(byte[] input, Random random)
    {
        var whole = Read(input, () => int.MaxValue);
        var split = Read(input, () => 1 + random.Next(1 + random.Next(200)));
        var single = input.Length <= 2 * Limit ? Read(input, () => 1) : split;

        foreach (var other in (Reading[])[split, single])
        {
            // Where an event is above the limit, how much is buffered at that moment decides whether it just passes.
            var common = whole.TooLarge || other.TooLarge ? Math.Min(whole.Events.Count, other.Events.Count) : whole.Events.Count;
            if (!whole.Events.Take(common).SequenceEqual(other.Events.Take(common)) || (common == whole.Events.Count && common != other.Events.Count && !other.TooLarge && !whole.TooLarge))
                return Verdict.Broken($"another split gave other events: {whole.Events.Count} and {other.Events.Count}.");
        }

        if (!input.AsSpan().StartsWith(Encoding.Latin1.GetBytes(string.Concat(whole.Events.Select(item => item.Raw)))))
            return Verdict.Broken("the events are not the bytes of the stream.");
        if (new[] { whole, split, single }.Max(reading => reading.LargestBuffer) is var largest && largest > Math.Max(FirstBuffer, 4 * Limit))
            return Verdict.Broken($"a buffer of {largest} bytes, where an event may have {Limit}.");
        if (whole.Allocated > (64 * 1024) + (16L * input.Length))
            return Verdict.Broken($"{whole.Allocated} bytes were allocated for {input.Length}.");

        return Verdict.Kept(Understand(whole.Events) ?? (whole.TooLarge ? "too large" : "no chunk"));
    }

    /// <summary>As the pump does: what is garbage or an error ends the stream, the rest goes to the client, folded into one object where it asked for one.</summary>
    private static string? Understand(IReadOnlyList<(string Raw, string Data)> events)
    {
        var (reply, fold, outcome) = (new ReplyText(), new CompletionFold(), default(string));
        foreach (var data in events.Select(item => Encoding.Latin1.GetBytes(item.Data)).Where(data => data.Length > 0 && !data.AsSpan().SequenceEqual("[DONE]"u8)))
        {
            var chunk = ChunkScan.Read(data, reply);
            if (!chunk.IsValid || chunk.IsError)
                return chunk.IsValid ? "an error" : "garbage";
            fold.Add(data);
            outcome = chunk.HasToken || outcome == "tokens" ? "tokens" : "chunks";
        }

        using var folded = JsonDocument.Parse(fold.ToUtf8Json());
        return outcome;
    }

    private static Reading Read(byte[] input, Func<int> next)
    {
        var events = new List<(string Raw, string Data)>();
        var source = new SplitStream(input, next);
        using var reader = new SseReader(source, Limit);
        var allocated = 0L;
        while (true)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var fill = reader.FillAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();
            if (fill != SseFill.More)
                return new Reading(events, fill == SseFill.TooLarge, source.LargestBuffer, allocated);
            while (reader.TryRead(out var sse))
            {
                allocated += GC.GetAllocatedBytesForCurrentThread() - before;
                events.Add((Encoding.Latin1.GetString(sse.Raw.Span), Encoding.Latin1.GetString(sse.Data.Span)));
                before = GC.GetAllocatedBytesForCurrentThread();
            }

            allocated += GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    private sealed record Reading(IReadOnlyList<(string Raw, string Data)> Events, bool TooLarge, int LargestBuffer, long Allocated);

    private sealed class SplitStream(byte[] bytes, Func<int> next) : MemoryStream(bytes)
    {
        public int LargestBuffer { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            LargestBuffer = Math.Max(LargestBuffer, buffer.Length);
            return ValueTask.FromResult(Read(buffer.Span[..Math.Min(buffer.Length, next())]));
        }
    }
}
