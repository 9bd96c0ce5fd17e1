using Comox.Gateway.OpenAI;
using Microsoft.Extensions.Options;

namespace Comox.Gateway.Forwarding;

/// <summary>One attempt at one backend.</summary>
/// <remarks>
/// <code>
///            (1) splice   (2) send                      (3) status
///  client ──────────────────────────────▶ node agent ──────────────▶ engine
///         ◀── (5) commit ◀── (6) pump ◀── (4) first token ◀─────────
///         ◀── (7) terminating bytes, once the reply is durable   (8) let go
/// </code>
/// (1) Splice the request.
/// (2) Send it; the answer so far is headers only.
/// (3) Check the status; the body is not copied yet.
/// (4) Wait for the first token under its timer. Whatever fails up to here becomes a proper HTTP status, or another attempt.
/// (5) Commit: status and headers to the client.
/// (6) Pump events, under the token timer.
/// (7) Hand the reply over durably, then send what ends the answer.
/// (8) Read the engine's last bytes, so that the connection can serve the next request.
/// A client that leaves, and a gateway that stops, end every step at once and close the connection to the engine, which is how the engine hears of it.
/// </remarks>
internal sealed class BackendForwarder(AnswerOpener opener, Hedge hedge, LoadNews news, RelayGauge relays, IOptions<GatewayOptions> options, TimeProvider time)
{
    public async ValueTask<ForwardError?> SendAsync(Exchange exchange)
    {
        // :: Steps 1 to 4.
        // A stream goes on through all attempts; a fold that broke off is worth nothing.
        IReplySink sink = exchange.Request.Stream ? exchange.Sink ??= new StreamingSink(exchange, news, options.Value, time) : new FoldingSink(exchange, options.Value.MaxAnswerBytes);
        if (sink is StreamingSink stream && !exchange.Backend.IsLoaded)
            stream.TellOfLoading();
        var opening = exchange.Route.Options.HedgeAfter is { } patience && !exchange.Spoken
            ? await hedge.OpenAsync(exchange, patience)
            : await opener.OpenAsync(exchange, exchange.Attempt, CancellationToken.None);
        if (opening.Answer is not { } opened)
            return exchange.Aborted.IsCancellationRequested && !exchange.Stopped.IsCancellationRequested ? null : opening.Error;

        await using (opened)
        {
            // Vectors come whole too, but are read and not written: there is no first token to wait for.
            if (opened.Body is null || exchange.Request.Api.Kind == RequestApiKind.Embeddings)
                exchange.Attempt.FirstToken();
            else
                exchange.Attempt.Whole();

            // :: Steps 5 to 7.
            if (opened.Body is { } whole)
                return await WholeAnswer.SendAsync(exchange, whole);
            ForwardError? error;
            relays.Begin();
            try
            {
                error = await new ReplyPump(exchange, opened, sink, relays, options.Value, time).RunAsync();
            }
            finally
            {
                relays.End();
            }

            // :: Step 8: Read the engine's last bytes.
            if (error is null && !opened.Timers.ClientLeft)
                await DrainAsync(opened);
            return error;
        }
    }

    private static async ValueTask DrainAsync(OpenedAnswer opened)
    {
        opened.Timers.Enter(StreamPhase.Drain);
        try
        {
            while (await opened.Reader.FillAsync(opened.Timers.Token) == SseFill.More)
            {
                while (opened.Reader.TryRead(out _))
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
