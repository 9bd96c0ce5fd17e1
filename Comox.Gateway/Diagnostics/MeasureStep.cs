using Comox.Gateway.Forwarding;

namespace Comox.Gateway.Diagnostics;

/// <summary>Outermost: counts the chat and how it ended, also where no engine was ever asked.</summary>
internal sealed class MeasureStep(GatewayTelemetry telemetry) : IChatStep
{
    /// <summary>The model of a chat that was refused before it had a route: the name the client sent is the client's, and no label.</summary>
    private const string NoModel = "none";

    public async ValueTask<ForwardError?> InvokeAsync(Exchange exchange, ChatHandler next)
    {
        var startedAt = telemetry.Time.GetTimestamp();
        var outcome = "crashed";
        var place = nameof(ForwardPlace.Gateway);
        try
        {
            var error = await next(exchange);
            (outcome, place) = error is not null ? (error.Error.Code, error.Place.ToString())
                : exchange.Aborted.IsCancellationRequested ? ("cancelled", "Client")
                : ("ok", null);
            return error;
        }
        catch (OperationCanceledException)
        {
            (outcome, place) = exchange.Aborted.IsCancellationRequested ? ("cancelled", "Client") : ("stopping", nameof(ForwardPlace.Stopping));
            throw;
        }
        finally
        {
            var model = new KeyValuePair<string, object?>("gen_ai.request.model", exchange.IsRouted ? telemetry.Models.Bound(exchange.Route.Model) : NoModel);
            telemetry.Instruments.Requests.Add(1, model, new("comox.outcome", telemetry.Errors.Bound(outcome)), new("comox.place", place));
            telemetry.Instruments.RequestDuration.Record(telemetry.Time.GetElapsedTime(startedAt).TotalSeconds, model);
        }
    }
}
