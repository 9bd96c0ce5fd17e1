using System.Text.Json.Serialization;

namespace Comox.ServiceDefaults.Contracts.OpenAI;

/// <summary>
/// The error body of OpenAI's API, used by every HTTP surface of Comox:
/// <c>{"error":{"message":"…","type":"invalid_request_error","param":"model","code":"model_not_found"}}</c>
/// (https://platform.openai.com/docs/guides/error-codes).
/// </summary>
public sealed record ApiErrorBody(ApiErrorDetail Error);

/// <param name="Message">What happened and what to do, for a person.</param>
/// <param name="Type">OpenAI's class: invalid_request_error, authentication_error, permission_error, not_found_error, server_error.</param>
/// <param name="Param">The request field at fault, or null.</param>
/// <param name="Code">One of <see cref="ErrorCodes"/>; each is explained in docs/errors.md.</param>
public sealed record ApiErrorDetail(
    string Message,
    string Type,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Param,
    string Code)
{
    /// <summary><c>comox</c> where Comox itself answers; absent where an engine's own error is passed on.</summary>
    public string? Source { get; init; } = "comox";
}
