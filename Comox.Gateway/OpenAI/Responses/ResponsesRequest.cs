using Comox.ServiceDefaults;

namespace Comox.Gateway.OpenAI.Responses;

/// <summary>
/// A request to <c>POST /v1/responses</c>, said as a chat request, and the little that the chat cannot say.
/// https://platform.openai.com/docs/api-reference/responses/create
/// </summary>
internal sealed record ResponsesRequest
{
    /// <summary>The body of the chat request; <see cref="ChatRequestReader"/> takes it from here.</summary>
    public required ReadOnlyMemory<byte> ChatBody { get; init; }

    /// <summary>What the response object repeats of the request.</summary>
    public required ResponsesEcho Echo { get; init; }

    public required bool Stream { get; init; }

    /// <summary>Whether the client lets the answer be kept; the API's default is yes.</summary>
    public required bool Store { get; init; }

    public required string? PreviousResponseId { get; init; }

    /// <summary>The conversation's id, whether it came as a string or as <c>{"id":…}</c>.</summary>
    public required string? Conversation { get; init; }

    /// <returns>Null and the request, or what is wrong with it.</returns>
    public static ApiError? Read(ReadOnlyMemory<byte> body, out ResponsesRequest? request) => ResponsesRequestReader.Read(body, out request);
}

/// <summary>What a response object repeats of its request.</summary>
/// <param name="Model">The model as the client named it, a JSON string: <c>"character/ada"</c>, not the engine's own name for its weights.</param>
/// <param name="Fields">Members of a JSON object, each behind a comma, on one line: <c>,"instructions":null,"tools":[]…</c></param>
internal sealed record ResponsesEcho(ReadOnlyMemory<byte> Model, ReadOnlyMemory<byte> Fields)
{
    /// <summary><c>conv_…</c>; set where the exchange belongs to a session.</summary>
    public string? Conversation { get; init; }
}
