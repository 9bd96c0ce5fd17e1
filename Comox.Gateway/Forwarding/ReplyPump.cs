using Comox.Gateway.Recall;

namespace Comox.Gateway.Forwarding;

/// <summary>
/// Steps 4 to 7 of <see cref="BackendForwarder"/>: engine → client, event by event, watching the clock. One instance per answer.
/// </summary>
internal sealed class ReplyPump(Exchange exchange, SseReader reader, IReplySink sink, StreamTimers timers, ReplyRecorder recorder, TimeProvider time)
{
    private int _finished;
    private bool _anyEvent;

    /// <returns>Null when the client has been told everything (or has left).</returns>
    public async ValueTask<ForwardError?> RunAsync()
    {
        try
        {
            while (true)
            {
                while (reader.TryRead(out var sse))
                {
                    // A comment or an empty event is the engine's heartbeat: no answer, so neither forwarded nor counted as a token.
                    if (sse.Data.IsEmpty)
                        continue;
                    if (sse.IsDone)
                        return await CompleteAsync();
                    if (await TakeAsync(sse) is { IsLast: true } step)
                        return step.Error;
                }

                await FlushAsync();
                switch (await reader.FillAsync(timers.Token))
                {
                    case SseFill.TooLarge:
                        return await BreakAsync("holds an event that does not end");
                    case SseFill.End when HasFinished:
                        return await CompleteAsync();
                    case SseFill.End:
                        return await BreakAsync(_anyEvent ? "broke off before its end" : "was no stream of events");
                }
            }
        }
        catch (OperationCanceledException) when (timers.IsOver)
        {
            return await StopAsync();
        }
        catch (Exception problem) when (problem is IOException or HttpRequestException)
        {
            return HasFinished ? await CompleteAsync() : await BreakAsync("broke off before its end");
        }
    }

    private bool HasFinished => _finished >= exchange.Request.Choices;

    private async ValueTask<Step> TakeAsync(SseEvent sse)
    {
        switch (Scan(sse))
        {
            case EventKind.Garbage:
                return Step.Last(await BreakAsync("holds an event that is no JSON"));
            case EventKind.Error:
                return Step.Last(await PassErrorAsync(sse));
        }

        // :: Step 7, first half: a client may stop at the finish reason, so the reply is durable before it goes out. The words before it need not wait.
        if (HasFinished && recorder.IsPending)
        {
            await FlushAsync();
            if (await recorder.HandOverAsync(exchange.Reply.FinishReason ?? "stop") is { } lost)
                return Step.Last(lost);
        }

        // :: Step 5 (inside the sink, at the first event) and step 6.
        _anyEvent = true;
        await sink.WriteAsync(sse);
        return default;
    }

    private EventKind Scan(SseEvent sse)
    {
        var facts = exchange.Reply;
        var chunk = ChunkScan.Read(sse.Data.Span, recorder.Text, identity: !facts.IsIdentified);
        if (!chunk.IsValid)
            return EventKind.Garbage;
        if (chunk.IsError)
            return EventKind.Error;

        if (!facts.IsIdentified)
            facts.Identify(chunk.Id, chunk.Model);
        facts.FinishReason = chunk.FinishReason ?? facts.FinishReason;
        facts.PromptTokens = chunk.PromptTokens ?? facts.PromptTokens;
        facts.CompletionTokens = chunk.CompletionTokens ?? facts.CompletionTokens;
        facts.CachedTokens = chunk.CachedTokens ?? facts.CachedTokens;
        facts.ReasoningTokens = chunk.ReasoningTokens ?? facts.ReasoningTokens;
        _finished += chunk.Finished;
        if (!chunk.HasToken)
            return EventKind.Answer;

        facts.TokenAt(time.GetTimestamp());
        if (HasFinished)
            timers.Enter(StreamPhase.EndOfStream);
        else if (timers.Phase == StreamPhase.FirstToken)
            timers.Enter(StreamPhase.NextToken);
        else
            timers.Restart();
        return EventKind.Answer;
    }

    private async ValueTask FlushAsync()
    {
        var flush = sink.FlushAsync();
        if (flush.IsCompletedSuccessfully)
            return;
        timers.Pause();
        // A client that does not read would hold up the end of the process.
        using (exchange.Stopped.UnsafeRegister(static http => ((HttpContext)http!).Abort(), exchange.Http))
            await flush;
        timers.Resume();
    }

    /// <summary>Step 7: durable first, then the bytes that say so.</summary>
    private async ValueTask<ForwardError?> CompleteAsync()
    {
        if (await recorder.HandOverAsync(exchange.Reply.FinishReason ?? "stop") is { } lost)
            return lost;
        await sink.CompleteAsync();
        return null;
    }

    /// <summary>The engine's own <c>data: {"error":…}</c>. Once committed it goes to the client as it came, and nothing after it.</summary>
    private async ValueTask<ForwardError?> PassErrorAsync(SseEvent sse)
    {
        exchange.Reply.FinishReason = ReplyRecorder.Error;
        var lost = await recorder.HandOverAsync(ReplyRecorder.Error);
        var error = EngineErrors.FromEvent(sse.Data, exchange.Backend);
        if (!exchange.Committed)
            return error;
        if (lost is not null)
            return lost;
        await sink.WriteAsync(sse);
        await sink.FlushAsync();
        return error with { Place = ForwardPlace.EngineStream, Told = true };
    }

    private async ValueTask<ForwardError?> BreakAsync(string how)
    {
        exchange.Reply.FinishReason = ReplyRecorder.Error;
        var lost = await recorder.HandOverAsync(ReplyRecorder.Error);
        await sink.FlushAsync();
        return lost ?? EngineErrors.Broken(exchange.Backend, how);
    }

    /// <summary>The client has left, the gateway stops, or a timer has run out.</summary>
    private async ValueTask<ForwardError?> StopAsync()
    {
        if (timers.ClientLeft && !timers.Stopped)
        {
            exchange.Reply.FinishReason = ReplyRecorder.Cancelled;
            await recorder.HandOverAsync(ReplyRecorder.Cancelled);
            return null;
        }

        if (HasFinished)
            return await CompleteAsync();
        exchange.Reply.FinishReason = ReplyRecorder.Error;
        var lost = await recorder.HandOverAsync(ReplyRecorder.Error);
        return lost ?? timers.Expired(exchange.Backend);
    }

    private enum EventKind
    {
        Answer,
        Error,
        Garbage,
    }

    private readonly record struct Step(bool IsLast, ForwardError? Error)
    {
        public static Step Last(ForwardError? error) => new(true, error);
    }
}
