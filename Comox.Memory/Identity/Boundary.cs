using System.Text.RegularExpressions;
using Comox.Memory.Cards;
using Comox.Memory.Identity.Drift;

namespace Comox.Memory.Identity;

/// <summary>
/// Something a character does not do. It is looked after by the words and patterns its author gives, and by what its own sentence plainly says: "never
/// mentions money", "never says 'guys'", "does not swear", "never uses emoji". A boundary of which neither says anything cannot be checked, and is not.
/// </summary>
internal sealed class Boundary
{
    private readonly Regex[] _patterns;
    private readonly string[] _words;
    private readonly StatedRule _stated;

    public Boundary(CardBoundary boundary)
    {
        Text = boundary.Text;
        _patterns = [.. boundary.Patterns.Select(CardIdentity.Compile)];
        _stated = StatedRule.Of(boundary.Text);
        _words = [.. boundary.Words.Concat(_stated.Words).Select(word => word.Trim().ToLowerInvariant()).Where(word => word.Length > 0).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>The author's sentence, with its macros.</summary>
    public string Text { get; }

    public bool IsChecked => _patterns.Length > 0 || _words.Length > 0 || _stated.IsKnown;

    /// <summary>How surely the reply breaks it, 0 to 1, and with which of its words; 0 where it does not.</summary>
    public (double Weight, string Words) Breach(SpokenText reply)
    {
        foreach (var pattern in _patterns)
        {
            var match = pattern.Match(reply.Text);
            if (match.Success)
                return (Surely, match.Value);
        }

        foreach (var word in _words)
        {
            if (WholeWord(reply.Text, word))
                return (Surely, word);
        }

        return _stated.Breach(reply.Text);
    }

    public const double Surely = 0.95;

    internal static bool WholeWord(ReadOnlySpan<char> text, string word)
    {
        for (var from = 0; text[from..].IndexOf(word, StringComparison.OrdinalIgnoreCase) is >= 0 and var found; from += found + 1)
        {
            var (start, end) = (from + found, from + found + word.Length);
            if ((start == 0 || !char.IsLetterOrDigit(text[start - 1])) && (end == text.Length || !char.IsLetterOrDigit(text[end])))
                return true;
        }

        return false;
    }
}
