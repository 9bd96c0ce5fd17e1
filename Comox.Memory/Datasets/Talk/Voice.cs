using System.Text.RegularExpressions;
using Comox.Memory.Datasets.Words;

namespace Comox.Memory.Datasets.Talk;

/// <summary>How a kind of character talks: its lines for what comes up in any conversation, and how its answers are dressed.</summary>
internal sealed class Voice
{
    private readonly KeyedLines _lines;
    private readonly List<(Regex Plain, string Said)> _pronouns = [];

    public Voice(KeyedLines lines)
    {
        _lines = lines;

        // The longest first: "you are" before "you".
        foreach (var key in new[] { "you are", "yours", "your", "you" })
        {
            if (lines[key] is [var said, ..])
                _pronouns.Add((new Regex($@"\b{key}\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant), said));
        }
    }

    public string Name => _lines.Name;

    /// <summary>Words of which every opener has one; none: the voice has no mark.</summary>
    public IReadOnlyList<string> Markers => _lines["marker"];

    /// <summary>Lines by what they are for: <c>greet</c>, <c>mood</c>, <c>unknown</c>, <c>role</c>, <c>look</c> …</summary>
    public IReadOnlyList<string> this[string key] => _lines.Needed(key);

    /// <summary>Whether it has every kind of line that another has.</summary>
    /// <exception cref="FormatException">One is missing: said before anything is made, not when the dice come to it.</exception>
    public void Check(Voice other)
    {
        foreach (var key in other._lines.Keys)
            _lines.Needed(key);
    }

    /// <summary>A sentence that says "you", as this voice says it.</summary>
    public string Spoken(string sentence)
    {
        foreach (var (plain, said) in _pronouns)
            sentence = plain.Replace(sentence, match => char.IsUpper(match.ValueSpan[0]) ? Wordsmith.Capital(said) : said);
        return sentence;
    }
}
