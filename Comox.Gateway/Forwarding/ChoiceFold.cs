using System.Text;
using System.Text.Json;

namespace Comox.Gateway.Forwarding;

/// <summary>One choice of a folded answer. Text grows (<c>content</c>, <c>reasoning_content</c>, <c>refusal</c>, and whatever string an engine adds); the rest is replaced.</summary>
internal sealed class ChoiceFold
{
    private static readonly string[] Known = ["index", "delta", "text", "logprobs", "finish_reason"];

    private readonly OrderedDictionary<string, StringBuilder> _texts = new() { ["content"] = new() };
    private readonly Dictionary<string, JsonElement> _others = [];
    private readonly SortedDictionary<int, List<ToolCallFold>> _toolCalls = [];
    private readonly OrderedDictionary<string, List<JsonElement>> _logprobs = [];
    private readonly OrderedDictionary<string, JsonElement> _besides = [];
    private StringBuilder? _text;
    private string _role = "assistant";
    private string? _finishReason;

    /// <summary>A completion of before there were chats: <c>{"index":0,"text":"Hi"}</c>.</summary>
    public bool IsText => _text is not null;

    public void Add(JsonElement choice)
    {
        if (choice.TryGetProperty("text"u8, out var text) && text.ValueKind == JsonValueKind.String)
            (_text ??= new StringBuilder()).Append(TextOf(text));
        if (choice.TryGetProperty("delta"u8, out var delta) && delta.ValueKind == JsonValueKind.Object)
            AddDelta(delta);
        if (choice.TryGetProperty("logprobs"u8, out var logprobs) && logprobs.ValueKind == JsonValueKind.Object)
            AddLogprobs(logprobs);
        if (choice.TryGetProperty("finish_reason"u8, out var reason) && reason.ValueKind == JsonValueKind.String)
            _finishReason = TextOf(reason);

        // vLLM's stop_reason, native_finish_reason: beside the delta, the last value wins.
        foreach (var field in choice.EnumerateObject())
        {
            if (!Known.Contains(field.Name) && field.Value.ValueKind != JsonValueKind.Null)
                _besides[field.Name] = field.Value.Clone();
        }
    }

    public void WriteTo(Utf8JsonWriter json, int index)
    {
        json.WriteStartObject();
        json.WriteNumber("index"u8, index);
        if (_text is not null)
            json.WriteString("text"u8, _text.ToString());
        else
            WriteMessage(json);
        if (_logprobs.Count > 0)
            WriteLogprobs(json);
        json.WriteString("finish_reason"u8, _finishReason);
        foreach (var (name, value) in _besides)
        {
            json.WritePropertyName(name);
            value.WriteTo(json);
        }

        json.WriteEndObject();
    }

    private void WriteMessage(Utf8JsonWriter json)
    {
        json.WriteStartObject("message"u8);
        json.WriteString("role"u8, _role);
        foreach (var (name, text) in _texts)
        {
            // A pure tool call has no content: null, as OpenAI writes it.
            if (text.Length == 0 && _toolCalls.Count > 0)
                json.WriteNull(name);
            else
                json.WriteString(name, text.ToString());
        }

        foreach (var (name, value) in _others)
        {
            json.WritePropertyName(name);
            value.WriteTo(json);
        }

        if (_toolCalls.Count > 0)
        {
            json.WriteStartArray("tool_calls"u8);
            foreach (var call in _toolCalls.Values.SelectMany(calls => calls))
                call.WriteTo(json);
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    /// <summary>The string; where an engine split a character between two tokens, the mark of a broken one.</summary>
    internal static string TextOf(JsonElement element)
    {
        try
        {
            return element.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return "\uFFFD";
        }
    }

    private void AddDelta(JsonElement delta)
    {
        foreach (var field in delta.EnumerateObject())
        {
            if (field.NameEquals("role"u8) && field.Value.ValueKind == JsonValueKind.String)
                _role = TextOf(field.Value);
            else if (field.NameEquals("tool_calls"u8) && field.Value.ValueKind == JsonValueKind.Array)
                AddToolCalls(field.Value);
            else if (field.Value.ValueKind == JsonValueKind.String)
                TextFor(field.Name).Append(TextOf(field.Value));
            else if (field.Value.ValueKind != JsonValueKind.Null)
                _others[field.Name] = field.Value.Clone();
        }
    }

    private StringBuilder TextFor(string name)
    {
        if (!_texts.TryGetValue(name, out var text))
            _texts[name] = text = new StringBuilder();
        return text;
    }

    private void AddToolCalls(JsonElement calls)
    {
        foreach (var call in calls.EnumerateArray())
        {
            if (call.ValueKind != JsonValueKind.Object)
                continue;
            var index = call.TryGetProperty("index"u8, out var at) && at.ValueKind == JsonValueKind.Number && at.TryGetInt32(out var number) ? number : 0;
            if (!_toolCalls.TryGetValue(index, out var folds))
                _toolCalls[index] = folds = [new ToolCallFold()];
            else if (folds[^1].IsAnother(call))
                folds.Add(new ToolCallFold());
            folds[^1].Add(call);
        }
    }

    // {"content":[{"token":"Y","bytes":[89],"logprob":-1.5,"top_logprobs":[…]}],"refusal":null}
    private void AddLogprobs(JsonElement logprobs)
    {
        foreach (var field in logprobs.EnumerateObject().Where(field => field.Value.ValueKind == JsonValueKind.Array))
        {
            if (!_logprobs.TryGetValue(field.Name, out var tokens))
                _logprobs[field.Name] = tokens = [];
            tokens.AddRange(field.Value.EnumerateArray().Select(token => token.Clone()));
        }
    }

    private void WriteLogprobs(Utf8JsonWriter json)
    {
        json.WriteStartObject("logprobs"u8);
        foreach (var (name, tokens) in _logprobs)
        {
            json.WriteStartArray(name);
            foreach (var token in tokens)
                token.WriteTo(json);
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }
}

/// <summary>One tool call: id and name come whole, the arguments in fragments that are no JSON by themselves.</summary>
internal sealed class ToolCallFold
{
    private readonly StringBuilder _arguments = new();
    private string _id = "";
    private string _type = "function";
    private string _name = "";

    /// <summary>Whether a piece with the index of this call is of another.</summary>
    public bool IsAnother(JsonElement call) =>
        _name.Length > 0 && call.TryGetProperty("function"u8, out var function) && function.ValueKind == JsonValueKind.Object && ToolCallPieces.BeginAnother<char>(_id, Text(call, "id"), Text(function, "name"));

    public void Add(JsonElement call)
    {
        if (_id.Length == 0)
            _id = Text(call, "id") ?? "";
        _type = Text(call, "type") ?? _type;
        if (!call.TryGetProperty("function"u8, out var function) || function.ValueKind != JsonValueKind.Object)
            return;
        _name = Text(function, "name") ?? _name;
        _arguments.Append(Text(function, "arguments"));
    }

    public void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, _id);
        json.WriteString("type"u8, _type);
        json.WriteStartObject("function"u8);
        json.WriteString("name"u8, _name);
        json.WriteString("arguments"u8, _arguments.ToString());
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static string? Text(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && ChoiceFold.TextOf(value) is { Length: > 0 } text ? text : null;
}
