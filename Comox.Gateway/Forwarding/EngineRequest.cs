using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Comox.Gateway.Forwarding.Sockets;
using Comox.Gateway.OpenAI;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.Forwarding;

/// <summary>What the engine is sent: the client's own bytes, with the few values replaced that are ours to decide.</summary>
internal static class EngineRequest
{
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static EngineCall Build(Exchange exchange) => new()
    {
        Address = exchange.Backend.ChatAddress,
        Body = Splice(exchange).Pieces(),
        Headers = exchange.Backend.Headers,
        Loop = exchange.Http.Features.Get<ClientConnection>()?.Loop,
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
}
