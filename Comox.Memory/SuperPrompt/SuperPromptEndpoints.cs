using Comox.Memory.Storage;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.SuperPrompt;

internal static class SuperPromptEndpoints
{
    private const int MaxRequestId = 200;

    /// <summary>Far more than any chat has, and few enough to be compared with all that is stored of one.</summary>
    private const int MaxMessages = 10_000;

    public static void MapSuperPrompts(this IEndpointRouteBuilder memory)
    {
        memory.MapPost("/superprompts", AnswerAsync);
        memory.MapGet("/receipts/{id}", ReceiptAsync);
    }

    private static async Task<IResult> AnswerAsync(HttpRequest request, SuperPromptProcedure procedure, CancellationToken cancellation)
    {
        var asked = await JsonBody.ReadAsync(request, MemoryJson.Default.SuperPromptRequest, cancellation);
        if (!asked.IsSuccess)
            return asked.Error.ToResult();
        if (Problem(asked.Value) is { } problem)
            return problem.ToResult();
        var answer = await procedure.AnswerAsync(asked.Value, cancellation);
        return answer.IsSuccess ? TypedResults.Json(answer.Value, MemoryJson.Default.SuperPromptResponse) : answer.Error.ToResult();
    }

    /// <summary>The stored bytes as they are: a receipt is never computed again.</summary>
    private static async Task<IResult> ReceiptAsync(string id, MemoryDbFactory databases, CancellationToken cancellation)
    {
        await using var db = databases.Open();
        var json = await db.Receipts.Where(receipt => receipt.Id == id).Select(receipt => receipt.Json).FirstOrDefaultAsync(cancellation);
        return json is not null
            ? TypedResults.Text(json, "application/json", System.Text.Encoding.UTF8)
            : new ApiError(StatusCodes.Status404NotFound, ErrorCodes.ReceiptNotFound, $"There is no receipt '{id}'. A reply names its own in X-Comox-Receipt.").ToResult();
    }

    private static ApiError? Problem(SuperPromptRequest request)
    {
        if (Subjects.Problem(request.Subject) is { } problem)
            return problem;
        if (request.RequestId is not { Length: > 0 and <= MaxRequestId })
            return Bad("request_id", $"must have 1 to {MaxRequestId} characters.");
        if (request.Messages is not { Count: > 0 } messages || messages.Any(message => message is null))
            return Bad("messages", "must be a list of messages.");
        if (messages.Count > MaxMessages)
            return Bad("messages", $"must be {MaxMessages} messages at most, not {messages.Count}.");
        if (request.After is not null && (!request.AllNew || string.IsNullOrEmpty(request.Session)))
            return Bad("after", "needs all_new and a session.");
        return request.Profile is null ? Bad("profile", "is missing.") : Problem(request.Profile);
    }

    private static ApiError? Problem(PromptProfile profile) =>
        profile.PromptTokens < 1 || profile.ContextTokens < profile.PromptTokens || profile.ReplyTokens < 1 ? Bad("profile", "must have 1 ≤ prompt_tokens ≤ context_tokens and a reply of at least one token.")
        : profile.CharsPerToken is < .5 or > 20 or double.NaN ? Bad("profile.chars_per_token", "must be between 0.5 and 20.")
        : profile.MemoryLines < 0 ? Bad("profile.memory_lines", "must not be negative.")
        : profile.HistoryTurns < 1 ? Bad("profile.history_turns", "must be at least 1: the new message is one of them.")
        : null;

    private static ApiError Bad(string field, string what) => new(StatusCodes.Status400BadRequest, ErrorCodes.InvalidRequest, $"{field} {what}", field);
}
