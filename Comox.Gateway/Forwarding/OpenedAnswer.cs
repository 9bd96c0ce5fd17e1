namespace Comox.Gateway.Forwarding;

/// <summary>A backend that has begun to answer: its first token is here, and nothing of it has gone to the client.</summary>
/// <param name="Answer">The connection.</param>
/// <param name="Reader">Stands behind <paramref name="Held"/>.</param>
/// <param name="Timers">Run since the request was sent.</param>
/// <param name="Held">The events up to the first token, copied: a role, perhaps progress, then the token.</param>
/// <param name="Body">The whole answer of a request that is not streamed, where the backend is trusted to notice a client that leaves; else null.</param>
internal sealed record OpenedAnswer(IEngineAnswer Answer, SseReader Reader, StreamTimers Timers, IReadOnlyList<byte[]> Held, byte[]? Body = null) : IAsyncDisposable
{
    public async ValueTask DisposeAsync()
    {
        Reader.Dispose();
        await Answer.DisposeAsync();
        Timers.Dispose();
    }
}

/// <summary>Either of the two.</summary>
internal readonly record struct Opening(OpenedAnswer? Answer, ForwardError? Error);
