namespace Comox.Memory.Ingestion;

/// <summary>How it is known. Wire values of <c>epistemic</c>.</summary>
internal static class Epistemic
{
    /// <summary>The speaker said so of themselves, or of their world.</summary>
    public const string Asserted = "asserted";

    /// <summary>The character saw or did it in the scene.</summary>
    public const string Experienced = "experienced";

    /// <summary>Somebody told it of somebody else.</summary>
    public const string Heard = "heard";

    /// <summary>The narration says so.</summary>
    public const string Narrated = "narrated";

    public static readonly IReadOnlyList<string> All = [Asserted, Experienced, Heard, Narrated];
}
