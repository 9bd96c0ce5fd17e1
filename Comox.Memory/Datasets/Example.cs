using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Memory.Datasets;

/// <summary>One example to learn from.</summary>
/// <param name="Kind">What its last exchange is about.</param>
/// <param name="Prompt">The super-prompt; it ends with the person's message.</param>
/// <param name="Reply">The character's.</param>
internal sealed record Example(string Kind, IReadOnlyList<ChatMessage> Prompt, string Reply)
{
    /// <summary>The values the reply answers with.</summary>
    public IReadOnlyList<string> Uses { get; init; } = [];

    /// <summary>Replies within the prompt from which nothing is to be learned.</summary>
    public IReadOnlySet<string> NotLearned { get; init; } = new HashSet<string>();

    /// <summary>What the person said, without what the prompt puts before it.</summary>
    public required string Said { get; init; }

    /// <summary>What of the prompt was written for this data set; null: all of it. The rest is the text of a card that somebody wrote.</summary>
    public IReadOnlyList<string>? Written { get; init; }
}
