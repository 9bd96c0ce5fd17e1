using System.Text.Json;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.OpenAI;

/// <summary>What can be wrong with a request body, in the same words on every API.</summary>
internal static class BodyErrors
{
    private const int MostRepeated = 40;

    public static ApiError NotUtf8() => InvalidJson("The body is not UTF-8.");

    public static ApiError NotAnObject() => InvalidJson("The body must be a JSON object.");

    public static ApiError At(JsonException problem) =>
        InvalidJson($"The body is not valid JSON: see line {problem.LineNumber + 1}, byte {problem.BytePositionInLine + 1}.");

    /// <summary>A string with half a surrogate pair (<c>"\ud83d"</c>), where it must be read and not only passed on.</summary>
    public static ApiError HalfCharacter() => InvalidJson("The body is not valid JSON: a string holds an incomplete \\u escape.");

    public static ApiError Missing(string field) => Refuse(field, $"The field '{field}' is required.");

    public static ApiError Invalid(string field, string fault) => Refuse(field, $"The field '{field}' {fault}.");

    public static ApiError Refuse(string field, string message) => new(StatusCodes.Status400BadRequest, ErrorCodes.InvalidRequest, message, field);

    /// <summary>It is right, and whoever is to answer has no word for it.</summary>
    public static ApiError Unsupported(string field, string fault) => NotTaken(field, $"The field '{field}' {fault}.");

    /// <summary>The same in a sentence of its own.</summary>
    public static ApiError NotTaken(string field, string message) => new(StatusCodes.Status400BadRequest, ErrorCodes.UnsupportedContent, message, field);

    /// <summary>A word of the client's as an error repeats it, however long it is.</summary>
    public static string Shorten(string? word) => word is null ? "none" : word.Length > MostRepeated ? word[..MostRepeated] : word;

    private static ApiError InvalidJson(string message) => new(StatusCodes.Status400BadRequest, ErrorCodes.InvalidJson, message);
}
