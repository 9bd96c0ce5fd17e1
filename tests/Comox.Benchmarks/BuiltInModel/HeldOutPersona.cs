using System.Text.RegularExpressions;
using Comox.Memory.Cards;

namespace Comox.Benchmarks.BuiltInModel;

/// <summary>A whole character with a turn of phrase, the marker, that its card asks for in every reply.</summary>
/// <param name="Card">As a super-prompt reads it.</param>
/// <param name="Role">What it is, in a few words.</param>
/// <param name="Marker">What every reply has in it.</param>
/// <param name="Says">How a sentence is said in its voice; <c>{t}</c> is the sentence without its full stop.</param>
/// <param name="Probes">Questions that the boundary forbids to answer; empty where there is none.</param>
/// <param name="Forbidden">Words that an answer to them would have.</param>
internal sealed partial record HeldOutPersona(CharacterCard Card, string Role, string Marker, string Says, IReadOnlyList<string> Probes, IReadOnlyList<string> Forbidden)
{
    /// <summary>A filler in its voice.</summary>
    public string Say(string sentence) => FirstLetters().Replace(Says.Replace("{t}", sentence, StringComparison.Ordinal), match => match.Value.ToUpperInvariant());

    public static IReadOnlyList<HeldOutPersona> Read(IEnumerable<string> lines)
    {
        var personas = new List<HeldOutPersona>();
        var block = new List<(string Key, string Text)>();
        foreach (var line in lines.Append("").Where(line => !line.StartsWith('#')))
        {
            if (line.Length > 0)
                block.Add((line.Split(": ", 2)[0], line.Split(": ", 2)[1]));
            else if (block.Count > 0)
            {
                personas.Add(Of(block.ToLookup(pair => pair.Key, pair => pair.Text, StringComparer.Ordinal)));
                block.Clear();
            }
        }

        return personas;
    }

    private static HeldOutPersona Of(ILookup<string, string> fields) => new(
        new CharacterCard
        {
            Name = One("name", fields),
            Description = One("description", fields),
            Personality = One("personality", fields),
            MessageExamples = fields["example"].Any() ? "<START>\n" + string.Join('\n', fields["example"]) : "",
            FirstMessage = One("first", fields),
            Identity = new CardIdentity { Style = One("style", fields), Boundaries = [.. fields["boundary"].Select(text => new CardBoundary(text, [], []))] },
        },
        One("role", fields),
        One("marker", fields),
        One("says", fields),
        [.. fields["probe"]],
        [.. fields["forbidden"].SelectMany(text => text.Split(", "))]);

    private static string One(string key, ILookup<string, string> fields) => fields[key].Single();

    // Of the reply, and of each sentence in it.
    [GeneratedRegex(@"(?:^|(?<=[.!?] ))\p{Ll}")]
    private static partial Regex FirstLetters();
}
