using Comox.Gateway.CircuitBreaking;
using Comox.Gateway.LoadBalancing;
using Comox.Gateway.OpenAI;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.Gateway.Backends;

/// <summary>One server we can send to: an engine as the last event of its node described it, or one that the settings name. Immutable, but for its ledger and its circuit.</summary>
internal sealed record Backend
{
    /// <summary>For logs, traces and metrics: <c>gpu-1/chat</c>.</summary>
    public required string Id { get; init; }

    /// <summary>One of <see cref="BackendKinds"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>What it serves.</summary>
    public required EngineModel Model { get; init; }

    /// <summary>What the model is called there; null: as the client called it.</summary>
    public string? UpstreamModel { get; init; }

    /// <summary>Ends with a slash: the engine's proxy path on its node, or the address of the settings, and <c>v1/</c>.</summary>
    public required Uri BaseAddress { get; init; }

    /// <summary>What requests to it carry; the key is among it.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; }

    /// <summary>Null for a server without a node agent.</summary>
    public EngineStatus? Engine { get; init; }

    /// <summary>The LoRA on <see cref="Engine"/> that this backend is; null: the bare model.</summary>
    public AdapterStatus? Adapter { get; init; }

    /// <summary>Whether the node's event stream is open. Without it nothing is known about the engine.</summary>
    public required bool NodeReachable { get; init; }

    /// <summary>When its node was last heard; null for a server without a node agent.</summary>
    public NodePulse? Node { get; init; }

    public required BackendLoad Load { get; init; }
    public required BackendCircuit Circuit { get; init; }

    /// <summary>Whether a request to it is answered: at once, or after its node has loaded the model for it.</summary>
    public bool IsReady => NodeReachable && (Engine is null || NodeAgentClient.TakesRequests(Engine)) && Adapter is not { State: AdapterStates.Failed };

    /// <summary>Whether anything speaks against asking it, beside its circuit: one that is not well is asked only while nearly nobody is.</summary>
    public bool IsWell => Node is not { IsQuiet: true } && !Load.Pulse.IsQuiet && Engine is not { Health: Healths.Ejected };

    /// <summary>Whether its model is in memory and takes requests.</summary>
    public bool IsLoaded => Engine is null || Engine.State == EngineStates.Ready;

    public Uri AddressOf(RequestApiKind api) => api switch
    {
        RequestApiKind.Chat => _chat ??= new Uri(BaseAddress, "chat/completions"),
        RequestApiKind.Completions => new Uri(BaseAddress, "completions"),
        _ => new Uri(BaseAddress, "embeddings"),
    };

    private Uri? _chat;
}
