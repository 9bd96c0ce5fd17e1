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

/// <summary>One message as the page shows it; a reply grows while it streams, under the eyes of other threads.</summary>
internal sealed class ChatEntry(string key, string role, DateTimeOffset at, string text = "")
{
    private readonly Lock _gate = new();
    private readonly StringBuilder _text = new(text);
    private string? _joined = text;

    public string Key { get; } = key;
    public string Role { get; } = role;
    public DateTimeOffset At { get; } = at;
    public EntryState State { get; set; }
    public string? Receipt { get; set; }

    /// <summary>Memory is known to hold it: it came from there, or a reply to it was begun.</summary>
    public bool IsStored { get; set; }

    public bool IsUser => Role == "user";
    public bool IsEmpty => string.IsNullOrWhiteSpace(Text);

    public string Text
    {
        get
        {
            lock (_gate)
                return _joined ??= _text.ToString();
        }
    }

    public static ChatEntry From(SessionTurn turn) => new(turn.Id, turn.Role, turn.CreatedAt, turn.Content)
    {
        Receipt = turn.Receipt,
        IsStored = true,
        State = turn.FinishReason switch
        {
            "cancelled" => EntryState.Stopped,
            "error" => EntryState.Interrupted,
            _ => EntryState.Whole,
        },
    };

    public void Append(string piece)
    {
        lock (_gate)
        {
            _text.Append(piece);
            _joined = null;
        }
    }
}
