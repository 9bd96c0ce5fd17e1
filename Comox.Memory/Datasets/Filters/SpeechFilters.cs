using Comox.Memory.Identity.Drift;
using Comox.Memory.Sessions;

namespace Comox.Memory.Datasets.Filters;

/// <summary>A reply in which a service speaks instead of the character: by the surest of the phrases that drift is heard by.</summary>
internal sealed class CharacterBreakFilter : IExampleFilter
{
    private const double Sure = 0.8;

    private static readonly IReadOnlyList<AssistantPhrase> Phrases = [.. AssistantPhrases.All.Where(phrase => phrase.Weight >= Sure)];

    public string Name => "character_break";

    public string? Objection(Example example) =>
        Phrases.Select(phrase => phrase.Pattern.Match(example.Reply)).FirstOrDefault(match => match.Success) is { } found ? $"it says '{found.Value}'" : null;
}

/// <summary>A reply that says the same words again and again, or the same as the reply before it.</summary>
internal sealed class RepetitionFilter : IExampleFilter
{
    private const int Run = 3;

    public string Name => "repetition";

    public string? Objection(Example example)
    {
        if (example.Prompt.LastOrDefault(message => message.Role == Utterance.Assistant)?.Content == example.Reply)
            return "it is the reply before it";
        var words = new string([.. example.Reply.ToLowerInvariant().Where(letter => char.IsLetterOrDigit(letter) || letter == ' ')]).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var at = 0; at + Run <= words.Length; at++)
        {
            if (!seen.Add(string.Join(' ', words[at..(at + Run)])))
                return "it repeats itself";
        }

        return null;
    }
}
