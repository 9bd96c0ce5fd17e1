namespace Comox.Memory.Identity.Drift;

/// <summary>
/// How far one reply is from its character, each part 0 (it could stand in the card) to 1. Null is unknown, because the reply is too short to tell or the card
/// gives nothing to compare with; it is never written as 0.
/// </summary>
internal sealed record DriftScore
{
    public static readonly DriftScore Unknown = new();

    /// <summary>Rhythm and punctuation against the character's own lines.</summary>
    public double? Style { get; init; }

    /// <summary>Words and spelling against the character's own lines and its first replies.</summary>
    public double? Vocabulary { get; init; }

    /// <summary>Boundaries of the card that are broken.</summary>
    public double? Boundary { get; init; }

    /// <summary>Speaking, acting or deciding for the person.</summary>
    public double? Agency { get; init; }

    /// <summary>The voice of an assistant: refusals, service phrases, lectures in lists.</summary>
    public double? AssistantSpeak { get; init; }

    /// <summary>All of it. Independent reasons add up: one sure one is enough.</summary>
    public double? Total { get; init; }

    /// <summary>What speaks for it, in words, weightiest first.</summary>
    public IReadOnlyList<DriftEvidence> Evidence { get; init; } = [];
}

/// <param name="Component"><c>style</c>, <c>vocabulary</c>, <c>boundary</c>, <c>agency</c> or <c>assistant_speak</c>.</param>
/// <param name="Weight">What it gives to its component, 0 to 1.</param>
/// <param name="Says">Which phrase, which boundary, which figure against which baseline. It may quote the reply: do not log it.</param>
internal sealed record DriftEvidence(string Component, double Weight, string Says);

/// <summary>A reply and what it answers.</summary>
/// <param name="Reply">The reply as it was written.</param>
/// <param name="Message">What the person said before it; empty where it opens the conversation.</param>
/// <param name="UserNames">What the person is called, most usual first; empty where no name is known.</param>
/// <param name="Accepted">Earlier replies of the line that were in character, oldest first: they widen what is known of the vocabulary.</param>
internal sealed record ReplyToScore(string Reply, string Message, IReadOnlyList<string> UserNames, IReadOnlyList<string> Accepted)
{
    public ReplyToScore(string reply)
        : this(reply, "", [], [])
    {
    }
}

internal static class DriftComponents
{
    public const string Style = "style";
    public const string Vocabulary = "vocabulary";
    public const string Boundary = "boundary";
    public const string Agency = "agency";
    public const string AssistantSpeak = "assistant_speak";
}
