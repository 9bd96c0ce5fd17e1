namespace Comox.ServiceDefaults.Contracts.Nodes;

/// <summary>A LoRA that an engine serves beside its model: to clients a model of its own.</summary>
public sealed record AdapterStatus
{
    /// <summary>The name clients send as <c>model</c>.</summary>
    public required string Name { get; init; }

    /// <summary>One of <see cref="AdapterStates"/>.</summary>
    public required string State { get; init; }

    /// <summary>The state in words, for a person.</summary>
    public required string Reason { get; init; }

    /// <summary>Requests that use it; they are among the engine's.</summary>
    public int InFlight { get; init; }
}

/// <summary>States of an adapter.</summary>
public static class AdapterStates
{
    /// <summary>It is loaded when somebody asks for it.</summary>
    public const string Unloaded = "unloaded";

    public const string Loaded = "loaded";

    /// <summary>It cannot be served; its model can.</summary>
    public const string Failed = "failed";
}
