using System.Net.Http.Headers;
using Comox.Gateway.CircuitBreaking;
using Comox.Gateway.LoadBalancing;
using Comox.Gateway.Routing;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.Gateway.Backends;

/// <summary>Makes backends of what nodes report and of what the settings name. Ledger and circuit of one backend are the same objects through every change.</summary>
internal sealed class BackendFactory(AuthenticationHeaderValue serviceKey, BackendLoads loads, BackendCircuits circuits)
{
    /// <summary>Until its model answers, where the node cannot say.</summary>
    private const double UnknownLoadSeconds = 10;

    private readonly HashSet<(string Model, string Backend)> _adapters = [];
    private readonly IReadOnlyList<KeyValuePair<string, string>> _nodeHeaders = [new("Authorization", serviceKey.ToString())];

    public Backend Of(NodeView node, EngineStatus engine)
    {
        var model = engine.Model!;
        var address = new Uri(node.Address!, $"{engine.ProxyPath.TrimEnd('/')}/v1/");
        // By its address, because two boxes may call themselves by one name.
        var load = loads.Of(model.Name, address.AbsoluteUri);
        load.Slots = engine.Slots;
        load.SwapSeconds = engine.State == EngineStates.Ready ? 0 : (engine.EtaSeconds ?? UnknownLoadSeconds) + (engine.LossSeconds ?? 0);
        var circuit = circuits.Of(model.Name, address.AbsoluteUri);
        if (node.Lost is not null || engine.Health == Healths.Ejected)
            circuit.Suspend();
        return new Backend
        {
            Id = $"{node.Status!.Node}/{engine.Id}",
            Kind = engine.Kind == BackendKinds.VLlm ? BackendKinds.VLlm : BackendKinds.LlamaCpp,
            Model = model,
            BaseAddress = address,
            Headers = _nodeHeaders,
            Engine = engine,
            NodeReachable = node.Lost is null,
            Node = node.Pulse,
            Load = load,
            Circuit = circuit,
        };
    }

    /// <summary>
    /// The same engine with one of its adapters. They are one queue, so they share the ledger: what waits there for the model delays who asks for the adapter. An adapter
    /// may fail where the model is well, so the circuit is its own.
    /// </summary>
    public Backend Of(Backend engine, AdapterStatus adapter)
    {
        var (seed, address) = (PrefixHasher.Seed(adapter.Name), engine.BaseAddress.AbsoluteUri);
        if (adapter.State == AdapterStates.Loaded)
            engine.Load.Adapters.Touch(seed);
        else
            engine.Load.Adapters.Forget(seed);
        var circuit = circuits.Of(adapter.Name, address);
        _adapters.Add((adapter.Name, address));
        if (!engine.NodeReachable || engine.Engine is { Health: Healths.Ejected })
            circuit.Suspend();
        return engine with
        {
            Id = $"{engine.Id}/{adapter.Name}", Model = engine.Model with { Name = adapter.Name }, UpstreamModel = adapter.Name, Adapter = adapter, Circuit = circuit,
        };
    }

    public Backend Of(string model, string pool, BackendOptions options)
    {
        var id = $"{pool}/{options.Name}";
        var load = loads.Of(model, id);
        (load.Slots, load.Weight) = (options.Slots, options.Weight);
        return new Backend
        {
            Id = id,
            Kind = options.Kind,
            Model = new EngineModel { Name = model, Source = ModelSources.Configured, ContextTokens = options.ContextTokens, Profile = ProfileOf(options.ContextTokens) },
            UpstreamModel = options.Model is { Length: > 0 } other && other != model ? other : null,
            BaseAddress = BaseOf(options.Url),
            Headers = HeadersOf(options),
            NodeReachable = true,
            Load = load,
            Circuit = circuits.Of(model, id),
        };
    }

    /// <summary>Forgets ledgers and circuits of the backends that have left, once nothing is in flight there. Under the fleet's lock, as all that makes backends.</summary>
    public void ForgetAllBut(IEnumerable<Backend> known)
    {
        var kept = known.ToList();
        foreach (var (model, backend) in loads.ForgetAllBut(kept.Select(backend => backend.Load).ToHashSet()))
            circuits.Forget(model, backend);
        if (_adapters.Count == 0)
            return;
        var adapters = kept.Where(backend => backend.Adapter is not null).Select(backend => (backend.Model.Name, backend.BaseAddress.AbsoluteUri)).ToHashSet();
        foreach (var gone in _adapters.Where(adapter => !adapters.Contains(adapter)).ToList())
        {
            _adapters.Remove(gone);
            circuits.Forget(gone.Model, gone.Backend);
        }
    }

    private static Uri BaseOf(string url)
    {
        var address = new Uri(url);
        return address.AbsolutePath is "/" or "" ? new Uri(address, "/v1/") : new Uri(url.TrimEnd('/') + "/");
    }

    private static KeyValuePair<string, string>[] HeadersOf(BackendOptions options) => options switch
    {
        { ApiKey: null or "" } => [],
        { Kind: BackendKinds.Anthropic } => [new("x-api-key", options.ApiKey)],
        _ => [new("Authorization", $"Bearer {options.ApiKey}")],
    };

    // Three quarters for the prompt, as the standard profile has it.
    private static PromptProfile ProfileOf(int? context) => context is not { } tokens
        ? PromptProfile.Standard
        : PromptProfile.Standard with { ContextTokens = tokens, PromptTokens = tokens * 3 / 4, ReplyTokens = Math.Clamp(tokens / 4, 1, PromptProfile.Standard.ReplyTokens) };
}
