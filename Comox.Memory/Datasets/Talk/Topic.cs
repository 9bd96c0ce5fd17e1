using Comox.Memory.Datasets.Words;
using Comox.Memory.Ingestion;

namespace Comox.Memory.Datasets.Talk;

/// <summary>Something a person tells of themselves and asks about later.</summary>
internal sealed class Topic(KeyedLines lines)
{
    private readonly string _relation = lines.Needed("relation")[0];

    public string Name => lines.Name;
    public string Values { get; } = lines.Needed("values")[0];

    /// <summary>The list of what <c>{n}</c> stands for; null: the topic has no noun.</summary>
    public string? Nouns { get; } = lines["nouns"] is [var nouns, ..] ? nouns : null;

    public IReadOnlyList<string> Asks { get; } = lines.Needed("ask");
    public IReadOnlyList<string> Tells { get; } = lines.Needed("tell");
    public IReadOnlyList<string> Corrections { get; } = lines.Needed("correct");
    public IReadOnlyList<string> Answers { get; } = lines.Needed("answer");
    public IReadOnlyList<string> ShortAnswers { get; } = lines.Needed("short");
    public IReadOnlyList<string> Confirmations { get; } = lines.Needed("confirm");
    public IReadOnlyList<string> Lacks { get; } = lines.Needed("lack");

    /// <summary>Whether Comox has a rule that makes a fact of it; where not, only the person's own sentence is remembered.</summary>
    public bool IsFact => _relation != "-";

    /// <summary>The relation of a fact, as in <see cref="Relations"/>.</summary>
    public string RelationFor(string? noun) => noun is null ? _relation : _relation.Replace("{n}", noun.Replace(' ', '_'), StringComparison.Ordinal);

    /// <summary>Whether a statement about it can be put right.</summary>
    public bool IsCorrected => !IsFact || Relations.IsFunctional(RelationFor(Nouns is null ? null : "x"));

    public override string ToString() => Name;
}

/// <summary>What a topic is about: with its noun where it has one.</summary>
internal sealed record Slot(Topic Topic, string? Noun)
{
    /// <summary>Whether a later statement takes the place of an earlier one. Whoever tells of another brother has two.</summary>
    public bool HasOneValue => !Topic.IsFact || Relations.IsFunctional(Topic.RelationFor(Noun));

    public string In(string text, string value) =>
        text.Replace("{n}", Noun, StringComparison.Ordinal).Replace("{v}", value, StringComparison.Ordinal);

    public string In(string text) => text.Replace("{n}", Noun, StringComparison.Ordinal);
}

/// <summary>What a person has told.</summary>
internal sealed record Statement(Slot Slot, string Value);
