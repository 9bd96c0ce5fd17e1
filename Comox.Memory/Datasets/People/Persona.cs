using Comox.Memory.Cards;
using Comox.Memory.Datasets.Talk;
using Comox.Memory.Datasets.Words;

namespace Comox.Memory.Datasets.People;

/// <summary>A character of the data set: the card, as an author would write it, and how it talks.</summary>
internal sealed record Persona(CharacterCard Card, Speech Speech, IReadOnlyList<ForbiddenMatter> Boundaries)
{
    /// <summary>Whether its card is somebody's, and not made for the data set.</summary>
    public bool IsGiven { get; init; }

    /// <summary>A line with the names put in.</summary>
    public string Named(string line, string user) => line.Replace("{char}", Card.SpokenName, StringComparison.Ordinal).Replace("{role}", Speech.Role, StringComparison.Ordinal).Replace("{user}", user, StringComparison.Ordinal);
}

/// <summary>Something a character does not talk about.</summary>
/// <param name="Text">As it stands in the card.</param>
/// <param name="Words">Words that break it.</param>
/// <param name="Questions">What a person says to touch it.</param>
internal sealed record ForbiddenMatter(string Text, IReadOnlyList<string> Words, IReadOnlyList<string> Questions)
{
    public string Question(Dice dice) => dice.Of(Questions);

    /// <summary><c>Never speaks of money. | money, coin | How rich are you? | Have you any gold?</c></summary>
    public static ForbiddenMatter Of(string line)
    {
        var parts = line.Split('|', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return parts.Length >= 3
            ? new ForbiddenMatter(parts[0], parts[1].Split(',', StringSplitOptions.TrimEntries), parts[2..])
            : throw new FormatException($"'{line}' is not 'boundary | words | question | …'.");
    }
}
