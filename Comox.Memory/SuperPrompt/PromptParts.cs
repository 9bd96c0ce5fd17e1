using Comox.Memory.Cards;
using Comox.Memory.Recall;
using Comox.Memory.Sessions;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Memory.SuperPrompt;

/// <summary>Everything a super-prompt is made of. What is not in here cannot influence it.</summary>
internal sealed record PromptParts
{
    public required CharacterCard Card { get; init; }
    public required UserName User { get; init; }
    public required PromptProfile Profile { get; init; }

    /// <summary>The newest part of the current line, oldest first; the last is the person's new message.</summary>
    public required IReadOnlyList<LineTurn> Line { get; init; }

    /// <summary>What recall offers, best first.</summary>
    public required IReadOnlyList<Candidate> Recalled { get; init; }

    /// <summary>Whose calendar the dates in the prompt are of.</summary>
    public TimeZoneInfo Zone { get; init; } = TimeZoneInfo.Utc;

    /// <summary>System messages the client sent.</summary>
    public IReadOnlyList<string> ClientInstructions { get; init; } = [];

    /// <summary>The reminder of who the character is, a sentence a line, weightiest first; null while it is itself. Lines that do not fit are left off.</summary>
    public string? Reanchor { get; init; }

    /// <summary>Summaries that hold for the line, in any order: the one that best covers what the window leaves out is shown.</summary>
    public IReadOnlyList<LineSummary> Summaries { get; init; } = [];

    /// <summary>Place, time and who is there, in words; null where nothing is known.</summary>
    public string? Scene { get; init; }

    /// <summary>Entries of lorebooks that this message has called up, best first.</summary>
    public IReadOnlyList<string> Lore { get; init; } = [];

    public string Message => Line[^1].Content;
}

/// <summary>The line up to <paramref name="Depth"/> in few words.</summary>
internal sealed record LineSummary(int Depth, string Content);

/// <summary>A turn of the running conversation; <c>Depth</c> is its place in the whole line, from 1.</summary>
internal sealed record LineTurn(string Id, string Role, string Content, int Depth)
{
    public bool IsUser => Role == Utterance.User;
}

internal sealed record AssembledPrompt(
    IReadOnlyList<ChatMessage> Messages, ReceiptBudget Budget, IReadOnlyList<RecalledItem> Recalled, IReadOnlyList<string> Notes);

/// <summary>One way of writing a prompt, for one kind of model. Pure: the same parts give the same bytes.</summary>
internal interface IPromptFormat
{
    /// <summary>One of <see cref="SystemFormats"/>.</summary>
    string Name { get; }

    ServiceDefaults.Clients.ApiResult<AssembledPrompt> Assemble(PromptParts parts);
}

internal static class PromptErrors
{
    public static ApiError TooLong(string what, int needed, PromptProfile profile) =>
        new(
            StatusCodes.Status400BadRequest,
            ErrorCodes.ContextLengthExceeded,
            $"{what} needs about {needed} tokens, but a prompt of this model ({profile.Id}) may have {profile.PromptTokens}. Shorten it, or use a model with a larger context.",
            "messages");
}
