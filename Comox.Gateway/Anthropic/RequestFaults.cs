using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.Anthropic;

/// <summary>Why a request cannot be translated. Each names the field as the client wrote it: <c>messages[2].content[0].source</c>.</summary>
internal static class RequestFaults
{
    public static ApiError NotJson(string message) => new(StatusCodes.Status400BadRequest, ErrorCodes.InvalidJson, message);

    public static ApiError Missing(string field) =>
        new(StatusCodes.Status400BadRequest, ErrorCodes.InvalidRequest, $"The field '{field}' is required.", field);

    public static ApiError Invalid(string field, string fault) =>
        new(StatusCodes.Status400BadRequest, ErrorCodes.InvalidRequest, $"The field '{field}' {fault}.", field);

    /// <summary>It is right, and the other API has no word for it.</summary>
    public static ApiError Unsupported(string field, string fault) =>
        new(StatusCodes.Status400BadRequest, ErrorCodes.UnsupportedContent, $"The field '{field}' {fault}.", field);
}
