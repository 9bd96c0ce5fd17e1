using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.ServiceDefaults.Contracts.Gateway;

/// <summary><c>POST /gateway/warm</c>: somebody may soon ask for a model.</summary>
/// <param name="Model">As a client would send it: a plain model, or <c>character/ada</c>.</param>
/// <param name="Session">The conversation that will go on, where that is known: what answered it last is at home there.</param>
public sealed record ModelHint(string Model, string? Session = null);

/// <summary>What is done about it.</summary>
public sealed record ModelWarming
{
    /// <summary>The plain model behind the name.</summary>
    public required string Model { get; init; }

    /// <summary>Where a request would go: <c>gpu-1/chat</c>.</summary>
    public required string Backend { get; init; }

    /// <summary>One of <see cref="WarmActions"/>.</summary>
    public required string Action { get; init; }

    /// <summary>One of <see cref="EngineStates"/>; absent for a server without a node agent.</summary>
    public string? State { get; init; }

    /// <summary>Seconds until the model would answer there if somebody asked now, as predicted; absent: unknown.</summary>
    public double? EtaSeconds { get; init; }
}
