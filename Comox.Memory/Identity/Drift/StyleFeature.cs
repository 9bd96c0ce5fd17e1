using System.Globalization;
using Comox.Memory.Cards;

namespace Comox.Memory.Identity.Drift;

/// <summary>What a figure is a mean over, and so how much of it is chance in a short reply.</summary>
internal enum Unit
{
    Reply,
    Sentence,
    Word,
}

/// <summary>One figure of a style. Lengths are compared by their logarithm: 5 to 10 words is as far as 10 to 20.</summary>
/// <param name="Name">In words, after its value.</param>
/// <param name="Spread">How much it differs between two lines of one voice when nothing is known of that voice: the standard deviation that a card with few examples is lent.</param>
/// <param name="Of">Its value in a text.</param>
/// <param name="Per">What it is a mean over.</param>
/// <param name="Single">Standard deviation of one such unit; null for a share, whose deviation follows from its mean.</param>
/// <param name="Stated">Its value where the author states it.</param>
/// <param name="IsLength">Whether it is a logarithm.</param>
/// <param name="Below">What a distance below the mean weighs: a question may call for a short answer from anybody.</param>
internal sealed record StyleFeature(
    string Name, double Spread, Func<ReplyShape, double> Of, Unit Per, double? Single = null, Func<CardCadence, double?>? Stated = null, bool IsLength = false, double Below = 1)
{
    public static readonly StyleFeature[] All =
    [
        new("words a sentence", 0.35, shape => Math.Log(1 + Ratio(shape.Words, shape.Sentences)), Unit.Sentence, 0.5, cadence => LogOf(cadence.SentenceWords), IsLength: true),
        new("words a reply", 0.6, shape => Math.Log(1 + shape.Words), Unit.Reply, 0, cadence => LogOf(cadence.ReplyWords), IsLength: true, Below: 0.5),
        new("of the words are actions", 0.22, shape => Ratio(shape.ActionWords, shape.Words), Unit.Reply, 0, cadence => cadence.Actions),
        new("of the sentences exclaim", 0.2, shape => Ratio(shape.Exclamations, shape.Sentences), Unit.Sentence, Stated: cadence => cadence.Exclamations),
        new("of the sentences ask", 0.25, shape => Ratio(shape.Questions, shape.Sentences), Unit.Sentence, Stated: cadence => cadence.Questions),
        new("dashes and dots a sentence", 0.25, shape => Ratio(shape.Pauses, shape.Sentences), Unit.Sentence),
        new("commas a word", 0.035, shape => Ratio(shape.Commas, shape.Words), Unit.Word),
        new("of the words are contracted", 0.035, shape => Ratio(shape.Contractions, shape.Words), Unit.Word),
        new("letters a word", 0.25, shape => Ratio(shape.Letters, shape.Words), Unit.Word, 2.2),
        new("of the sentences begin small", 0.2, shape => Ratio(shape.SmallStarts, shape.Sentences), Unit.Sentence),
        new("of the words are I and my", 0.035, shape => Ratio(shape.FirstPersons, shape.Words), Unit.Word),
        new("lines", 0.4, shape => Math.Log(1 + shape.Lines), Unit.Reply, 0, IsLength: true),
    ];

    /// <summary>The variance that chance gives to the figure in a text of this size, about this mean.</summary>
    public double Chance(ReplyShape shape, double mean)
    {
        var units = Per switch { Unit.Sentence => shape.Sentences, Unit.Word => shape.Words, _ => 1 };
        var share = Math.Clamp(mean, 0.04, 0.96);
        return (Single is { } deviation ? deviation * deviation : share * (1 - share)) / Math.Max(1, units);
    }

    /// <summary>A value in the unit a person reads.</summary>
    public string Written(double value) => IsLength
        ? (Math.Exp(value) - 1).ToString(Math.Exp(value) < 11 ? "0.#" : "0", CultureInfo.InvariantCulture) + " " + Name
        : Name.StartsWith("of ", StringComparison.Ordinal)
            ? (100 * value).ToString("0", CultureInfo.InvariantCulture) + " % " + Name
            : value.ToString("0.##", CultureInfo.InvariantCulture) + " " + Name;

    private static double? LogOf(double? value) => value is { } words ? Math.Log(1 + words) : null;

    private static double Ratio(int part, int whole) => whole == 0 ? 0 : (double)part / whole;
}
