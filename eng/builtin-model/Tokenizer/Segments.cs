using System.Text;

namespace Comox.BuiltInModel.Tokenizer;

/// <summary>
/// Cuts a text where no piece may reach across: a segment is a run of letters or one other character, with the space before it. Digits and line ends
/// stand alone, so that dates do not eat the vocabulary. llama.cpp knows nothing of segments: it comes to the same pieces because none is in the vocabulary
/// that reaches across.
/// </summary>
internal static class Segments
{
    /// <summary>What stands for a space in a piece.</summary>
    public const char Space = '▁';

    public static IEnumerable<string> Of(string text)
    {
        var segment = new StringBuilder();
        var inWord = false;
        foreach (var rune in text.EnumerateRunes())
        {
            var letter = IsLetter(rune);
            if (segment.Length > 0 && !(letter && (inWord || IsSpace(segment))) && !(Joins(rune) && IsSpace(segment)))
            {
                yield return segment.ToString();
                segment.Clear();
            }

            segment.Append(rune.Value == ' ' ? Space.ToString() : rune.ToString());
            inWord = letter;
        }

        if (segment.Length > 0)
            yield return segment.ToString();
    }

    private static bool IsSpace(StringBuilder segment) => segment.Length == 1 && segment[0] == Space;

    private static bool IsLetter(Rune rune) => Rune.IsLetter(rune);

    /// <summary>What may follow a space within a segment, letters aside.</summary>
    private static bool Joins(Rune rune) => !IsLetter(rune) && !Rune.IsDigit(rune) && !Rune.IsWhiteSpace(rune) && !Rune.IsControl(rune) && rune.Value != Space;
}
