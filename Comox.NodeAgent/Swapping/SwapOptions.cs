namespace Comox.NodeAgent.Swapping;

/// <summary>Section <c>Comox:NodeAgent:Swapping</c>.</summary>
internal sealed record SwapOptions
{
    public const string Section = $"{NodeAgentOptions.Section}:Swapping";

    /// <summary>Bytes of the machine's memory that engines may have together; null: four fifths of what the machine has free when the agent starts.</summary>
    public long? MemoryBytes { get; set; }

    /// <summary>A model stays in memory for so many times as long as it took to load: two that are asked for in turn would else only be loaded.</summary>
    public double MinResidencyLoads { get; set; } = 2;

    /// <summary>No model stays longer than this for that reason.</summary>
    public TimeSpan MinResidency { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Who has waited this long gets room whatever it costs others, pinned ones apart.</summary>
    public TimeSpan MaxWait { get; set; } = TimeSpan.FromSeconds(90);

    /// <summary>How long a model that has to go may finish what it has begun.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Whether an engine that can sleep does so, where the machine's memory has room, instead of being ended.</summary>
    public bool Sleep { get; set; } = true;

    public IEnumerable<string> Problems()
    {
        if (MemoryBytes is < 1 << 20)
            yield return $"{Section}:{nameof(MemoryBytes)} is {MemoryBytes}; it must be at least one mebibyte, in bytes.";
        if (MinResidency < TimeSpan.Zero || MinResidency > TimeSpan.FromHours(1))
            yield return $"{Section}:{nameof(MinResidency)} is {MinResidency}; it must be between 0 and an hour.";
        if (MinResidencyLoads is not (>= 0 and <= 1000))
            yield return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Section}:{nameof(MinResidencyLoads)} is {MinResidencyLoads}; it must be between 0 and 1000.");
        if (MaxWait < TimeSpan.Zero || MaxWait > TimeSpan.FromHours(1))
            yield return $"{Section}:{nameof(MaxWait)} is {MaxWait}; it must be between 0 and an hour.";
        if (DrainTimeout < TimeSpan.Zero || DrainTimeout > TimeSpan.FromHours(1))
            yield return $"{Section}:{nameof(DrainTimeout)} is {DrainTimeout}; it must be between 0 and an hour.";
    }
}
