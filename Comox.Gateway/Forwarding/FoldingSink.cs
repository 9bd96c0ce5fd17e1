using Comox.Gateway.Forwarding.Sockets;

namespace Comox.Gateway.Forwarding;

/// <summary>The answer as one object, for clients that did not ask for a stream.</summary>
internal sealed class FoldingSink(Exchange exchange) : IReplySink
{
    private readonly CompletionFold _fold = new();

    public ClientConnection? RelayTarget => null;

    public ValueTask WriteAsync(SseEvent sse)
    {
        if (!sse.IsDone)
            _fold.Add(sse.Data);
        return ValueTask.CompletedTask;
    }

    public ValueTask FlushAsync() => ValueTask.CompletedTask;

    public async ValueTask CompleteAsync()
    {
        await WholeAnswer.WriteAsync(exchange, _fold.ToUtf8Json());
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
