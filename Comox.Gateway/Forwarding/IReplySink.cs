using Comox.Gateway.Forwarding.Sockets;

namespace Comox.Gateway.Forwarding;

/// <summary>Where an answer goes: to the client event by event, or into one object.</summary>
internal interface IReplySink : IAsyncDisposable
{
    /// <summary>The connection to which a socket loop may write the rest by itself; null where only the sink can.</summary>
    ClientConnection? RelayTarget { get; }

    /// <summary>Takes one event of the answer. The first one commits a streaming client.</summary>
    ValueTask WriteAsync(SseEvent sse);

    /// <summary>Everything written so far leaves. Called whenever the engine has to be waited for.</summary>
    ValueTask FlushAsync();

    /// <summary>The answer is whole and durable: what tells the client so.</summary>
    ValueTask CompleteAsync();
}
