using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Comox.Gateway.OpenAI;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.Forwarding;

/// <summary>What the engine is sent: the client's own bytes, with the few values replaced that are ours to decide.</summary>
internal static class EngineRequest
{
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static HttpRequestMessage Build(Exchange exchange) => new(HttpMethod.Post, exchange.Backend.ChatAddress)
    {
        Content = new PiecesContent(Splice(exchange).Pieces()),
    };

    internal static BodySplice Splice(Exchange exchange)
    {
        var request = exchange.Request;
        var splice = new BodySplice(request);

        // Always a stream and always a limit: llama-server notices a client that left only while it writes, so an
        // unstreamed request runs to its end for nobody.
        if (!request.Stream)
        {
            splice.Set(ChatField.Stream, "true"u8.ToArray());
            splice.Set(ChatField.StreamOptions, """{"include_usage":true}"""u8.ToArray());
        }

        var limit = Encoding.UTF8.GetBytes(MaxTokens(exchange).ToString(CultureInfo.InvariantCulture));
        splice.Set(ChatField.MaxTokens, limit);
        splice.SetIfPresent(ChatField.MaxCompletionTokens, limit);

        if (exchange.Route.Profile.Temperature is { } temperature && !request.HasTemperature)
            splice.Set(ChatField.Temperature, Encoding.UTF8.GetBytes(temperature.ToString(CultureInfo.InvariantCulture)));

        if (exchange.Recalled is { } recalled)
        {
            splice.Set(ChatField.Model, Encoding.UTF8.GetBytes($"\"{JsonEncodedText.Encode(exchange.Route.Model)}\""));
            splice.Set(ChatField.Messages, ToJson(recalled.Messages));
        }

        return splice;
    }

    private static int MaxTokens(Exchange exchange)
    {
        var asked = exchange.Request.MaxTokens ?? exchange.Route.Profile.ReplyTokens;
        return exchange.Recalled is { } recalled ? Math.Max(1, Math.Min(asked, recalled.MaxReplyTokens)) : asked;
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

    /// <summary>A body that was never copied together.</summary>
    private sealed class PiecesContent : HttpContent
    {
        private readonly IReadOnlyList<ReadOnlyMemory<byte>> _pieces;

        public PiecesContent(IReadOnlyList<ReadOnlyMemory<byte>> pieces)
        {
            _pieces = pieces;
            Headers.ContentType = new("application/json");
        }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            foreach (var piece in _pieces)
                await stream.WriteAsync(piece, cancellationToken);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = _pieces.Sum(piece => (long)piece.Length);
            return true;
        }
    }
}
