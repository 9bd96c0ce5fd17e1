using System.Text.Json;
using Comox.Memory.Sessions;

namespace Comox.Memory.Datasets;

/// <summary>
/// Writes examples as OpenAI's fine-tuning takes them: <c>{"messages":[{"role":"system","content":"…"},…]}</c> a line. A reply that is not learned from has <c>"weight":0</c>.
/// </summary>
internal sealed class ExampleWriter(Stream to) : IDisposable
{
    private readonly Utf8JsonWriter _json = new(to, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });

    public void Write(Example example)
    {
        _json.Reset();
        _json.WriteStartObject();
        _json.WriteStartArray("messages"u8);
        foreach (var message in example.Prompt)
            Write(message.Role, message.Content, message.Role != Utterance.Assistant || !example.NotLearned.Contains(message.Content));
        Write(Utterance.Assistant, example.Reply, true);
        _json.WriteEndArray();
        _json.WriteEndObject();
        _json.Flush();
        to.WriteByte((byte)'\n');
    }

    public void Dispose() => _json.Dispose();

    private void Write(string role, string content, bool learn)
    {
        _json.WriteStartObject();
        _json.WriteString("role"u8, role);
        _json.WriteString("content"u8, content);
        if (!learn)
            _json.WriteNumber("weight"u8, 0);
        _json.WriteEndObject();
    }
}
