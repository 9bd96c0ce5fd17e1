using System.Buffers;
using Comox.Gateway.Forwarding;

namespace Comox.Gateway.OpenAI.Responses;

/// <summary>
/// The output of one response, from the deltas of a chat. Reasoning and messages follow one another: what speaks closes what spoke before. Function calls
/// stay open until the end, because engines may interleave the fragments of several.
/// </summary>
internal sealed class ResponseOutput(string suffix, ResponseEvents events)
{
    private readonly List<ResponseItem> _items = [];
    private readonly SortedDictionary<int, PendingCall> _calls = [];
    private readonly ArrayBufferWriter<byte> _heldLogprobs = new();
    private SpokenItem? _spoken;

    public void Add(ref readonly ChatDelta delta)
    {
        if (!delta.Reasoning.IsEmpty)
            Speaking(isReasoning: true).Add(PartKind.Reasoning, delta.Reasoning, [], events);

        // A token may bring no text yet, such as the first half of a character: its probability belongs to the text that follows.
        if (!delta.Logprobs.IsEmpty)
            Hold(delta.Logprobs);
        if (!delta.Content.IsEmpty)
        {
            Speaking(isReasoning: false).Add(PartKind.Text, delta.Content, _heldLogprobs.WrittenSpan, events);
            _heldLogprobs.Clear();
        }

        if (!delta.Refusal.IsEmpty)
            Speaking(isReasoning: false).Add(PartKind.Refusal, delta.Refusal, [], events);
        if (delta.ToolCalls.IsEmpty)
            return;
        var calls = ToolCallDelta.In(delta.ToolCalls);
        while (calls.Next())
            AddCall(in calls);
    }

    /// <summary>Closes what is open; an answer that was cut short was cut in its last item.</summary>
    public void Finish(bool complete)
    {
        foreach (var (_, call) in _calls)
        {
            if (call.Item is null)
                OpenCall(call);
        }

        // An answer without a word is an empty message: clients take an output without items for a failure.
        if (_items.Count == 0)
            Speaking(isReasoning: false).OpenPart(PartKind.Text, events);
        _spoken?.AddLogprobs(_heldLogprobs.WrittenSpan);
        foreach (var item in _items.Where(item => item.IsOpen))
            item.Close(complete || item != _items[^1], events);
        _spoken = null;
    }

    /// <summary>Closes what is open in the middle of it. Of several open calls nobody knows which were whole.</summary>
    public void Break()
    {
        foreach (var item in _items.Where(item => item.IsOpen))
            item.Close(complete: false, events);
        _spoken = null;
    }

    /// <summary>The closed items, as a JSON array.</summary>
    public void WriteTo(IBufferWriter<byte> output)
    {
        var separator = "["u8;
        foreach (var item in _items.Where(item => !item.IsOpen))
        {
            output.Write(separator);
            separator = ","u8;
            item.WriteTo(output);
        }

        output.Write(separator[0] == '[' ? "[]"u8 : "]"u8);
    }

    private SpokenItem Speaking(bool isReasoning)
    {
        if (_spoken is { } open && open.IsReasoning == isReasoning)
            return open;
        CloseSpoken();
        _spoken = new SpokenItem(isReasoning, _items.Count, suffix, events);
        _items.Add(_spoken);
        return _spoken;
    }

    private void CloseSpoken()
    {
        _spoken?.Close(complete: true, events);
        _spoken = null;
    }

    private void AddCall(ref readonly ToolCallDelta delta)
    {
        if (!_calls.TryGetValue(delta.Index, out var call) || (call.Item is not null && ToolCallPieces.BeginAnother(call.Id, delta.Id, delta.Name)))
            _calls[delta.Index] = call = new PendingCall();
        if (call.Item is { } item)
        {
            if (!delta.Arguments.IsEmpty)
                item.Add(delta.Arguments, events);
            return;
        }

        if (!delta.Id.IsEmpty)
            call.Id = delta.Id.ToArray();
        call.Arguments.Write(delta.Arguments);
        if (delta.Name.IsEmpty)
            return;
        call.Name = delta.Name.ToArray();
        OpenCall(call);
    }

    // An item is announced by its name, so arguments that come before the name wait.
    private void OpenCall(PendingCall call)
    {
        CloseSpoken();
        call.Item = new CallItem(_items.Count, suffix, call.Id, call.Name, events);
        _items.Add(call.Item);
        if (call.Arguments.WrittenCount > 0)
            call.Item.Add(call.Arguments.WrittenSpan, events);
    }

    private void Hold(ReadOnlySpan<byte> logprobs)
    {
        if (_heldLogprobs.WrittenCount > 0)
            _heldLogprobs.Write(","u8);
        var copy = _heldLogprobs.GetSpan(logprobs.Length);
        logprobs.CopyTo(copy);
        OneLine.Make(copy[..logprobs.Length]);
        _heldLogprobs.Advance(logprobs.Length);
    }

    private sealed class PendingCall
    {
        public byte[] Id { get; set; } = [];
        public byte[] Name { get; set; } = [];
        public ArrayBufferWriter<byte> Arguments { get; } = new();
        public CallItem? Item { get; set; }
    }
}
