using Comox.Gateway.Forwarding.Sockets;
using Comox.Gateway.Recall;

namespace Comox.Gateway.Forwarding;

/// <summary>
/// Steps 4 to 7 of <see cref="BackendForwarder"/>: engine → client, event by event, watching the clock. Where answer and client are both on a socket loop, the
/// loop carries the steady middle, and what it does not carry comes back here. One instance per attempt.
/// </summary>
internal sealed class ReplyPump(Exchange exchange, OpenedAnswer opened, IReplySink sink, RelayGauge relays, GatewayOptions options, TimeProvider time)
{
    // An engine whose every event is unusual would be handed to and fro.
    private const int MostUnusual = 8;

    private readonly ReplyProgress _progress = exchange.Progress;
    private readonly ReplyRecorder? _recorder = exchange.Recorder;
    private readonly StreamTimers _timers = opened.Timers;
    private readonly SseReader _reader = opened.Reader;
    private readonly ContinuedEvents? _continued = exchange.IsContinued ? new ContinuedEvents(exchange.Reply) : null;
    private StreamRelay? _relay;
    private int _unusual;
    private bool _anyEvent;

    /// <returns>Null when the client has been told everything (or has left).</returns>
    public async ValueTask<ForwardError?> RunAsync()
    {
        try
        {
            foreach (var held in opened.Held)
            {
                var sse = SseEvent.Of(held);
                if (sse.IsDone)
                    return await CompleteAsync();
                if (await TakeAsync(sse) is { IsLast: true } step)
                    return step.Error;
            }

            while (true)
            {
                while (_reader.TryRead(out var sse))
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
                if (CanRelay(out var socket, out var client))
                {
                    if (await RelayAsync(socket, client) is { IsLast: true } step)
                        return step.Error;
                    if (!_reader.IsEmpty)
                        continue;
                }

                switch (await _reader.FillAsync(_timers.Token))
                {
                    case SseFill.TooLarge:
                        return await BreakAsync(EngineErrors.Endless(exchange.Backend));
                    case SseFill.End when _progress.HasFinished:
                        return await CompleteAsync();
                    case SseFill.End:
                        return await BreakAsync(_anyEvent ? "broke off before its end" : "was no stream of events");
                }
            }
        }
        catch (OperationCanceledException) when (_timers.IsOver)
        {
            return await StopAsync();
        }
        catch (EndlessEventException)
        {
            return await BreakAsync(EngineErrors.Endless(exchange.Backend));
        }
        catch (AnswerTooLargeException)
        {
            return await BreakAsync($"is larger than {GatewayOptions.Section}:{nameof(GatewayOptions.MaxAnswerBytes)}");
        }
        catch (Exception problem) when (problem is IOException or HttpRequestException)
        {
            return _progress.HasFinished ? await CompleteAsync() : await BreakAsync("broke off before its end");
        }
    }

    private async ValueTask<Step> TakeAsync(SseEvent sse)
    {
        if (_continued is not null && !_continued.TryAdapt(ref sse))
            return default;
        var kind = _progress.Take(sse.Data.Span);
        switch (kind)
        {
            case EventKind.Garbage:
                return Step.Last(await BreakAsync("holds an event that is no JSON"));
            case EventKind.Error:
                return Step.Last(await PassErrorAsync(sse));
            case EventKind.Hidden:
                return default;
            case EventKind.Token or EventKind.Finishing:
                Restart();
                break;
        }

        return await SendAsync(sse, isFinish: kind == EventKind.Finishing);
    }

    private async ValueTask<Step> SendAsync(SseEvent sse, bool isFinish)
    {
        // :: Step 7, first half: a client may stop at the finish reason, so the reply is durable before it goes out. The words before it need not wait.
        if (isFinish && _recorder is { IsPending: true })
        {
            await FlushAsync();
            if (await _recorder.HandOverAsync(exchange.Reply.FinishReason ?? "stop") is { } lost)
                return Step.Last(lost);
            _progress.HoldsFinish = false;
        }

        // :: Step 5 (inside the sink, at the first event) and step 6.
        _anyEvent = true;
        await sink.WriteAsync(sse);
        return default;
    }

    private void Restart()
    {
        if (_progress.HasFinished)
            _timers.Enter(StreamPhase.EndOfStream);
        else if (_timers.Phase == StreamPhase.FirstToken)
            _timers.Enter(StreamPhase.NextToken);
        else
            _timers.Restart();
    }

