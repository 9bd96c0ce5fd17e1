using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.ServiceDefaults.Clients;

/// <summary>Streaming chat through the gateway, as any OpenAI client would do it.</summary>
public sealed class GatewayChatClient(HttpClient http)
{
    public const string SessionHeader = "X-Comox-Session";
    public const string ReceiptHeader = "X-Comox-Receipt";

    /// <summary><see cref="WholeTranscript"/>: the messages are all there is, so a stored turn that is not among them leaves the conversation.</summary>
    public const string TranscriptHeader = "X-Comox-Transcript";
    public const string WholeTranscript = "whole";

    public async Task<ApiResult<ModelList>> ListModelsAsync(CancellationToken cancellation = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "v1/models");
        return await ServiceHttp.SendAsync(http, request, OpenAIJson.Default.ModelList, ServiceNames.Gateway, ErrorCodes.UpstreamError, cancellation);
    }

    /// <summary>Starts an answer. Dispose the stream to stop it: the engine stops too.</summary>
    public async Task<ApiResult<ChatStream>> StreamAsync(ChatRequest chat, string? session, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions")
        {
            Content = JsonContent.Create(chat, ChatStreamJson.Default.ChatRequest),
        };
        if (session is not null)
            request.Headers.Add(SessionHeader, session);
        if (chat.IsWholeTranscript)
            request.Headers.Add(TranscriptHeader, WholeTranscript);
        try
        {
            var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            if (response.IsSuccessStatusCode)
                return new ChatStream(response);
            using (response)
                return await ServiceHttp.ReadErrorAsync(response, cancellation);
        }
        catch (Exception problem) when (ServiceHttp.IsUnreachable(problem, cancellation))
        {
            return ServiceHttp.Unreachable(ServiceNames.Gateway, ErrorCodes.UpstreamError);
        }
    }
}

/// <param name="Model"><c>character/ada</c> or a plain model.</param>
/// <param name="Messages">The new user message, or the whole transcript (see SuperPromptRequest.Messages).</param>
/// <param name="User">The subject; OpenAI's <c>user</c>.</param>
public sealed record ChatRequest(string Model, IReadOnlyList<ChatMessage> Messages, string? User)
{
    public bool Stream { get; init; } = true;

    /// <summary>Whether <see cref="Messages"/> is the conversation from its start; sent as a header.</summary>
    [JsonIgnore]
    public bool IsWholeTranscript { get; init; }
}

/// <summary>An answer on its way.</summary>
public sealed class ChatStream(HttpResponseMessage response) : IDisposable
{
    /// <summary>The session the turn was stored in; null for plain models.</summary>
    public string? Session { get; } = HeaderOf(response, GatewayChatClient.SessionHeader);

    /// <summary>Path of the receipt, <c>/memory/receipts/rcp_…</c>; null for plain models.</summary>
    public string? ReceiptPath { get; } = HeaderOf(response, GatewayChatClient.ReceiptHeader);

    /// <summary>
    /// Pieces of text as they arrive. An error sent in the stream ends it with <see cref="ChatStreamException"/>, and so does an end without
    /// <c>data: [DONE]</c>: a reply that was cut must not pass for a whole one.
    /// </summary>
    public async IAsyncEnumerable<string> ReadAsync([EnumeratorCancellation] CancellationToken cancellation = default)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        await foreach (var item in SseParser.Create(body, (_, data) => Encoding.UTF8.GetString(data)).EnumerateAsync(cancellation))
        {
            if (item.Data == "[DONE]")
                yield break;
            var chunk = JsonSerializer.Deserialize(item.Data, ChatStreamJson.Default.ChatChunk);
            if (chunk?.Error is { } error)
                throw new ChatStreamException(error.Message ?? "The answer broke off.");
            if (chunk?.Choices is [{ Delta.Content: { Length: > 0 } text }, ..])
                yield return text;
        }

        throw new ChatStreamException("The answer broke off before its end.");
    }

    public void Dispose() => response.Dispose();

    private static string? HeaderOf(HttpResponseMessage response, string name) => response.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;
}

/// <summary>A stream that ended with an error, or too early.</summary>
public sealed class ChatStreamException(string message) : Exception(message);

internal sealed record ChatChunk(IReadOnlyList<ChatChunkChoice>? Choices, ChatChunkError? Error);

internal sealed record ChatChunkChoice(ChatChunkDelta? Delta);

internal sealed record ChatChunkDelta(string? Content);

internal sealed record ChatChunkError(string? Message);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ChatRequest))]
[JsonSerializable(typeof(ChatChunk))]
internal sealed partial class ChatStreamJson : JsonSerializerContext;
