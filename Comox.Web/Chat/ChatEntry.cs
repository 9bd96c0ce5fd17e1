using System.Text;
using Comox.ServiceDefaults.Contracts.Memory;

namespace Comox.Web.Chat;

internal enum EntryState
{
    Whole,
    Streaming,

    /// <summary>The person pressed stop.</summary>
    Stopped,

    /// <summary>The engine or the connection broke off.</summary>
    Interrupted,
}

/// <summary>One message as the page shows it; a reply grows while it streams.</summary>
internal sealed class ChatEntry(string key, string role, DateTimeOffset at, string text = "")
{
    private readonly StringBuilder _text = new(text);
    private string? _joined = text;

    public string Key { get; } = key;
    public string Role { get; } = role;
    public DateTimeOffset At { get; } = at;
    public EntryState State { get; set; }
    public string? Receipt { get; set; }
    public bool IsUser => Role == "user";
    public bool IsEmpty => _text.Length == 0;
    public string Text => _joined ??= _text.ToString();

    public static ChatEntry From(SessionTurn turn) => new(turn.Id, turn.Role, turn.CreatedAt, turn.Content)
    {
        Receipt = turn.Receipt,
        State = turn.FinishReason switch
        {
            "cancelled" => EntryState.Stopped,
            "error" => EntryState.Interrupted,
            _ => EntryState.Whole,
        },
    };

    public void Append(string piece)
    {
        _text.Append(piece);
        _joined = null;
    }
}
