using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Memory;

/// <summary>Reads a JSON body with its mistakes as errors that name them.</summary>
internal static class JsonBody
{
    public static async Task<ApiResult<T>> ReadAsync<T>(HttpRequest request, JsonTypeInfo<T> type, CancellationToken cancellation)
        where T : class
    {
        try
        {
            return await JsonSerializer.DeserializeAsync(request.Body, type, cancellation) is { } value
                ? value
                : new ApiError(StatusCodes.Status400BadRequest, ErrorCodes.InvalidJson, "The body is null; a JSON object is expected.");
        }
        catch (JsonException problem)
        {
            return new ApiError(StatusCodes.Status400BadRequest, ErrorCodes.InvalidJson, $"The body is not the JSON that is expected: {problem.Message}", problem.Path is { Length: > 2 } path ? path[2..] : null);
        }
        catch (BadHttpRequestException problem) when (problem.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return new ApiError(StatusCodes.Status413PayloadTooLarge, ErrorCodes.RequestTooLarge, "The body is larger than this server takes.");
        }
    }
}

/// <summary>The person that data is about.</summary>
internal static class Subjects
{
    private const int MaxLength = 200;

    /// <returns>What is wrong with it, or null.</returns>
    public static ApiError? Problem(string? subject) => subject switch
    {
        null or "" => Bad("subject is missing: name the person the conversation is with."),
        { Length: > MaxLength } => Bad($"subject has {subject.Length} characters; {MaxLength} are the most."),
        _ when subject.Any(char.IsControl) => Bad("subject contains a control character."),
        _ => null,
    };

    private static ApiError Bad(string message) => new(StatusCodes.Status400BadRequest, ErrorCodes.InvalidRequest, message, "subject");
}
