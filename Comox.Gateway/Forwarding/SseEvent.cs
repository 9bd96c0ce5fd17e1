namespace Comox.Gateway.Forwarding;

/// <summary>One server-sent event. Valid until the reader is asked for the next one.</summary>
/// <param name="Raw">All its bytes, the blank line included.</param>
/// <param name="Data">The value of its <c>data</c> lines, joined by a line feed; empty for comments and heartbeats.</param>
internal readonly record struct SseEvent(ReadOnlyMemory<byte> Raw, ReadOnlyMemory<byte> Data)
{
    /// <summary>An event that was read before and copied: <c>data: {…}\n\n</c>, however its lines end.</summary>
    public static SseEvent Of(ReadOnlyMemory<byte> raw) => new(raw, SseReader.DataOf(raw));

    /// <summary>How OpenAI's streams end: <c>data: [DONE]</c>.</summary>
    public bool IsDone => Data.Span.SequenceEqual("[DONE]"u8);
}

/// <summary>What came of reading more.</summary>
internal enum SseFill
{
    /// <summary>There are new bytes; there may be new events.</summary>
    More,

    /// <summary>The sender closed the stream in an orderly way.</summary>
    End,

    /// <summary>An event is larger than the limit.</summary>
    TooLarge,
}
