using System.Text.Json;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.OpenAI;

/// <summary>What can be wrong with a request body, in the same words on every API.</summary>
internal static class BodyErrors
{
    public static ApiError NotUtf8() => InvalidJson("The body is not UTF-8.");

    public static ApiError NotAnObject() => InvalidJson("The body must be a JSON object.");

    public static ApiError At(JsonException problem) =>
        InvalidJson($"The body is not valid JSON: see line {problem.LineNumber + 1}, byte {problem.BytePositionInLine + 1}.");

    /// <summary>A string with half a surrogate pair (<c>"\ud83d"</c>), where it must be read and not only passed on.</summary>
    public static ApiError HalfCharacter() => InvalidJson("The body is not valid JSON: a string holds an incomplete \\u escape.");

    public static ApiError Missing(string field) => Refuse(field, $"The field '{field}' is required.");

    public static ApiError Invalid(string field, string fault) => Refuse(field, $"The field '{field}' {fault}.");

    public static ApiError Refuse(string field, string message) => new(StatusCodes.Status400BadRequest, ErrorCodes.InvalidRequest, message, field);

    private static ApiError InvalidJson(string message) => new(StatusCodes.Status400BadRequest, ErrorCodes.InvalidJson, message);
}