    private bool CanRelay(out SocketAnswer socket, out ClientConnection client)
    {
        (socket, client) = (null!, null!);
        if (_timers.Phase == StreamPhase.FirstToken || _unusual > MostUnusual || _continued is not null || !_reader.IsEmpty || opened.Answer is not SocketAnswer { CanRelay: true } ours || sink.RelayTarget is not { } target)
            return false;
        (socket, client) = (ours, target);
        return true;
    }

    private async ValueTask<Step> RelayAsync(SocketAnswer socket, ClientConnection client)
    {
        _relay ??= new StreamRelay(
            client.Output, _progress, new RelayLimits(_timers.TokenIdle, options.EndOfStreamTimeout, options.KeepAliveInterval, options.SlowClientTimeout), time);
        _relay.LastTokenAt = _timers.StartedAt;
        _timers.Pause();
        _timers.Carrier = _relay;
        RelayEnd end;
        relays.ToLoop();
        try
        {
            // Started first: a relay that is not running cannot be cancelled, and the token may be cancelled already.
            var relaying = socket.RelayAsync(_relay);
            await using (_timers.Token.UnsafeRegister(static relay => ((StreamRelay)relay!).Cancel(), _relay))
                end = await relaying;
        }
        finally
        {
            relays.FromLoop();
        }

        _reader.Feed(_relay.Rest);
        _relay.Release();
        _timers.Enter(_progress.HasFinished ? StreamPhase.EndOfStream : StreamPhase.NextToken, _relay.LastTokenAt);
        _timers.Carrier = null;

        switch (end)
        {
            case RelayEnd.Unusual:
                _unusual++;
                return default;
            case RelayEnd.Done:
                return Step.Last(null); // A reply that is not durable yet would have come back as unusual.
            case RelayEnd.Finishing:
                _reader.TryRead(out var finish);
                return await SendAsync(finish, isFinish: true);
            case RelayEnd.ClientGone or RelayEnd.ClientStuck:
                await LeaveAsync();
                return Step.Last(await StopAsync());
            case RelayEnd.Silent:
                _timers.Expire();
                return Step.Last(await StopAsync());
            case RelayEnd.Cancelled:
                return Step.Last(await StopAsync());
            default:
                return default;
        }
    }

    private async ValueTask FlushAsync()
    {
        var flush = sink.FlushAsync();
        if (flush.IsCompletedSuccessfully)
            return;
        _timers.Pause();
        // A client that does not read would hold up the end of the process.
        await using (exchange.Stopped.UnsafeRegister(static http => ((HttpContext)http!).Abort(), exchange.Http))
        // The server's own patience grows with what is left to send, to minutes.
        await using (time.CreateTimer(static http => ((HttpContext)http!).Abort(), exchange.Http, options.SlowClientTimeout, Timeout.InfiniteTimeSpan))
            await flush;
        _timers.Resume();
    }

    // The client's token is cancelled a moment later, on another thread; judged before, the engine would be blamed for the client.
    private async ValueTask LeaveAsync()
    {
        var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (exchange.Aborted.UnsafeRegister(static left => ((TaskCompletionSource)left!).TrySetResult(), left))
        {
            exchange.Http.Abort();
            await left.Task;
        }
    }

    /// <summary>Step 7: durable first, then the bytes that say so.</summary>
    private async ValueTask<ForwardError?> CompleteAsync()
    {
        if (_recorder is not null && await _recorder.HandOverAsync(exchange.Reply.FinishReason ?? "stop") is { } lost)
            return lost;
        await sink.CompleteAsync();
        return null;
    }

    /// <summary>The engine's own <c>data: {"error":…}</c>. Once committed it goes to the client as it came, and nothing after it.</summary>
    private async ValueTask<ForwardError?> PassErrorAsync(SseEvent sse)
    {
        // The words before it must not wait for another attempt.
        await sink.FlushAsync();
        var error = EngineErrors.FromEvent(sse.Data, exchange.Backend);
        return exchange.Committed ? error with { Place = ForwardPlace.EngineStream, Event = sse.Raw.ToArray() } : error;
    }

    private ValueTask<ForwardError?> BreakAsync(string how) => BreakAsync(EngineErrors.Broken(exchange.Backend, how));

    private async ValueTask<ForwardError?> BreakAsync(ForwardError error)
    {
        await sink.FlushAsync();
        return error;
    }

    /// <summary>The client has left, the gateway stops, or a timer has run out.</summary>
    private async ValueTask<ForwardError?> StopAsync()
    {
        if (_timers.ClientLeft && !_timers.Stopped)
            return null;
        return _progress.HasFinished ? await CompleteAsync() : _timers.Expired(exchange.Backend);
    }

    private readonly record struct Step(bool IsLast, ForwardError? Error)
    {
        public static Step Last(ForwardError? error) => new(true, error);
    }
}
