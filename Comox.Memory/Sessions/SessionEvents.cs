using System.Text.Json.Serialization;

namespace Comox.Memory.Sessions;

/// <summary>
/// One thing that happened in a session. The session's log of them is the truth; turns, facts, scenes and summaries are projections that <c>SessionReplay</c>
/// can make again. An event names things by id and never refers to the state it meets, so that a log without a turn's events is a log too.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(TurnSaid), "turn.said")]
[JsonDerivedType(typeof(LineMoved), "line.moved")]
[JsonDerivedType(typeof(TurnMoved), "turn.moved")]
[JsonDerivedType(typeof(TurnEdited), "turn.edited")]
[JsonDerivedType(typeof(TurnsDeleted), "turns.deleted")]
[JsonDerivedType(typeof(ReplyTold), "reply.told")]
[JsonDerivedType(typeof(FactsRead), "facts.read")]
[JsonDerivedType(typeof(TurnsRead), "turns.read")]
[JsonDerivedType(typeof(FactForgotten), "fact.forgotten")]
[JsonDerivedType(typeof(SceneChanged), "scene.changed")]
[JsonDerivedType(typeof(SummaryMade), "summary.made")]
[JsonDerivedType(typeof(ReplyScored), "reply.scored")]
[JsonDerivedType(typeof(CharacterDrifted), "identity.drifted")]
internal abstract record SessionEvent
{
    /// <summary>The turn that this is about or comes from; null: about the session.</summary>
    public abstract string? Of();

    /// <summary>Whether the conversation goes on with it: work in the background changes nothing of when that was last.</summary>
    public virtual bool IsTalk() => true;

    /// <summary>What may remain of it when its turn has been deleted: the shape of the tree, and not a word of what was said.</summary>
    public virtual SessionEvent Redacted() => this;
}

/// <summary>A message came into the tree, below <paramref name="Parent"/> (null: a root). It is not on the line until the line moves.
/// <paramref name="At"/> is when it was said, <paramref name="Heard"/> has the ids of the guests who were there; null in events from before that was noted: scenes tell.</summary>
internal sealed record TurnSaid(
    string Turn, string? Parent, string Role, string Content, DateTimeOffset At, string? Receipt = null, string? FinishReason = null, string? Model = null, IReadOnlyList<string>? Heard = null)
    : SessionEvent
{
    public override string Of() => Turn;
    public override SessionEvent Redacted() => this with { Content = "" };
}

/// <summary>The line became the path from its root to <paramref name="Head"/>; null emptied it. Swipes, branches and plain going on are all this.</summary>
internal sealed record LineMoved(string? Head) : SessionEvent
{
    public override string? Of() => null;
}

/// <summary>A turn, with all below it, came below another: a late reply took its place before what had been said since.</summary>
internal sealed record TurnMoved(string Turn, string? Parent) : SessionEvent
{
    public override string? Of() => null;
}

/// <summary>The words of a turn were replaced, in place. What was read from the old words goes.</summary>
internal sealed record TurnEdited(string Turn, string Content) : SessionEvent
{
    public override string Of() => Turn;
    public override SessionEvent Redacted() => this with { Content = "" };
}

/// <summary>Turns are gone, with all that came from them; what followed one now follows what was before it.</summary>
internal sealed record TurnsDeleted(IReadOnlyList<string> Turns) : SessionEvent
{
    public override string? Of() => null;
}

/// <summary>How a reply that was stored already had been made.</summary>
internal sealed record ReplyTold(string Turn, string FinishReason, string Model) : SessionEvent
{
    public override string Of() => Turn;
}

/// <summary>What a reader found in a turn. Takes the place of every earlier reading of it. <paramref name="Reader"/> is <c>rules/2</c>, or the
/// model of the <c>extract</c> role.</summary>
internal sealed record FactsRead(string Turn, string Reader, IReadOnlyList<ReadFact> Facts) : SessionEvent
{
    public override bool IsTalk() => false;
    public override string Of() => Turn;
    public override SessionEvent Redacted() => this with { Facts = [] };
}

/// <summary>A statement as a reader found it.</summary>
/// <param name="Id">Made from its turn, so that two readings of the same words give the same ids.</param>
/// <param name="About">Whom or what it is about; null: the person.</param>
/// <param name="Relation">Key of the relation: see <c>Ingestion/Relations</c>.</param>
/// <param name="Object">The value.</param>
/// <param name="Retracts">The statement was taken back; with an empty <paramref name="Object"/>, every value of the relation.</param>
/// <param name="Start">Where the quote starts in the turn's content, in UTF-16 units.</param>
/// <param name="Quote">The words it rests on: a substring of the turn.</param>
/// <param name="ValidFrom">Since when it is true, where the words say so; null: since it was said.</param>
/// <param name="ValidTo">Until when, where the words say so.</param>
/// <param name="Epistemic">One of <see cref="Ingestion.Epistemic"/>.</param>
internal sealed record ReadFact(
    string Id, string Relation, string Object, bool Retracts, int Start, string Quote,
    string? About = null, DateTimeOffset? ValidFrom = null, DateTimeOffset? ValidTo = null, string Epistemic = Ingestion.Epistemic.Asserted);

/// <summary>The <c>extract</c> role is done with these turns, whether it found something or not: until one is edited, it need not be read again.</summary>
internal sealed record TurnsRead(IReadOnlyList<string> Turns) : SessionEvent
{
    public override bool IsTalk() => false;
    public override string? Of() => null;
}

/// <summary>The person had a fact forgotten, though the words that told it stay.</summary>
internal sealed record FactForgotten(string Fact, string Turn) : SessionEvent
{
    public override string Of() => Turn;
}

/// <summary>
/// Place, time and who is there, from <paramref name="Turn"/> on; null is the session's opening scene. <paramref name="Present"/>: ids of the characters
/// that perceive what is said after that turn; empty: the session's own alone; null: as before.
/// </summary>
internal sealed record SceneChanged(string? Turn, string? Place, string? Time, IReadOnlyList<string>? Present) : SessionEvent
{
    public override string? Of() => Turn;
    public override SessionEvent Redacted() => this with { Place = null, Time = null };
}

/// <summary>
/// The oldest part of a line in few words. Holds for every line that has the same path up to there: <paramref name="Chain"/> is that path's digest.
/// <paramref name="Sources"/>: ids of the turns it was made from, beside those of the summary <paramref name="Previous"/> that it stands on. Events from before
/// there was a previous name all their turns.
/// </summary>
internal sealed record SummaryMade(string Id, string Chain, int Depth, IReadOnlyList<string> Sources, string Content, string Model, string? Previous = null) : SessionEvent
{
    public override bool IsTalk() => false;
    public override string? Of() => null;
    public override SessionEvent Redacted() => this with { Content = "" };
}

/// <summary>How far a reply is from its character; <paramref name="Score"/> is JSON, with the evidence.</summary>
internal sealed record ReplyScored(string Turn, double Total, string Score) : SessionEvent
{
    public override bool IsTalk() => false;
    public override string Of() => Turn;
    public override SessionEvent Redacted() => this with { Score = "{}" };
}

/// <summary>With this reply a window of replies had moved away from the character; <paramref name="Details"/> is JSON, with the evidence.</summary>
internal sealed record CharacterDrifted(string Turn, int IdentityVersion, double Level, string Details) : SessionEvent
{
    public override bool IsTalk() => false;
    public override string Of() => Turn;
    public override SessionEvent Redacted() => this with { Details = "{}" };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SessionEvent))]
internal sealed partial class SessionEventJson : JsonSerializerContext;
