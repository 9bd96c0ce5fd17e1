using Comox.NodeAgent.ModelCache;

namespace Comox.NodeAgent.SavedSlots;

/// <summary>Section <c>Comox:NodeAgent:SavedSlots</c>: what engines had read of conversations, kept while their models are not in memory.</summary>
internal sealed record SavedSlotOptions
{
    public const string Section = $"{NodeAgentOptions.Section}:SavedSlots";

    /// <summary>How long they are kept, at most; 0: nothing is saved.</summary>
    public TimeSpan MaxAge { get; set; } = TimeSpan.FromHours(24);

    /// <summary>What those of all engines may take together.</summary>
    public string Size { get; set; } = "4GB";

    public bool IsOn => MaxAge > TimeSpan.Zero;

    public long SizeBytes => ByteSize.Parse(Size) ?? 0;

    public IEnumerable<string> Problems()
    {
        if (MaxAge < TimeSpan.Zero || MaxAge > TimeSpan.FromDays(30))
            yield return $"{Section}:{nameof(MaxAge)} is {MaxAge}; it must be between 0 (nothing is saved) and 30 days.";
        if (ByteSize.Parse(Size) is null)
            yield return $"{Section}:{nameof(Size)} must be {ByteSize.Form}; it is '{Size}'.";
    }
}
