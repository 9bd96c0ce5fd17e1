using Comox.Memory.Sessions;
using Comox.Memory.Storage;

namespace Comox.Memory.Recall;

/// <summary>A turn as recall takes it in and gives it back.</summary>
internal sealed record RecallTurn(string Id, string SessionId, string Role, string Content, DateTimeOffset SaidAt)
{
    public bool IsUser => Role == Utterance.User;

    /// <summary>Who said it: the name of a person or of a character.</summary>
    public string Speaker { get; init; } = "";

    /// <summary>The characters that perceived it; null for all that there are.</summary>
    public IReadOnlyCollection<string>? Witnesses { get; init; }

    /// <summary>The character in whose session it was witnessed; null: it was said to, or by, the character that recalls.</summary>
    public Host? Host { get; init; }

    public static RecallTurn From(TurnRow row, string speaker) => new(row.Id, row.SessionId, row.Role, row.Content, row.CreatedAt) { Speaker = speaker };
}

/// <summary>The character whose session another was a guest in.</summary>
internal sealed record Host(string Slug, string Name);
