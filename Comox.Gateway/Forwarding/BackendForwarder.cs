using Microsoft.Extensions.Options;

namespace Comox.Gateway.Forwarding;

/// <summary>One attempt at one backend.</summary>
/// <remarks>
/// <code>
///            (1) splice   (2) send                      (3) status
///  client ──────────────────────────────▶ node agent ──────────────▶ engine
///         ◀── (5) commit ◀── (6) pump ◀── (4) first event ◀─────────
///         ◀── (7) terminating bytes, once the reply is durable   (8) let go
/// </code>
/// (1) Splice the request.
/// (2) Send it; the answer so far is headers only.
/// (3) Check the status; the body is not copied yet.
/// (4) Wait for the first event under the first-token timer. Whatever fails up to here becomes a proper HTTP status.
/// (5) Commit: status and headers to the client.
/// (6) Pump events, under the token timer.
/// (7) Hand the reply over durably, then send what ends the answer.
/// (8) Read the engine's last bytes, so that the connection can serve the next request.
/// A client that leaves, and a gateway that stops, end every step at once and close the connection to the engine, which is how the engine hears of it.
/// </remarks>
internal sealed class BackendForwarder(EngineConnectors connectors, IOptions<GatewayOptions> options, TimeProvider time)
{
    public async ValueTask<ForwardError?> SendAsync(Exchange exchange)
    {
        using var timers = new StreamTimers(exchange, options.Value, time);
        try
        {
            // :: Step 1: Splice the request.
            var call = EngineRequest.Build(exchange);

            // :: Step 2: Send it.
            await using var answer = await connectors.SendAsync(call, timers.Token);

            // :: Step 3: Check the status.
            if (answer.Status is < 200 or > 299)
                return await EngineErrors.ReadAsync(answer, exchange.Backend, timers.Token);

            using var reader = new SseReader(answer.Body, options.Value.MaxEventBytes);
            var sink = exchange.Sink ??= SinkFor(exchange);

            // :: Steps 4 to 7.
            var error = await new ReplyPump(exchange, answer, reader, sink, timers, options.Value, time).RunAsync();

            // :: Step 8: Read the engine's last bytes.
            if (error is null && !timers.ClientLeft)
                await DrainAsync(reader, timers);
            return error;
        }
        catch (OperationCanceledException) when (timers.IsOver)
        {
            return timers.ClientLeft ? null : timers.Expired(exchange.Backend);
        }
        catch (Exception problem) when (problem is HttpRequestException or IOException or OperationCanceledException { InnerException: TimeoutException } && !exchange.Committed)
        {
            // The handler tells that its connect timeout has run out by a cancellation that nobody asked for.
            return timers.ClientLeft ? null : EngineErrors.Unreachable(exchange.Backend);
        }
    }

    private IReplySink SinkFor(Exchange exchange) =>
        exchange.Request.Stream ? new StreamingSink(exchange, options.Value.KeepAliveInterval, time) : new FoldingSink(exchange);

    private static async ValueTask DrainAsync(SseReader reader, StreamTimers timers)
    {
        timers.Enter(StreamPhase.Drain);
        try
        {
            while (await reader.FillAsync(timers.Token) == SseFill.More)
            {
                while (reader.TryRead(out _))
                {
                }
            }
        }
        catch (Exception problem) when (problem is OperationCanceledException or IOException or HttpRequestException)
        {
            // The connection is closed instead of reused; the client has its answer either way.
        }
    }
}
