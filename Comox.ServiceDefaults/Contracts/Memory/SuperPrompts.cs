using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.ServiceDefaults.Contracts.Memory;

/// <summary>
/// <c>POST /memory/superprompts</c>: stores what the person said, durably, then answers with the prompt to send.
/// Idempotent by <see cref="RequestId"/>.
/// </summary>
public sealed record SuperPromptRequest
{
    /// <summary>Made once per client request; a repeat with the same id stores nothing again.</summary>
    public required string RequestId { get; init; }

    /// <summary>Slug or id of the character.</summary>
    public required string Character { get; init; }

    /// <summary>The person who speaks.</summary>
    public required string Subject { get; init; }

    /// <summary>The session named by the client; null: the one whose transcript <see cref="Messages"/> continues, else a new one.</summary>
    public string? Session { get; init; }

    /// <summary>
    /// What the client sent. Without assistant messages, the last user message is appended to the session. With them, the messages are the
    /// client's whole transcript: the stored turns that it no longer contains (an edit, a regenerate) leave the conversation.
    /// </summary>
    public required IReadOnlyList<ChatMessage> Messages { get; init; }

    /// <summary>
    /// The messages are the whole transcript even though no reply is among them: a first message for which another reply is wanted. Only with
    /// <see cref="Session"/>; the client says it with <c>X-Comox-Transcript: whole</c>.
    /// </summary>
    public bool WholeTranscript { get; init; }

    /// <summary>
    /// The same was asked by another request that is being answered at this moment: this one is no repeat of it, and begins a session of its own where it names none and no reply is in it.
    /// </summary>
    public bool IsAnother { get; init; }

    /// <summary>
    /// All messages are new, and none is the client's copy of what was said before: the person's are appended as they are (the input of a Responses request). Only with
    /// <see cref="Session"/>. Where replies are among them they are a transcript all the same.
    /// </summary>
    public bool AllNew { get; init; }

    /// <summary>With <see cref="AllNew"/>: the reply that they follow, by the id it was promised with; null: the end of the session. What came after it leaves the conversation.</summary>
    public string? After { get; init; }

    /// <summary>The plain model that will answer.</summary>
    public required string Model { get; init; }

    public required PromptProfile Profile { get; init; }
}

public sealed record SuperPromptResponse
{
    public required string Session { get; init; }

    /// <summary>Id of the stored user turn.</summary>
    public required string UserTurn { get; init; }

    /// <summary>Id under which the reply is to be recorded.</summary>
    public required string ReplyTurn { get; init; }

    /// <summary>Id of the receipt, <c>rcp_…</c>.</summary>
    public required string Receipt { get; init; }

    /// <summary>The messages to send, in order.</summary>
    public required IReadOnlyList<ChatMessage> Messages { get; init; }

    /// <summary>Ceiling for <c>max_tokens</c>: what the profile's context leaves after this prompt.</summary>
    public required int MaxReplyTokens { get; init; }
}

/// <summary><c>PUT /memory/sessions/{session}/turns/{replyTurn}</c>: records a reply. A repeat changes nothing.</summary>
public sealed record RecordedReply
{
    /// <summary>The finish reason of an answer that broke off before its client saw a word of it: it is kept, but answers nothing, and the message can be sent again.</summary>
    public const string Unseen = "unseen";

    public required string Content { get; init; }
    public required string FinishReason { get; init; }
    public required string Model { get; init; }
    public required string Receipt { get; init; }
}
