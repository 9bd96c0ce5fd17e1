using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Comox.Gateway.Anthropic;
using Comox.Gateway.Backends;
using Comox.Gateway.Forwarding.Sockets;
using Comox.Gateway.OpenAI;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.Forwarding;

/// <summary>What the engine is sent: the client's own bytes, with the few values replaced that are ours to decide.</summary>
internal static class EngineRequest
{
    // Of a JSON schema, on the low side.
    private const int BytesPerToken = 3;

    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <returns>The call, and the dialect of a backend with another API; or why this request cannot be said to this backend.</returns>
    public static (EngineCall? Call, IEngineDialect? Dialect, ApiError? Refused) Build(Exchange exchange, Backend backend, TimeProvider time)
    {
        var body = Splice(exchange, backend).Pieces();
        if (backend.Kind != BackendKinds.Anthropic)
            return (CallOf(exchange, backend, backend.AddressOf(exchange.Request.Api.Kind), body, backend.Headers), null, null);

        if (exchange.Request.Api.Kind != RequestApiKind.Chat)
            return (null, null, new ApiError(StatusCodes.Status400BadRequest, ErrorCodes.InvalidRequest, $"The model '{exchange.Request.Model}' is served by a backend that only chats.", "model"));
        var dialect = new AnthropicEngineDialect(time);
        var translated = new ArrayBufferWriter<byte>();
        if (dialect.WriteRequest(Joined(body), translated) is { } refused)
            return (null, null, refused);
        return (CallOf(exchange, backend, new Uri(backend.BaseAddress, dialect.Path["v1/".Length..]), [translated.WrittenMemory], [.. backend.Headers, .. dialect.Headers]), dialect, null);
    }

    /// <summary>Whether the backend is asked for a stream, whatever the client asked for. A character's words are read on their way, to be recorded.</summary>
    public static bool IsStreamed(Exchange exchange, Backend backend) =>
        exchange.Request.Stream
        || (exchange.Request.Api.Kind != RequestApiKind.Embeddings && (exchange.Recalled is not null || BackendKinds.NeedsStream(backend.Kind) || backend.Kind == BackendKinds.Anthropic));

    internal static BodySplice Splice(Exchange exchange, Backend backend)
    {
        var request = exchange.Request;
        var splice = new BodySplice(request);
        if (exchange.Recalled is not null)
            splice.Set(ChatField.Model, Quoted(backend.UpstreamModel ?? exchange.Route.Model));
        else if (backend.UpstreamModel is { } name)
            splice.Set(ChatField.Model, Quoted(name));
        if (request.Api.Kind == RequestApiKind.Embeddings)
            return splice;

        if (!request.Stream && IsStreamed(exchange, backend))
        {
            splice.Set(ChatField.Stream, "true"u8.ToArray());
            splice.Set(ChatField.StreamOptions, """{"include_usage":true}"""u8.ToArray());
        }
        else if (exchange.HidesUsage)
        {
            splice.Set(ChatField.StreamOptions, """{"include_usage":true}"""u8.ToArray());
        }

        // llama-server notices a client that left only while it writes: without a limit it writes on for nobody until its context is full.
        if (BackendKinds.NeedsStream(backend.Kind) || exchange.Recalled is not null || exchange.IsContinued)
            Limit(splice, exchange, backend);
        if (backend.Kind == BackendKinds.LlamaCpp)
            ForcedTool.SetIn(splice, request);
        if (exchange.Route.Profile.Temperature is { } temperature && !request.HasTemperature)
            splice.Set(ChatField.Temperature, Encoding.UTF8.GetBytes(temperature.ToString(CultureInfo.InvariantCulture)));

        var messages = exchange.Recalled is { } recalled ? ToJson(recalled.Messages) : default;
        if (exchange.IsContinued)
        {
            messages = WithWordsSoFar(messages.IsEmpty ? request.Messages : messages, exchange.Progress.Text!);
            splice.Append(""","continue_final_message":true,"add_generation_prompt":false"""u8.ToArray());
        }

        if (!messages.IsEmpty)
            splice.Set(ChatField.Messages, messages);
        return splice;
    }

