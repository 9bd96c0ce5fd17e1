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

    public static RecallTurn From(TurnRow row, string speaker) => new(row.Id, row.SessionId, row.Role, row.Content, row.CreatedAt) { Speaker = speaker };
}
