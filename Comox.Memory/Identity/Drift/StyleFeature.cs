using System.Globalization;
using Comox.Memory.Cards;

namespace Comox.Memory.Identity.Drift;

/// <summary>
/// One figure of a style. <c>Spread</c> is how much it differs between two lines of the same voice when nothing is known of that voice: the standard
/// deviation that a card with few examples is lent. Lengths are compared by their logarithm: 5 to 10 words is as far as 10 to 20.
/// </summary>
internal sealed record StyleFeature(string Name, double Spread, Func<ReplyShape, double> Of, bool PerSentence = false, Func<CardCadence, double?>? Stated = null, bool IsLength = false)
{
    public static readonly StyleFeature[] All =
    [
        new("words a sentence", 0.35, shape => Math.Log(1 + Ratio(shape.Words, shape.Sentences)), Stated: cadence => LogOf(cadence.SentenceWords), IsLength: true),
        new("words a reply", 0.5, shape => Math.Log(1 + shape.Words), Stated: cadence => LogOf(cadence.ReplyWords), IsLength: true),
        new("of the words are actions", 0.22, shape => Ratio(shape.ActionWords, shape.Words), Stated: cadence => cadence.Actions),
        new("of the sentences exclaim", 0.2, shape => Ratio(shape.Exclamations, shape.Sentences), PerSentence: true, Stated: cadence => cadence.Exclamations),
        new("of the sentences ask", 0.25, shape => Ratio(shape.Questions, shape.Sentences), PerSentence: true, Stated: cadence => cadence.Questions),
        new("dashes and dots a sentence", 0.25, shape => Ratio(shape.Pauses, shape.Sentences), PerSentence: true),
        new("commas a word", 0.045, shape => Ratio(shape.Commas, shape.Words)),
        new("of the words are contracted", 0.05, shape => Ratio(shape.Contractions, shape.Words)),
        new("letters a word", 0.4, shape => Ratio(shape.Letters, shape.Words)),
        new("of the sentences begin small", 0.2, shape => Ratio(shape.SmallStarts, shape.Sentences), PerSentence: true),
        new("of the words are I and my", 0.045, shape => Ratio(shape.FirstPersons, shape.Words)),
        new("lines", 0.4, shape => Math.Log(1 + shape.Lines), IsLength: true),
    ];

    /// <summary>A value in the unit a person reads.</summary>
    public string Written(double value) => IsLength
        ? (Math.Exp(value) - 1).ToString(Math.Exp(value) < 11 ? "0.#" : "0", CultureInfo.InvariantCulture) + " " + Name
        : Name.StartsWith("of ", StringComparison.Ordinal)
            ? (100 * value).ToString("0", CultureInfo.InvariantCulture) + " % " + Name
            : value.ToString("0.##", CultureInfo.InvariantCulture) + " " + Name;

    private static double? LogOf(double? value) => value is { } words ? Math.Log(1 + words) : null;

    private static double Ratio(int part, int whole) => whole == 0 ? 0 : (double)part / whole;
}
