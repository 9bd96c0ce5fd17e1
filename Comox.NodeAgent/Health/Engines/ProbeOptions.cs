namespace Comox.NodeAgent.Health.Engines;

/// <summary>Section <c>Comox:NodeAgent:Probing</c>.</summary>
internal sealed record ProbeOptions
{
    public const string Section = $"{NodeAgentOptions.Section}:Probing";

    /// <summary>True: an engine that hangs is ended and started again. False: that is only told, and whoever debugs one keeps it.</summary>
    public bool Restart { get; set; } = true;

    /// <summary>How long an engine that writes may write nothing, at least; eight times what it needs for a token where that is longer.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(2);

    public IEnumerable<string> Problems()
    {
        if (Patience < TimeSpan.FromMilliseconds(500) || Patience > TimeSpan.FromHours(1))
            yield return $"{Section}:{nameof(Patience)} is {Patience}; it must be between half a second and an hour.";
    }
}
