using Comox.Gateway.Recall;
using Comox.Gateway.Routing;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.Extensions.Options;

namespace Comox.Gateway.OpenAI;

/// <summary><c>GET /v1/models</c>: characters first, then plain models. Without the memory service it lists the plain ones.</summary>
internal sealed class ModelsEndpoint(RouteTable table, LiveSettings settings, IHttpClientFactory clients, IOptions<GatewayOptions> options, TimeProvider time)
{
    private const string Comox = "comox";

    public async Task ListAsync(HttpContext http)
    {
        var characters = await CharactersAsync(http.RequestAborted);
        IReadOnlyList<ModelCard> models = [.. (characters.IsSuccess ? characters.Value.Data : []).Select(CardOf), .. table.Current.Routes.Select(CardOf)];
        await http.Response.WriteAsJsonAsync(new ModelList(models), OpenAIJson.Default.ModelList, cancellationToken: http.RequestAborted);
    }

    public async Task GetAsync(HttpContext http)
    {
        // OpenAI's clients send the slash of "character/ada" as %2F, which routing leaves as it is.
        var name = Uri.UnescapeDataString((string?)http.GetRouteValue("id") ?? "");
        var found = table.Current.Find(name) is { } route ? CardOf(route) : null;
        if (found is null && name.StartsWith(ModelRoute.CharacterPrefix, StringComparison.Ordinal))
        {
            var characters = await CharactersAsync(http.RequestAborted);
            if (!characters.IsSuccess)
            {
                // A client that is told of a 404 takes the character for deleted.
                await characters.Error.WriteAsync(http);
                return;
            }

            found = characters.Value.Data.Select(CardOf).FirstOrDefault(card => card.Id == name);
        }

        if (found is not null)
            await http.Response.WriteAsJsonAsync(found, OpenAIJson.Default.ModelCard, cancellationToken: http.RequestAborted);
        else
            await RoutingStep.NotFound(name, table.Current).WriteAsync(http);
    }

    private async Task<ApiResult<CharacterList>> CharactersAsync(CancellationToken cancellation)
    {
        using var deadline = new CancellationTokenSource(options.Value.ModelListTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
        try
        {
            var characters = await new MemoryClient(clients.CreateClient(nameof(MemoryClient))).ListCharactersAsync(either.Token);
            return characters.IsSuccess ? characters.Value : RecallStep.MemoryUnavailable("cannot answer");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return RecallStep.MemoryUnavailable($"did not answer within {options.Value.ModelListTimeout}");
        }
    }

    private static ModelCard CardOf(CharacterSummary character) =>
        new($"{ModelRoute.CharacterPrefix}{character.Slug}", character.CreatedAt.ToUnixTimeSeconds(), Comox) { Name = character.Name, Description = character.Tagline };

    private ModelCard CardOf(ModelRoute route)
    {
        var first = route.Pools.SelectMany(pool => pool.Backends).FirstOrDefault();
        var since = first?.Engine?.Since ?? settings.Current.LoadedAt;
        var source = first?.Model.Source ?? ModelSources.Configured;
        return new(route.Model, since.ToUnixTimeSeconds(), source == ModelSources.BuiltIn ? Comox : source) { Description = first?.Model.Notice };
    }
}
