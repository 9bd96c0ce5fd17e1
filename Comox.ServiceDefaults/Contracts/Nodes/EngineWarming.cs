namespace Comox.ServiceDefaults.Contracts.Nodes;

/// <summary><c>POST /node/engines/{id}/warm</c>: what is done for an engine that somebody may soon ask for.</summary>
public sealed record EngineWarming
{
    /// <summary>One of <see cref="EngineStates"/>, before anything is done.</summary>
    public required string State { get; init; }

    /// <summary>One of <see cref="WarmActions"/>.</summary>
    public required string Action { get; init; }

    /// <summary>Seconds until it would answer if somebody asked now, as predicted; null: unknown.</summary>
    public double? EtaSeconds { get; init; }
}

/// <summary>What becomes of a hint that somebody may soon ask for a model.</summary>
public static class WarmActions
{
    /// <summary>It is in memory or on its way, or nothing can be done that costs nobody anything.</summary>
    public const string None = "none";

    /// <summary>It is loaded.</summary>
    public const string Load = "load";

    /// <summary>There is no room for it: its files are read into the machine's memory, from where it is loaded sooner.</summary>
    public const string ReadAhead = "read_ahead";

    /// <summary>Somebody waits or something is loaded; its turn comes after that, within a minute or not at all.</summary>
    public const string Later = "later";
}