    private static EngineCall CallOf(
        Exchange exchange, Backend backend, Uri address, IReadOnlyList<ReadOnlyMemory<byte>> body, IReadOnlyList<KeyValuePair<string, string>> headers) => new()
        {
            Address = address,
            Body = body,
            Headers = headers,
            Loop = exchange.Http.Features.Get<ClientConnection>()?.Loop,
            RunsOnLoop = exchange.Request.Stream && exchange.DialectFactory is null && backend.Kind != BackendKinds.Anthropic,
        };

    private static void Limit(BodySplice splice, Exchange exchange, Backend backend)
    {
        if (exchange.Request.MaxTokens is null && exchange.IsContinued && exchange.Recalled is null && !BackendKinds.NeedsStream(backend.Kind))
            return;
        var limit = Encoding.UTF8.GetBytes(MaxTokens(exchange).ToString(CultureInfo.InvariantCulture));
        var isNamedAnew = exchange.Request.Has(ChatField.MaxCompletionTokens) || (exchange.Request.Api.Kind == RequestApiKind.Chat && BackendKinds.IsOpenAIItself(backend.Kind, backend.BaseAddress));
        if (isNamedAnew && !exchange.Request.Has(ChatField.MaxTokens) && !BackendKinds.NeedsStream(backend.Kind))
        {
            splice.Set(ChatField.MaxCompletionTokens, limit);
            return;
        }

        splice.Set(ChatField.MaxTokens, limit);
        splice.SetIfPresent(ChatField.MaxCompletionTokens, limit);
    }

    private static int MaxTokens(Exchange exchange)
    {
        var profile = exchange.Route.Profile;
        // A plain model ends by itself, or where its context does; only the one that we bring along is made for short replies alone.
        var asked = exchange.Request.MaxTokens ?? (exchange.Recalled is null && profile.Id != PromptProfile.BuiltIn.Id ? profile.ContextTokens : profile.ReplyTokens);
        var limit = exchange.Recalled is { } recalled ? Math.Min(asked, Room(recalled.MaxReplyTokens, exchange)) : asked;
        return Math.Max(1, exchange.IsContinued ? limit - exchange.Reply.TokenEvents : limit);
    }

    /// <summary>Memory knows nothing of tools, which take room, too; and an engine refuses what has none. What it keeps free for a reply is not touched.</summary>
    private static int Room(int forReply, Exchange exchange) =>
        Math.Max(Math.Min(forReply, exchange.Route.Profile.ReplyTokens), forReply - (exchange.Request.ValueOf(ChatField.Tools).Length / BytesPerToken));

    // [{"role":"system",…},…,{"role":"assistant","content":"Hello fr"}]
    private static byte[] WithWordsSoFar(ReadOnlyMemory<byte> messages, ReplyText words) =>
    [
        .. messages.Span[..messages.Span.LastIndexOf((byte)']')],
        .. """,{"role":"assistant","content":" """u8[..^1],
        .. words.Escaped.Span,
        .. "\"}]"u8,
    ];

    private static byte[] Quoted(string text) => Encoding.UTF8.GetBytes($"\"{JsonEncodedText.Encode(text)}\"");

    private static byte[] Joined(IReadOnlyList<ReadOnlyMemory<byte>> pieces)
    {
        var joined = new byte[pieces.Sum(piece => piece.Length)];
        var end = 0;
        foreach (var piece in pieces)
        {
            piece.CopyTo(joined.AsMemory(end));
            end += piece.Length;
        }

        return joined;
    }

    private static ReadOnlyMemory<byte> ToJson(IReadOnlyList<ChatMessage> messages)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Relaxed))
        {
            json.WriteStartArray();
            foreach (var message in messages)
                JsonSerializer.Serialize(json, message, OpenAIJson.Default.ChatMessage);
            json.WriteEndArray();
        }

        return buffer.WrittenMemory;
    }
}
