using System.Text.Json;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.OpenAI.Responses;

/// <summary>How a response ends.</summary>
/// <param name="Status">in_progress, completed, incomplete or failed.</param>
/// <param name="IncompleteReason">Why it is incomplete, or null.</param>
/// <param name="Error">Why it failed, or null.</param>
internal sealed record ResponseOutcome(string Status, string? IncompleteReason = null, (string Code, string Message)? Error = null)
{
    private const string ServerError = "server_error";

    public static ResponseOutcome InProgress { get; } = new("in_progress");
    public static ResponseOutcome Completed { get; } = new("completed");

    public bool IsComplete => this == Completed;

    /// <summary>
    /// From the chat's <c>finish_reason</c>. A word that is not OpenAI's (<c>abort</c>) is passed on as the reason of an incomplete response: whatever it
    /// means, it does not mean that the model had said all it wanted.
    /// </summary>
    public static ResponseOutcome Of(string? finishReason) => finishReason switch
    {
        null or "stop" or "tool_calls" or "function_call" => Completed,
        "length" => new ResponseOutcome("incomplete", "max_output_tokens"),
        "error" => new ResponseOutcome("failed", Error: (ServerError, "The engine ended its answer with an error.")),
        var other => new ResponseOutcome("incomplete", other),
    };

    /// <summary>A stream that broke. The codes of a response's error are a short list of their own; the message says the rest.</summary>
    public static ResponseOutcome Of(ApiErrorDetail error) => new("failed", Error: (CodeOf(error), error.Message));

    public JsonEncodedText EventName => JsonEncodedText.Encode("response." + Status);

    private static string CodeOf(ApiErrorDetail error) => (error.Code, error.Type) switch
    {
        (ErrorCodes.ContextLengthExceeded, _) => ErrorCodes.ContextLengthExceeded,
        (_, "rate_limit_error") => "rate_limit_exceeded",
        (_, "invalid_request_error") => "invalid_prompt",
        _ => ServerError,
    };
}
