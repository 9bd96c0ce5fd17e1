using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.ServiceDefaults.Clients;

/// <summary>Whole answers of plain models through the gateway, for work in the background. It waits as long as its caller does.</summary>
public sealed class GatewayCompletionClient(HttpClient http)
{
    /// <returns>The text of the first choice.</returns>
    public async Task<ApiResult<string>> CompleteAsync(CompletionRequest completion, CancellationToken cancellation = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions") { Content = JsonContent.Create(completion, CompletionJson.Default.CompletionRequest) };
        var answer = await ServiceHttp.SendAsync(http, request, CompletionJson.Default.CompletionAnswer, ServiceNames.Gateway, ErrorCodes.UpstreamError, cancellation);
        if (!answer.IsSuccess)
            return answer.Error;
        return answer.Value.Choices is [{ Message.Content: { } text }, ..]
            ? text
            : new ApiError(502, ErrorCodes.UpstreamError, $"The model '{completion.Model}' answered without a text.");
    }
}

/// <param name="Model">A plain model, never a character: what is thought in the background is not part of anybody's conversation.</param>
/// <param name="Messages">The whole prompt.</param>
public sealed record CompletionRequest(string Model, IReadOnlyList<ChatMessage> Messages)
{
    public int? MaxTokens { get; init; }
    public double? Temperature { get; init; }

    /// <summary>OpenAI's structured output: <c>{"type":"json_schema","json_schema":{"name":…,"schema":{…}}}</c>.</summary>
    public JsonElement? ResponseFormat { get; init; }
}

internal sealed record CompletionAnswer(IReadOnlyList<CompletionChoice>? Choices);

internal sealed record CompletionChoice(CompletionMessage? Message);

internal sealed record CompletionMessage(string? Content);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CompletionRequest))]
[JsonSerializable(typeof(CompletionAnswer))]
internal sealed partial class CompletionJson : JsonSerializerContext;
