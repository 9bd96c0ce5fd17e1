namespace Comox.Memory.Consolidation;

/// <summary>The section <c>Comox:Memory:Roles</c>: which of the gateway's plain models does what for the memory. Empty: nobody, and the memory goes without.</summary>
internal sealed record RoleOptions
{
    public const string Section = "Comox:Memory:Roles";

    /// <summary>Reads facts in turns, beside the rules.</summary>
    public string? Extract { get; init; }

    /// <summary>Puts the oldest part of a conversation in few words.</summary>
    public string? Summarize { get; init; }

    /// <summary>Says what a message wants of memory, where rules do not see it; it has <c>Comox:Memory:IntentTimeout</c> for it.</summary>
    public string? Intent { get; init; }

    /// <summary>Turns texts into vectors; without it recall goes by words alone.</summary>
    public string? Embed { get; init; }

    public IEnumerable<string> Problems()
    {
        foreach (var (key, model) in new[] { (nameof(Extract), Extract), (nameof(Summarize), Summarize), (nameof(Intent), Intent), (nameof(Embed), Embed) })
        {
            // A character would remember being asked.
            if (model?.StartsWith("character/", StringComparison.Ordinal) == true)
                yield return $"{Section}:{key} is '{model}'; it must be a plain model.";
        }
    }
}
