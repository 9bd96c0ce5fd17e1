using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.ServiceDefaults.Contracts.Gateway;

/// <summary><c>GET /gateway/nodes</c>: those of the settings in their order, then those that registered.</summary>
public sealed record NodeList(IReadOnlyList<NodeEntry> Data);

/// <summary>One node as this gateway knows it.</summary>
public sealed record NodeEntry
{
    /// <summary>Base address of its agent; absent while its name stands for none.</summary>
    public string? Address { get; init; }

    /// <summary>How it was found, one of <see cref="NodeSources"/>.</summary>
    public required string Source { get; init; }

    /// <summary>One of <see cref="NodeStates"/>.</summary>
    public required string State { get; init; }

    /// <summary>Why it is not heard.</summary>
    public string? Reason { get; init; }

    /// <summary>Since it was heard last; absent when it never was.</summary>
    public double? SilentSeconds { get; init; }

    /// <summary>The last that it said of itself, however old.</summary>
    public NodeStatus? Status { get; init; }
}

/// <summary>Where the gateway knows a node from.</summary>
public static class NodeSources
{
    public const string Settings = "settings";

    /// <summary>Service discovery.</summary>
    public const string Discovery = "discovery";

    /// <summary>A DNS name with a record for each node.</summary>
    public const string Dns = "dns";

    /// <summary>Its agent registered.</summary>
    public const string Registered = "registered";
}

/// <summary>What a gateway hears of a node.</summary>
public static class NodeStates
{
    /// <summary>It is heard.</summary>
    public const string Heard = "heard";

    /// <summary>Its beat is missing: others are asked while there are any.</summary>
    public const string Quiet = "quiet";

    /// <summary>It has been missing for so long that what the node was sent is asked for elsewhere.</summary>
    public const string Silent = "silent";

    /// <summary>It cannot be reached.</summary>
    public const string Lost = "lost";
}

/// <summary><c>POST /gateway/nodes</c>: an agent says where it is.</summary>
/// <param name="Address">Base address of the agent, as this gateway reaches it.</param>
public sealed record NodeRegistration(string Address);

/// <summary>The answer to it.</summary>
/// <param name="LeaseSeconds">Said again before this is over, it stays known; once it is heard, it does as long as it is.</param>
public sealed record NodeLease(double LeaseSeconds);
