using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Comox.Gateway.Forwarding;

/// <summary>
/// Folds <c>chat.completion.chunk</c>s into the <c>chat.completion</c> that the engine would have sent without a stream. Top-level fields that
/// we do not know are kept, the last value winning (<c>usage</c>, <c>timings</c>, <c>service_tier</c>, …).
/// </summary>
internal sealed class CompletionFold
{
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly OrderedDictionary<string, JsonElement> _fields = [];
    private readonly SortedDictionary<int, ChoiceFold> _choices = [];

    /// <param name="data">One chunk: a JSON object.</param>
    public void Add(ReadOnlyMemory<byte> data)
    {
        using var chunk = JsonDocument.Parse(WholeCharacters.In(data), new JsonDocumentOptions { MaxDepth = ChunkScan.MaxDepth });
        foreach (var field in chunk.RootElement.EnumerateObject())
        {
            if (field.NameEquals("choices"u8))
                AddChoices(field.Value);
            else if (!field.NameEquals("object"u8) && field.Value.ValueKind != JsonValueKind.Null)
                _fields[field.Name] = field.Value.Clone();
        }
    }

    public byte[] ToUtf8Json()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Relaxed))
        {
            json.WriteStartObject();
            json.WriteString("object"u8, _choices.Values.Any(choice => choice.IsText) ? "text_completion"u8 : "chat.completion"u8);
            json.WriteStartArray("choices"u8);
            foreach (var (index, choice) in _choices)
                choice.WriteTo(json, index);
            json.WriteEndArray();
            foreach (var (name, value) in _fields)
            {
                json.WritePropertyName(name);
                value.WriteTo(json);
            }

            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private void AddChoices(JsonElement choices)
    {
        if (choices.ValueKind != JsonValueKind.Array)
            return;
        foreach (var choice in choices.EnumerateArray())
        {
            if (choice.ValueKind != JsonValueKind.Object)
                continue;
            var index = choice.TryGetProperty("index"u8, out var at) && at.ValueKind == JsonValueKind.Number && at.TryGetInt32(out var number) ? number : 0;
            if (!_choices.TryGetValue(index, out var fold))
                _choices[index] = fold = new ChoiceFold();
            fold.Add(choice);
        }
    }
}
