using Comox.Gateway.Backends;
using Comox.Gateway.LoadBalancing;
using Comox.Gateway.OpenAI;
using Microsoft.Extensions.Options;

namespace Comox.Gateway.Forwarding;

/// <summary>
/// Steps 1 to 4 of <see cref="BackendForwarder"/>: from the request to the first token. It touches neither the client nor the account of the reply, so that several
/// backends can be asked at once and all but one be forgotten.
/// </summary>
internal sealed class AnswerOpener(EngineConnectors connectors, IOptions<GatewayOptions> options, TimeProvider time)
{
    // A role and progress come before the first token; an engine that sends more than this without one is not answering.
    private const int MostHeld = 256;

    /// <param name="exchange">Is only read.</param>
    /// <param name="attempt">Whom to ask.</param>
    /// <param name="given">Ends the attempt: somebody else was quicker.</param>
    public async ValueTask<Opening> OpenAsync(Exchange exchange, Attempt attempt, CancellationToken given)
    {
        var timers = new StreamTimers(exchange, attempt.Backend, options.Value, time, given);
        var isStreamed = EngineRequest.IsStreamed(exchange, attempt.Backend);
        // Vectors come as soon as their text has been read, which is what the first token stands for.
        if (!isStreamed && exchange.Request.Api.Kind != RequestApiKind.Embeddings)
            timers.Enter(StreamPhase.WholeAnswer);
        IEngineAnswer? answer = null;
        SseReader? reader = null;
        var kept = false;
        try
        {
            // :: Step 1: Splice the request.
            var (call, dialect, refused) = EngineRequest.Build(exchange, attempt.Backend, time);
            if (refused is not null)
                return new Opening(null, new ForwardError(ForwardPlace.Request, refused));

            // :: Step 2: Send it.
            answer = await connectors.SendAsync(call!, timers.Token);

            // :: Step 3: Check the status.
            if (answer.Status is < 200 or > 299)
                return new Opening(null, await EngineErrors.ReadAsync(answer, attempt.Backend, timers.Token));

            // :: Step 4: Wait for the first token.
            if (dialect is not null)
                answer = new TranslatedAnswer(answer, dialect, options.Value.MaxEventBytes);
            reader = new SseReader(answer.Body, options.Value.MaxEventBytes);
            var opening = isStreamed
                ? await FirstTokenAsync(answer, reader, timers, attempt.Backend)
                : await WholeAsync(answer, reader, timers, attempt.Backend);
            kept = opening.Answer is not null;
            return opening;
        }
        catch (OperationCanceledException) when (timers.IsOver)
        {
            return new Opening(null, timers.Expired(attempt.Backend));
        }
        catch (EndlessEventException)
        {
            return new Opening(null, EngineErrors.Endless(attempt.Backend));
        }
        catch (Exception problem) when (problem is HttpRequestException or IOException or OperationCanceledException { InnerException: TimeoutException })
        {
            // The handler tells that its connect timeout has run out by a cancellation that nobody asked for.
            return new Opening(null, answer is null ? EngineErrors.Unreachable(attempt.Backend, problem) : EngineErrors.Broken(attempt.Backend, "broke off before its first word"));
        }
        finally
        {
            if (!kept)
            {
                reader?.Dispose();
                if (answer is not null)
                    await answer.DisposeAsync();
                timers.Dispose();
            }
        }
    }

    private static async ValueTask<Opening> FirstTokenAsync(IEngineAnswer answer, SseReader reader, StreamTimers timers, Backend backend)
    {
        var held = new List<byte[]>(2);
        while (true)
        {
            while (reader.TryRead(out var sse))
            {
                // A comment or an empty event is the engine's heartbeat: no answer.
                if (sse.Data.IsEmpty)
                    continue;
                if (sse.IsDone)
                    return held.Count > 0 ? Opened(sse) : new Opening(null, EngineErrors.Broken(backend, "ended before it began"));
                var chunk = ChunkScan.Read(sse.Data.Span, null);
                if (!chunk.IsValid)
                    return new Opening(null, EngineErrors.Broken(backend, "holds an event that is no JSON"));
                if (chunk.IsError)
                    return new Opening(null, EngineErrors.FromEvent(sse.Data, backend));
                if (chunk.HasToken || held.Count >= MostHeld)
                    return Opened(sse);
                held.Add(sse.Raw.ToArray());
            }

            switch (await reader.FillAsync(timers.Token))
            {
                case SseFill.TooLarge:
                    return new Opening(null, EngineErrors.Endless(backend));
                case SseFill.End:
                    return new Opening(null, EngineErrors.Broken(backend, held.Count > 0 ? "broke off before its first word" : "was no stream of events"));
            }
        }

        Opening Opened(SseEvent first) => new(new OpenedAnswer(answer, reader, timers, [.. held, first.Raw.ToArray()]), null);
    }

    private async ValueTask<Opening> WholeAsync(IEngineAnswer answer, SseReader reader, StreamTimers timers, Backend backend)
    {
        using var body = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (await answer.Body.ReadAsync(buffer, timers.Token) is > 0 and var read)
        {
            if (body.Length + read > options.Value.MaxAnswerBytes)
                return new Opening(null, EngineErrors.Broken(backend, $"is larger than {GatewayOptions.Section}:{nameof(GatewayOptions.MaxAnswerBytes)}"));
            body.Write(buffer, 0, read);
        }

        var whole = body.ToArray();
        var scan = ChunkScan.Read(whole, null);
        if (!scan.IsValid)
            return new Opening(null, EngineErrors.Broken(backend, "is no JSON"));
        return scan.IsError
            ? new Opening(null, EngineErrors.FromEvent(whole, backend))
            : new Opening(new OpenedAnswer(answer, reader, timers, [], whole), null);
    }
}
