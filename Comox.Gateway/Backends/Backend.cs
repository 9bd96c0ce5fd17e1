using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.Gateway.Backends;

/// <summary>One engine with a model in it, as the last event of its node described it. Immutable.</summary>
internal sealed record Backend
{
    /// <summary>For logs: <c>gpu-1/chat</c>.</summary>
    public required string Id { get; init; }

    /// <summary>The name clients send as <c>model</c>.</summary>
    public required EngineModel Model { get; init; }

    /// <summary>Where chat requests go: the node's address, the engine's proxy path, <c>/v1/chat/completions</c>.</summary>
    public required Uri ChatAddress { get; init; }

    /// <summary>What requests to it carry; the key is among it.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; }

    public required EngineStatus Engine { get; init; }

    /// <summary>Whether the node's event stream is open. Without it nothing is known about the engine.</summary>
    public required bool NodeReachable { get; init; }

    public bool IsReady => NodeReachable && Engine.State == EngineStates.Ready;
}
