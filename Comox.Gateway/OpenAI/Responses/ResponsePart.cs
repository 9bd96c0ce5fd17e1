using System.Buffers;
using System.Text;

namespace Comox.Gateway.OpenAI.Responses;

internal enum PartKind
{
    Text,
    Refusal,

    /// <summary>The model's own reasoning (<c>reasoning_text</c>). It is no summary, so no summary events are made of it.</summary>
    Reasoning,
}

/// <summary>
/// One part of an item's content, growing. Texts are kept as they came, escapes and all: the insides of JSON strings join to the inside of one.
/// </summary>
internal sealed class ResponsePart(PartKind kind, int index, string itemId, int outputIndex)
{
    private readonly ArrayBufferWriter<byte> _text = new();
    private readonly ArrayBufferWriter<byte> _logprobs = new();
    private readonly byte[] _where = Encoding.UTF8.GetBytes(FormattableString.Invariant($",\"item_id\":\"{itemId}\",\"output_index\":{outputIndex},\"content_index\":{index}"));

    public PartKind Kind => kind;

    private ReadOnlySpan<byte> DeltaEvent => kind switch
    {
        PartKind.Text => "response.output_text.delta"u8,
        PartKind.Refusal => "response.refusal.delta"u8,
        _ => "response.reasoning_text.delta"u8,
    };

    private ReadOnlySpan<byte> DoneEvent => kind switch
    {
        PartKind.Text => "response.output_text.done"u8,
        PartKind.Refusal => "response.refusal.done"u8,
        _ => "response.reasoning_text.done"u8,
    };

    public void Open(ResponseEvents events) => WriteWhole("response.content_part.added"u8, events);

    public void Add(ReadOnlySpan<byte> text, ReadOnlySpan<byte> logprobs, ResponseEvents events)
    {
        _text.Write(text);
        AddLogprobs(logprobs);
        if (!events.Begin(DeltaEvent))
            return;
        events.Write(_where);
        events.Write(",\"delta\":\""u8);
        events.Write(text);
        events.Write("\""u8);
        WriteLogprobs(logprobs, events);
        events.End();
    }

    /// <summary>Log probabilities whose text the engine has sent before.</summary>
    public void AddLogprobs(ReadOnlySpan<byte> logprobs)
    {
        if (kind != PartKind.Text || logprobs.IsEmpty)
            return;
        if (_logprobs.WrittenCount > 0)
            _logprobs.Write(","u8);
        _logprobs.Write(logprobs);
    }

    public void Close(ResponseEvents events)
    {
        if (events.Begin(DoneEvent))
        {
            events.Write(_where);
            events.Write(kind == PartKind.Refusal ? ",\"refusal\":\""u8 : ",\"text\":\""u8);
            events.Write(_text.WrittenSpan);
            events.Write("\""u8);
            WriteLogprobs(_logprobs.WrittenSpan, events);
            events.End();
        }

        WriteWhole("response.content_part.done"u8, events);
    }

    /// <summary>The part as it stands in an item's <c>content</c>.</summary>
    public void WriteTo(IBufferWriter<byte> output)
    {
        switch (kind)
        {
            case PartKind.Text:
                output.Write("{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":["u8);
                output.Write(_logprobs.WrittenSpan);
                output.Write("],\"text\":\""u8);
                break;
            case PartKind.Refusal:
                output.Write("{\"type\":\"refusal\",\"refusal\":\""u8);
                break;
            default:
                output.Write("{\"type\":\"reasoning_text\",\"text\":\""u8);
                break;
        }

        output.Write(_text.WrittenSpan);
        output.Write("\"}"u8);
    }

    private void WriteWhole(ReadOnlySpan<byte> type, ResponseEvents events)
    {
        if (!events.Begin(type))
            return;
        events.Write(_where);
        events.Write(",\"part\":"u8);
        WriteTo(events.Output!);
        events.End();
    }

    private void WriteLogprobs(ReadOnlySpan<byte> logprobs, ResponseEvents events)
    {
        if (kind != PartKind.Text)
            return;
        events.Write(",\"logprobs\":["u8);
        events.Write(logprobs);
        events.Write("]"u8);
    }
}
