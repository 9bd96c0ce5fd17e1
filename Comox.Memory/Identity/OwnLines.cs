using System.Text.RegularExpressions;
using Comox.Memory.Cards;

namespace Comox.Memory.Identity;

/// <summary>What a character itself says in its card: its part of the example dialogue, and its greetings.</summary>
internal static partial class OwnLines
{
    private const int LongestLabel = 60;

    public static IReadOnlyList<string> Of(CharacterCard card) =>
        [.. InExamples(card).Concat(card.Greetings).Select(line => line.Trim()).Where(line => line.Length > 0)];

    /// <summary>
    /// <c>&lt;START&gt;</c> begins a new example; a line "{{user}}: …" or "{{char}}: …" begins a turn, which the lines without a label after it continue.
    /// A block without any label is prose in the character's manner, and is taken whole.
    /// </summary>
    private static IEnumerable<string> InExamples(CharacterCard card)
    {
        foreach (var block in Start().Split(card.MessageExamples))
        {
            var (own, prose, labelled) = (new List<List<string>>(), new List<string>(), false);
            List<string>? turn = null;
            foreach (var line in block.Split('\n'))
            {
                if (Label(line, card) is { } label)
                {
                    labelled = true;
                    turn = null;
                    if (label.Own)
                        own.Add(turn = [label.Said]);
                }
                else
                    (labelled ? turn : prose)?.Add(line);
            }

            foreach (var said in labelled ? own : [prose])
                yield return string.Join('\n', said);
        }
    }

    private static (bool Own, string Said)? Label(string line, CharacterCard card)
    {
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        if (colon is <= 0 or > LongestLabel)
            return null;
        var name = line[..colon].Trim().Trim('*', '[', ']').Trim();
        var own = Is("{{char}}") || Is("<BOT>") || Is(card.Name) || Is(card.SpokenName);
        return own || Is("{{user}}") || Is("<USER>") || Is("user") ? (own, line[(colon + 1)..].Trim()) : null;

        bool Is(string label) => name.Equals(label, StringComparison.OrdinalIgnoreCase);
    }

    [GeneratedRegex("<START>", RegexOptions.IgnoreCase)]
    private static partial Regex Start();
}
