using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Comox.Memory.Cards;

namespace Comox.Memory.Identity.Drift;

/// <summary>
/// The short reminder of who a character is that goes near the end of a prompt while it drifts. It is made of the author's own sentences, those first that
/// answer what has drifted; a line per sentence, so that what does not fit can be left off at the end.
/// </summary>
internal static partial class Reanchoring
{
    private const int LongestExample = 200;
    private const double Notable = 0.25;

    /// <param name="core">The identity that is anchored.</param>
    /// <param name="state">Why.</param>
    /// <param name="user">What <c>{{user}}</c> stands for.</param>
    /// <param name="decay">That of the window.</param>
    /// <param name="maxLength">In characters; no sentence is cut.</param>
    /// <returns>Null where nothing has drifted, or the card has nothing to say.</returns>
    public static string? Text(IdentityCore core, DriftState state, string user, double decay, int maxLength = 700)
    {
        if (!state.Drifted)
            return null;

        var text = new StringBuilder();
        foreach (var line in Lines(core, state, decay).Where(line => line.Length > 0).Distinct(StringComparer.Ordinal))
        {
            var spoken = CardMacros.Expand(line, core.SpokenName, user).ReplaceLineEndings(" ");
            if (text.Length + spoken.Length + 1 > maxLength)
                continue;
            text.Append(text.Length == 0 ? "" : "\n").Append(spoken);
        }

        return text.Length == 0 ? null : text.ToString();
    }

    private static IEnumerable<string> Lines(IdentityCore core, DriftState state, double decay)
    {
        yield return "Remember who {{char}} is.";
        if (state.Mean(score => score.Agency, decay) >= Notable)
            yield return "Never speak or act for {{user}}.";
        if (state.Mean(score => score.Boundary, decay) >= Notable)
        {
            foreach (var boundary in core.Boundaries)
                yield return boundary.Text;
        }

        foreach (var sentence in Sentences(core.Psychology).Take(3))
            yield return sentence;
        foreach (var sentence in Sentences(core.Style).Take(2))
            yield return sentence;
        if (state.Mean(score => score.Style, decay) >= Notable && core.Cadence.SentenceWords is { } words && core.Cadence.ReplyWords is { } reply)
            yield return $"{{{{char}}}} speaks in sentences of about {Whole(words)} words, and says about {Whole(reply)} at a time.";
        foreach (var example in core.Examples.Where(example => example.Length <= LongestExample).Take(2))
            yield return $"{{{{char}}}} once said: \"{example}\"";
        foreach (var boundary in core.Boundaries)
            yield return boundary.Text;
        foreach (var sentence in Sentences(core.Description).Take(2))
            yield return sentence;
    }

    private static string Whole(double figure) => Math.Max(1, Math.Round(figure)).ToString(CultureInfo.InvariantCulture);

    private static IEnumerable<string> Sentences(string text) => SentenceEnd().Split(text).Select(sentence => sentence.Trim());

    [GeneratedRegex(@"(?<=[.!?])\s+|\n+")]
    private static partial Regex SentenceEnd();
}
