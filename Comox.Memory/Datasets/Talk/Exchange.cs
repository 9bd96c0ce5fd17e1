namespace Comox.Memory.Datasets.Talk;

/// <summary>A message of the person and the character's reply to it.</summary>
/// <param name="Kind">What it is about: <c>ask.lives_in</c>, <c>unknown.pet</c>, <c>world</c> …; a data card counts by it.</param>
/// <param name="Said">The person's words.</param>
/// <param name="Reply">The character's.</param>
internal sealed record Exchange(string Kind, string Said, string Reply)
{
    /// <summary>What the reply answers with: it must be visible in the prompt.</summary>
    public IReadOnlyList<Statement> Uses { get; init; } = [];

    /// <summary>What the message tells.</summary>
    public Statement? Tells { get; init; }

    /// <summary>What was told before and said wrong, where the message does not say what it is about.</summary>
    public Statement? Mends { get; init; }

    /// <summary>Whether what was known otherwise is known so no more.</summary>
    public bool Corrects => Kind.StartsWith("correct.", StringComparison.Ordinal);

    /// <summary>The new place, where the message moves the scene.</summary>
    public string? MovesTo { get; init; }

    /// <summary>What the person is called from now on.</summary>
    public string? Names { get; init; }
}

/// <summary>The scene of an encounter; null: nothing is known of it.</summary>
internal sealed record SceneWords(string? Place, string? Time, IReadOnlyList<string> Present)
{
    public static readonly SceneWords None = new(null, null, []);

    /// <summary>As the prompt has it; null where nothing is known.</summary>
    public string? Text => Place is null && Time is null && Present.Count == 0 ? null : string.Join('\n', new[]
    {
        Place is null ? "" : $"Place: {Place}", Time is null ? "" : $"Time: {Time}", Present.Count == 0 ? "" : $"Present: {string.Join(", ", Present)}",
    }.Where(line => line.Length > 0));
}
