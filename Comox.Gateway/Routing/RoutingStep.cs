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
internal sealed class RoutingStep(RouteTable table, IOptions<GatewayOptions> options) : IChatStep
{
    public ValueTask<ForwardError?> InvokeAsync(Exchange exchange, ChatHandler next)
    {
        if (Find(exchange.Request.Model, exchange.Request.Api.Kind, out var route) is { } refused)
            return new(refused);
        exchange.Route = route!;
        return next(exchange);
    }

    /// <param name="name">As a client sends it.</param>
    /// <param name="api">What is asked of the model.</param>
    /// <param name="found">A route with a backend that is ready; null with an error.</param>
    public ForwardError? Find(string name, OpenAI.RequestApiKind api, out ModelRoute? found)
    {
        found = null;
        var snapshot = table.Current;
        var isCharacter = name.StartsWith(ModelRoute.CharacterPrefix, StringComparison.Ordinal);
        if (isCharacter && name.Length == ModelRoute.CharacterPrefix.Length)
            return Refuse(ForwardPlace.Request, NotFound(name, snapshot));
        if (isCharacter && api != OpenAI.RequestApiKind.Chat)
            return Refuse(ForwardPlace.Request, Another(name, "A character is talked with", "POST /v1/chat/completions, /v1/responses or /v1/messages"));

        var route = isCharacter ? snapshot.FindDefault(options.Value.DefaultModel) : snapshot.Find(name);
        // A model that only makes vectors is no model to a chat.
        if (route is not null && api != OpenAI.RequestApiKind.Embeddings && !route.Pools.Any(pool => pool.CanChat || pool.Backends.IsEmpty))
        {
            return isCharacter
                ? Refuse(ForwardPlace.Backends, BackendPool.Unavailable($"The model '{route.Model}', which {GatewayOptions.Section}:{nameof(GatewayOptions.DefaultModel)} names for characters, makes vectors only."))
                : Refuse(ForwardPlace.Request, Another(name, "This model makes vectors only", "POST /v1/embeddings"));
        }

        if (route is null)
        {
            // A route of the settings is enough to know that the list of models is no accident of a fleet that is silent.
            if (snapshot.Fleet.WhyIncomplete() is { } incomplete && (isCharacter || snapshot.Routes.IsEmpty || !snapshot.Fleet.IsUnknown))
                return Refuse(ForwardPlace.Backends, incomplete);
            return isCharacter
                ? Refuse(ForwardPlace.Backends, WhyNoDefault(snapshot))
                : Refuse(ForwardPlace.Request, NotFound(name, snapshot));
        }

        if (!route.IsReady)
            return Refuse(ForwardPlace.Backends, WhyNotReady(route, snapshot));

        found = isCharacter ? route with { Character = name[ModelRoute.CharacterPrefix.Length..] } : route;
        return null;
    }

    internal static ApiError NotFound(string name, RouteSnapshot snapshot)
    {
        var models = snapshot.Routes.IsEmpty ? "There are no plain models." : $"Plain models: {string.Join(", ", snapshot.Routes.Take(20).Select(route => route.Model))}.";
        return new ApiError(
            StatusCodes.Status404NotFound, ErrorCodes.ModelNotFound, $"The model '{name}' does not exist. {models} GET /v1/models lists these and the characters.", "model");
    }

    private static ApiError Another(string name, string what, string paths) =>
        new(StatusCodes.Status404NotFound, ErrorCodes.ModelNotFound, $"The model '{name}' is not to be had here. {what}: {paths}.", "model");

    private static ApiError WhyNotReady(ModelRoute route, RouteSnapshot snapshot) =>
        route.Pools.FirstOrDefault(pool => !pool.Backends.IsEmpty)?.WhyNotReady()
        ?? snapshot.Fleet.WhyIncomplete()
        ?? BackendPool.Unavailable($"No node of the fleet has the model '{route.Model}'.");

    private ApiError WhyNoDefault(RouteSnapshot snapshot) => options.Value.DefaultModel is { } configured
        ? BackendPool.Unavailable($"The model '{configured}', which {GatewayOptions.Section}:{nameof(GatewayOptions.DefaultModel)} names for characters, is on no node and has no route.")
        : snapshot.Fleet.WhyNoModel();

    private static ForwardError Refuse(ForwardPlace place, ApiError error) => new(place, error);
}
