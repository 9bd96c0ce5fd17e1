namespace Comox.Gateway.Forwarding;

/// <summary>What one event of an answer is.</summary>
internal enum EventKind
{
    /// <summary>A role, usage, progress: it goes to the client and is no token.</summary>
    Plain,

    Token,

    /// <summary>With it every choice has its finish reason.</summary>
    Finishing,

    /// <summary>Usage that the client did not ask for.</summary>
    Hidden,

    /// <summary>The engine gives up.</summary>
    Error,

    /// <summary>It is no JSON object.</summary>
    Garbage,
}

/// <summary>
/// How far an answer has come: reads each event once, whoever carries it, and keeps the account in <see cref="ReplyFacts"/>. It outlives an attempt, because a
/// continuation goes on where the attempt before broke off.
/// </summary>
internal sealed class ReplyProgress(ReplyFacts facts, int choices, TimeProvider time) : IDisposable
{
    private readonly KnownShape _shape = new();
    private int _finished;

    /// <summary>Takes what choice 0 says; null where nobody keeps it.</summary>
    public ReplyText? Text { get; set; }

    /// <summary>Whether what finishes, the last event or <c>[DONE]</c>, waits until the reply is durable; then only the pump may send it.</summary>
    public bool HoldsFinish { get; set; }

    /// <summary>Whether usage stays with us.</summary>
    public bool HidesUsage { get; set; }

    public bool HasFinished => _finished >= choices;

    public EventKind Take(ReadOnlySpan<byte> data) => Take(data, time.GetTimestamp());

    /// <summary>Errors and garbage leave no trace here.</summary>
    public EventKind Take(ReadOnlySpan<byte> data, long now)
    {
        if (_shape.Matches(data, out var words))
        {
            Text?.Append(words);
            facts.AddToken();
            facts.TokenAt(now);
            return EventKind.Token;
        }

        var said = Text?.Length ?? 0;
        var chunk = ChunkScan.Read(data, Text, identity: !facts.IsIdentified);
        if (!chunk.IsValid || chunk.IsError)
        {
            Text?.CutBack(said);
            return chunk.IsValid ? EventKind.Error : EventKind.Garbage;
        }

        facts.Add(chunk);
        _finished += chunk.Finished;
        if (!chunk.HasToken)
            return HidesUsage && chunk.IsUsageOnly ? EventKind.Hidden : EventKind.Plain;
        facts.TokenAt(now);
        if (chunk.IsPlainText)
            _shape.Learn(data, chunk.Content);
        return chunk.Finished > 0 && HasFinished ? EventKind.Finishing : EventKind.Token;
    }

    /// <summary>An answer that came whole: nobody has seen when its first token was there, so nothing is told of moments.</summary>
    public void TakeWhole(ReadOnlySpan<byte> body)
    {
        var chunk = ChunkScan.Read(body, Text, identity: !facts.IsIdentified);
        facts.Add(chunk);
        _finished += chunk.Finished;
    }

    public void Dispose()
    {
        _shape.Dispose();
        Text?.Dispose();
    }
}
