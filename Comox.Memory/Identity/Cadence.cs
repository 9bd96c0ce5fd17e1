using Comox.Memory.Cards;
using Comox.Memory.Identity.Drift;

namespace Comox.Memory.Identity;

/// <summary>
/// The rhythm of a character: what its author states, and for the rest what its own lines show. Null where neither says anything; nothing is assumed.
/// </summary>
internal sealed record Cadence
{
    /// <summary>Words of a sentence, on average.</summary>
    public double? SentenceWords { get; init; }

    /// <summary>Words of a whole reply: the middle one of the lines.</summary>
    public double? ReplyWords { get; init; }

    /// <summary>Share of words between asterisks, 0 to 1.</summary>
    public double? Actions { get; init; }

    /// <summary>Share of sentences that exclaim, 0 to 1.</summary>
    public double? Exclamations { get; init; }

    /// <summary>Share of sentences that ask, 0 to 1.</summary>
    public double? Questions { get; init; }

    /// <summary>How many lines were measured.</summary>
    public int Lines { get; init; }

    /// <param name="stated">What the card says in figures.</param>
    /// <param name="lines">What the character says in the card.</param>
    public static Cadence Of(CardCadence stated, IReadOnlyList<string> lines)
    {
        var shapes = lines.Select(line => ReplyShape.Of(new SpokenText(line))).Where(shape => shape.Words > 0).ToList();
        var (words, sentences) = (shapes.Sum(shape => shape.Words), shapes.Sum(shape => shape.Sentences));
        return new Cadence
        {
            SentenceWords = stated.SentenceWords ?? Share(words, sentences),
            ReplyWords = stated.ReplyWords ?? (shapes.Count == 0 ? null : shapes.Select(shape => shape.Words).Order().ElementAt(shapes.Count / 2)),
            Actions = stated.Actions ?? Share(shapes.Sum(shape => shape.ActionWords), words),
            Exclamations = stated.Exclamations ?? Share(shapes.Sum(shape => shape.Exclamations), sentences),
            Questions = stated.Questions ?? Share(shapes.Sum(shape => shape.Questions), sentences),
            Lines = shapes.Count,
        };
    }

    private static double? Share(int part, int whole) => whole == 0 ? null : Math.Round((double)part / whole, 3);
}
