using Comox.Gateway.Backends;
using Comox.Gateway.LoadBalancing;
using Comox.Gateway.OpenAI;
using Comox.Gateway.Routing;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Gateway;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.Gateway.Warming;

/// <summary>
/// Somebody may soon ask for a model: (1) its route, as a request's; (2) the pool and the backend that a request would be sent to; (3) nothing where one of that pool has it in memory;
/// (4) else the backend's node is told, one node for a model in half a minute: a second one would load what the first has, and a page that is opened again and again is one hint.
/// </summary>
internal sealed class ModelWarmer(RoutingStep routing, BackendChooser chooser, NodeConnector nodes, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    // What the first message of a conversation comes to: the persona, and what is remembered.
    private const int UsualPrompt = 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (long At, ModelWarming Told)> _told = new(StringComparer.Ordinal);

    public async Task<ApiResult<ModelWarming>> WarmAsync(ModelHint hint, string caller, CancellationToken cancellation)
    {
        if (routing.Find(hint.Model, RequestApiKind.Chat, out var found) is { } refused) // 1
            return refused.Error;
        var route = found!;
        if (Foresee(route, hint, caller) is not var (pool, backend)) // 2
            return route.Pools[0].WhyNotReady();
        if (pool.Ready.FirstOrDefault(other => other is { IsLoaded: true, IsWell: true }) is { } loaded) // 3
            return Of(route, loaded);
        if (backend.Engine is not { } engine)
            return Of(route, backend);
        if (!MayTell(route, backend, out var before)) // 4
            return before;
        var told = await nodes.ClientFor(new Uri(backend.BaseAddress.GetLeftPart(UriPartial.Authority))).WarmAsync(engine.Id, cancellation);
        if (!told.IsSuccess)
        {
            lock (_lock)
                _told.Remove(route.Model);
            return told.Error;
        }

        return Of(route, backend) with { Action = told.Value.Action, State = told.Value.State, EtaSeconds = told.Value.EtaSeconds };
    }

    private (BackendPool Pool, Backend Backend)? Foresee(ModelRoute route, ModelHint hint, string caller)
    {
        var request = new RoutingRequest
        {
            PromptTokens = UsualPrompt,
            OutputTokens = RequestShape.UsualOutput,
            Session = hint.Session is { Length: > 0 } session ? SessionTable.Key(caller, route.Model, session) : null,
        };
        foreach (var pool in route.Pools)
        {
            if (chooser.Foresee(route, pool, request with { Adapter = pool.Adapter }) is { } backend)
                return (pool, backend);
        }

        return null;
    }

    private bool MayTell(ModelRoute route, Backend backend, out ModelWarming before)
    {
        var now = time.GetTimestamp();
        lock (_lock)
        {
            if (_told.TryGetValue(route.Model, out var last) && time.GetElapsedTime(last.At, now) < Pause)
            {
                before = last.Told;
                return false;
            }

            foreach (var (model, _) in _told.Where(entry => time.GetElapsedTime(entry.Value.At, now) >= Pause).ToArray())
                _told.Remove(model);
            _told[route.Model] = (now, before = Of(route, backend));
            return true;
        }
    }

    private static ModelWarming Of(ModelRoute route, Backend backend) => new()
    {
        Model = route.Model,
        Backend = backend.Id,
        Action = WarmActions.None,
        State = backend.Engine?.State,
        EtaSeconds = backend.IsLoaded ? 0 : backend.Engine!.EtaSeconds,
    };
}
