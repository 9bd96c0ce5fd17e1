namespace Comox.Memory.Cards;

/// <summary>What Comox uses of a Character Card, V1 to V3. The card itself is kept whole beside it, so nothing is lost that is not here.</summary>
internal sealed record CharacterCard
{
    public required string Name { get; init; }

    /// <summary>What <c>{{char}}</c> stands for, where it is not the name.</summary>
    public string Nickname { get; init; } = "";

    public string Description { get; init; } = "";
    public string Personality { get; init; } = "";
    public string Scenario { get; init; } = "";
    public string FirstMessage { get; init; } = "";
    public string MessageExamples { get; init; } = "";
    public string SystemPrompt { get; init; } = "";
    public string PostHistoryInstructions { get; init; } = "";

    /// <summary><c>extensions.depth_prompt.prompt</c>, SillyTavern's character note.</summary>
    public string AuthorNote { get; init; } = "";

    public string Creator { get; init; } = "";
    public string CreatorNotes { get; init; } = "";
    public IReadOnlyList<string> AlternateGreetings { get; init; } = [];
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Contents of the lorebook entries that are always on, in insertion order.</summary>
    public IReadOnlyList<string> PinnedLore { get; init; } = [];

    /// <summary><c>extensions.comox</c>: psychology, boundaries and cadence, where the author states them.</summary>
    public CardIdentity Identity { get; init; } = CardIdentity.None;

    /// <summary><c>extensions.comox.tagline</c>: one line for lists.</summary>
    public string? Tagline { get; init; }

    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>What <c>{{char}}</c> stands for.</summary>
    public string SpokenName => Nickname.Length > 0 ? Nickname : Name;

    public IEnumerable<string> Greetings => new[] { FirstMessage }.Concat(AlternateGreetings).Where(greeting => !string.IsNullOrWhiteSpace(greeting));
}
