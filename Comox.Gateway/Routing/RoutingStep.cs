using Comox.Gateway.Backends;
using Comox.Gateway.Forwarding;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.Extensions.Options;

namespace Comox.Gateway.Routing;

/// <summary>
/// Model name → <see cref="ModelRoute"/>. Refuses here, and not only when balancing, when no backend is ready: the next step stores what
/// the person said, and a turn that nobody can answer must not be stored.
/// </summary>
internal sealed class RoutingStep(Fleet fleet, IOptions<GatewayOptions> options) : IChatStep
{
    public ValueTask<ForwardError?> InvokeAsync(Exchange exchange, ChatHandler next)
    {
        var snapshot = fleet.Current;
        var name = exchange.Request.Model;
        var isCharacter = name.StartsWith(ModelRoute.CharacterPrefix, StringComparison.Ordinal);
        if (isCharacter && name.Length == ModelRoute.CharacterPrefix.Length)
            return Refuse(ForwardPlace.Request, NotFound(name, snapshot));

        var pool = isCharacter ? snapshot.FindDefault(options.Value.DefaultModel) : snapshot.Find(name);
        if (pool is null)
        {
            if (snapshot.WhyIncomplete() is { } incomplete)
                return Refuse(ForwardPlace.Backends, incomplete);
            return isCharacter
                ? Refuse(ForwardPlace.Backends, WhyNoDefault(snapshot))
                : Refuse(ForwardPlace.Request, NotFound(name, snapshot));
        }

        if (pool.Ready.IsEmpty)
            return Refuse(ForwardPlace.Backends, pool.WhyNotReady());

        exchange.Route = new ModelRoute(pool.Model, pool.Details.Profile, isCharacter ? name[ModelRoute.CharacterPrefix.Length..] : null);
        return next(exchange);
    }

    internal static ApiError NotFound(string name, FleetSnapshot snapshot)
    {
        var models = snapshot.Pools.IsEmpty ? "There are no plain models." : $"Plain models: {string.Join(", ", snapshot.Pools.Take(20).Select(pool => pool.Model))}.";
        return new ApiError(
            StatusCodes.Status404NotFound, ErrorCodes.ModelNotFound, $"The model '{name}' does not exist. {models} GET /v1/models lists these and the characters.", "model");
    }

    private ApiError WhyNoDefault(FleetSnapshot snapshot) => options.Value.DefaultModel is { } configured
        ? BackendPool.Unavailable($"The model '{configured}', which {GatewayOptions.Section}:{nameof(GatewayOptions.DefaultModel)} names for characters, is on no node.")
        : snapshot.WhyNoModel();

    private static ValueTask<ForwardError?> Refuse(ForwardPlace place, ApiError error) => new(new ForwardError(place, error));
}
