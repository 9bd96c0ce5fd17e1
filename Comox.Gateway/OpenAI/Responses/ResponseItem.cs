using System.Buffers;
using System.Text;

namespace Comox.Gateway.OpenAI.Responses;

/// <summary>One item of a response's output: open while it grows, closed once, with the status it then keeps.</summary>
internal abstract class ResponseItem(int index)
{
    private byte[]? _closed;

    public bool IsOpen => _closed is null;

    protected int Index => index;

    public void Close(bool complete, ResponseEvents events)
    {
        CloseContent(events);
        var json = new ArrayBufferWriter<byte>();
        WriteTo(json, complete ? "completed"u8 : "incomplete"u8);
        _closed = json.WrittenSpan.ToArray();
        WriteWhole("response.output_item.done"u8, _closed, events);
    }

    /// <summary>The closed item.</summary>
    public void WriteTo(IBufferWriter<byte> output) => output.Write(_closed);

    protected void Open(ResponseEvents events)
    {
        if (events.Output is null)
            return;
        var json = new ArrayBufferWriter<byte>();
        WriteTo(json, "in_progress"u8);
        WriteWhole("response.output_item.added"u8, json.WrittenSpan, events);
    }

    protected abstract void CloseContent(ResponseEvents events);

    protected abstract void WriteTo(ArrayBufferWriter<byte> json, ReadOnlySpan<byte> status);

    private void WriteWhole(ReadOnlySpan<byte> type, ReadOnlySpan<byte> item, ResponseEvents events)
    {
        if (!events.Begin(type))
            return;
        events.Write(",\"output_index\":"u8, index);
        events.Write(",\"item\":"u8);
        events.Write(item);
        events.End();
    }
}

/// <summary>
/// A message, of text and refusals, or a reasoning:
/// <code>
/// {"id":"msg_…","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text",…}]}
/// {"id":"rs_…","type":"reasoning","status":"completed","summary":[],"content":[{"type":"reasoning_text",…}]}
/// </code>
/// </summary>
internal sealed class SpokenItem : ResponseItem
{
    private readonly string _id;
    private readonly List<ResponsePart> _parts = [];

    public SpokenItem(bool isReasoning, int index, string suffix, ResponseEvents events) : base(index)
    {
        IsReasoning = isReasoning;
        _id = FormattableString.Invariant($"{(isReasoning ? "rs" : "msg")}_{suffix}_{index}");
        Open(events);
    }

    public bool IsReasoning { get; }

    public void Add(PartKind kind, ReadOnlySpan<byte> text, ReadOnlySpan<byte> logprobs, ResponseEvents events)
    {
        if (_parts.Count == 0 || _parts[^1].Kind != kind)
            OpenPart(kind, events);
        _parts[^1].Add(text, logprobs, events);
    }

    /// <summary>A part without a word, where the model had nothing to say.</summary>
    public void OpenPart(PartKind kind, ResponseEvents events)
    {
        CloseContent(events);
        _parts.Add(new ResponsePart(kind, _parts.Count, _id, Index));
        _parts[^1].Open(events);
    }

    public void AddLogprobs(ReadOnlySpan<byte> logprobs)
    {
        if (_parts.Count > 0)
            _parts[^1].AddLogprobs(logprobs);
    }

    // Only the last part is open.
    protected override void CloseContent(ResponseEvents events)
    {
        if (_parts.Count > 0)
            _parts[^1].Close(events);
    }

    protected override void WriteTo(ArrayBufferWriter<byte> json, ReadOnlySpan<byte> status)
    {
        json.Write("{\"id\":\""u8);
        json.Write(Encoding.UTF8.GetBytes(_id));
        json.Write(IsReasoning ? "\",\"type\":\"reasoning\",\"status\":\""u8 : "\",\"type\":\"message\",\"status\":\""u8);
        json.Write(status);
        json.Write(IsReasoning ? "\",\"summary\":[],\"content\":["u8 : "\",\"role\":\"assistant\",\"content\":["u8);
        for (var i = 0; i < _parts.Count; i++)
        {
            if (i > 0)
                json.Write(","u8);
            _parts[i].WriteTo(json);
        }

        json.Write("]}"u8);
    }
}

/// <summary>A function call: <code>{"id":"fc_…","type":"function_call","status":"completed","call_id":"call_1","name":"look","arguments":"{}"}</code></summary>
internal sealed class CallItem : ResponseItem
{
    private readonly ArrayBufferWriter<byte> _arguments = new();
    private readonly byte[] _id;
    private readonly byte[] _callId;
    private readonly byte[] _name;

    /// <param name="index">Its place in the output.</param>
    /// <param name="suffix">What the response's ids have in common.</param>
    /// <param name="callId">The inside of a JSON string; empty where the engine gave none.</param>
    /// <param name="name">The inside of a JSON string.</param>
    /// <param name="events">Hears of it.</param>
    public CallItem(int index, string suffix, ReadOnlySpan<byte> callId, ReadOnlySpan<byte> name, ResponseEvents events) : base(index)
    {
        _id = Encoding.UTF8.GetBytes(FormattableString.Invariant($"fc_{suffix}_{index}"));
        // The client must be able to answer the call, so it needs an id even then.
        _callId = callId.IsEmpty ? Encoding.UTF8.GetBytes(FormattableString.Invariant($"call_{suffix}_{index}")) : callId.ToArray();
        _name = name.ToArray();
        Open(events);
    }

    public void Add(ReadOnlySpan<byte> arguments, ResponseEvents events)
    {
        _arguments.Write(arguments);
        if (!events.Begin("response.function_call_arguments.delta"u8))
            return;
        WriteWhere(events);
        events.Write(",\"delta\":\""u8);
        events.Write(arguments);
        events.Write("\""u8);
        events.End();
    }

    protected override void CloseContent(ResponseEvents events)
    {
        if (!events.Begin("response.function_call_arguments.done"u8))
            return;
        WriteWhere(events);
        events.Write(",\"name\":\""u8);
        events.Write(_name);
        events.Write("\",\"arguments\":\""u8);
        events.Write(_arguments.WrittenSpan);
        events.Write("\""u8);
        events.End();
    }

    protected override void WriteTo(ArrayBufferWriter<byte> json, ReadOnlySpan<byte> status)
    {
        json.Write("{\"id\":\""u8);
        json.Write(_id);
        json.Write("\",\"type\":\"function_call\",\"status\":\""u8);
        json.Write(status);
        json.Write("\",\"call_id\":\""u8);
        json.Write(_callId);
        json.Write("\",\"name\":\""u8);
        json.Write(_name);
        json.Write("\",\"arguments\":\""u8);
        json.Write(_arguments.WrittenSpan);
        json.Write("\"}"u8);
    }

    private void WriteWhere(ResponseEvents events)
    {
        events.Write(",\"item_id\":\""u8);
        events.Write(_id);
        events.Write("\",\"output_index\":"u8, Index);
    }
}
