using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Comox.Gateway.Forwarding;

/// <summary>
/// Makes the events of a continuation look like the rest of the answer they continue: the same id, model and creation time, no second role, and usage over both parts. Clients fold a
/// stream by its id.
/// </summary>
internal sealed class ContinuedEvents(ReplyFacts facts)
{
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ArrayBufferWriter<byte> _written = new();
    private readonly int _tokensBefore = facts.TokenEvents;

    /// <returns>False for an event that says nothing new: the role.</returns>
    public bool TryAdapt(ref SseEvent sse)
    {
        if (sse.IsDone)
            return true;
        var chunk = ChunkScan.Read(sse.Data.Span, null);
        if (!chunk.IsValid || chunk.IsError)
            return true;
        if (!chunk.HasToken && chunk.PromptTokens is null)
            return false;

        using var json = JsonDocument.Parse(WholeCharacters.In(sse.Data), new JsonDocumentOptions { MaxDepth = ChunkScan.MaxDepth });
        _written.ResetWrittenCount();
        _written.Write("data: "u8);
        using (var writer = new Utf8JsonWriter(_written, Relaxed))
        {
            writer.WriteStartObject();
            foreach (var field in json.RootElement.EnumerateObject())
                Write(writer, field);
            writer.WriteEndObject();
        }

        _written.Write("\n\n"u8);
        sse = SseEvent.Of(_written.WrittenMemory.ToArray());
        return true;
    }

    private void Write(Utf8JsonWriter writer, JsonProperty field)
    {
        if (field.NameEquals("id"u8) && facts.ResponseId is { } id)
            writer.WriteString("id"u8, id);
        else if (field.NameEquals("model"u8) && facts.ResponseModel is { } model)
            writer.WriteString("model"u8, model);
        else if (field.NameEquals("created"u8) && facts.Created is { } created)
            writer.WriteNumber("created"u8, created);
        else if (field.NameEquals("usage"u8) && field.Value.ValueKind == JsonValueKind.Object)
            WriteUsage(writer, field.Value);
        else if (field.NameEquals("choices"u8) && field.Value.ValueKind == JsonValueKind.Array)
            WriteChoices(writer, field.Value);
        else
            field.WriteTo(writer);
    }

    // {"index":0,"delta":{"role":"assistant","content":"om"}}: clients put the strings of deltas together, roles too.
    private static void WriteChoices(Utf8JsonWriter writer, JsonElement choices)
    {
        writer.WriteStartArray("choices"u8);
        foreach (var choice in choices.EnumerateArray())
        {
            if (choice.ValueKind != JsonValueKind.Object || !choice.TryGetProperty("delta"u8, out var said) || said.ValueKind != JsonValueKind.Object)
            {
                choice.WriteTo(writer);
                continue;
            }

            writer.WriteStartObject();
            foreach (var field in choice.EnumerateObject())
            {
                if (!field.NameEquals("delta"u8))
                {
                    field.WriteTo(writer);
                    continue;
                }

                writer.WriteStartObject("delta"u8);
                foreach (var part in said.EnumerateObject().Where(part => !part.NameEquals("role"u8)))
                    part.WriteTo(writer);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    // What was said before is a part of this prompt and was a part of that answer: it is paid for once, as an answer.
    private void WriteUsage(Utf8JsonWriter writer, JsonElement usage)
    {
        writer.WriteStartObject("usage"u8);
        foreach (var field in usage.EnumerateObject())
        {
            if (field.NameEquals("prompt_tokens"u8) && field.Value.TryGetInt32(out var prompt))
                writer.WriteNumber("prompt_tokens"u8, Math.Max(0, prompt - _tokensBefore));
            else if (field.NameEquals("completion_tokens"u8) && field.Value.TryGetInt32(out var completion))
                writer.WriteNumber("completion_tokens"u8, completion + _tokensBefore);
            else
                field.WriteTo(writer);
        }

        writer.WriteEndObject();
    }
}
