using Comox.Memory.Recall;

namespace Comox.Benchmarks.BuiltInModel;

/// <summary>A conversation with the model, and what is asked of its last reply, or of each.</summary>
/// <param name="Kind">One of <see cref="TalkerKinds"/>.</param>
/// <param name="Topic">What it is about, for whoever looks for a weak spot.</param>
/// <param name="Persona">Who speaks.</param>
/// <param name="User">With whom.</param>
/// <param name="Memory">What is remembered, as recall would offer it.</param>
/// <param name="Script">What the person says, in turn.</param>
/// <param name="Expected">What is right.</param>
internal sealed record TalkerTalk(
    string Kind, string Topic, HeldOutPersona Persona, string User, IReadOnlyList<Candidate> Memory, IReadOnlyList<TalkerSaid> Script, TalkerExpected Expected)
{
    public bool EveryReplyCounts => Kind == TalkerKinds.TwentyTurns;

    /// <summary>Whether the character opened the conversation.</summary>
    public bool HasOpening { get; init; }
}

/// <param name="Text">The person's message.</param>
/// <param name="Reply">What was answered; null: what the model answers.</param>
internal sealed record TalkerSaid(string Text, string? Reply = null);

/// <param name="Value">What the reply names; null: nothing in particular.</param>
/// <param name="Never">What it does not name.</param>
/// <param name="Admits">Whether it says that it does not know.</param>
/// <param name="Declines">Whether it says that it will not tell.</param>
/// <param name="Marker">The turn of phrase that it has; null: any.</param>
internal sealed record TalkerExpected(string? Value = null, IReadOnlyList<string>? Never = null, bool Admits = false, bool Declines = false, string? Marker = null);

/// <summary>What is asked of the model, in the order of the table.</summary>
internal static class TalkerKinds
{
    public const string NamesAndValues = "names+values";
    public const string Phrasings = "phrasings";
    public const string OwnWords = "own words";
    public const string ToldBefore = "told before";
    public const string Unknown = "unknown";
    public const string Correction = "correction";
    public const string Voice = "voice";
    public const string TwentyTurns = "20 turns";
    public const string World = "world";
    public const string Boundary = "boundary";

    public static readonly IReadOnlyList<string> All = [NamesAndValues, Phrasings, OwnWords, ToldBefore, Unknown, Correction, Voice, TwentyTurns, World, Boundary];
}
