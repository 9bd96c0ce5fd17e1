using Comox.Gateway.Forwarding.Sockets;

namespace Comox.Gateway.Forwarding;

/// <summary>The answer as one object, for clients that did not ask for a stream.</summary>
/// <param name="exchange">Whose answer it is.</param>
/// <param name="mostBytes">Of the events it is made of; beyond it <see cref="AnswerTooLargeException"/> is thrown.</param>
internal sealed class FoldingSink(Exchange exchange, long mostBytes) : IReplySink
{
    private readonly CompletionFold _fold = new();
    private long _bytes;

    public ClientConnection? RelayTarget => null;

    public ValueTask WriteAsync(SseEvent sse)
    {
        if (sse.IsDone)
            return ValueTask.CompletedTask;
        if ((_bytes += sse.Data.Length) > mostBytes)
            throw new AnswerTooLargeException();
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

/// <summary>A backend goes on and on.</summary>
internal sealed class AnswerTooLargeException() : IOException("The answer is larger than MaxAnswerBytes.");
