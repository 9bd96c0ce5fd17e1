namespace Comox.Gateway.OpenAI;

/// <summary>
/// A request body with some values replaced or added. What is not replaced stays byte for byte, whatever its order, escapes, white space or
/// duplicates; a replaced key is replaced wherever it occurs, so that no parser can pick another value than ours.
/// </summary>
internal sealed class BodySplice(ChatCompletionRequest request)
{
    private readonly Dictionary<ChatField, ReadOnlyMemory<byte>> _values = [];
    private ReadOnlyMemory<byte> _appended;

    /// <param name="field">The field; added at the end of the object where the body lacks it.</param>
    /// <param name="value">JSON.</param>
    public void Set(ChatField field, ReadOnlyMemory<byte> value) => _values[field] = value;

    /// <param name="members">Members for the end of the object: <c>,"name":value</c>.</param>
    public void Append(ReadOnlyMemory<byte> members) => _appended = members;

    /// <summary>Sets a field only where the client sent it.</summary>
    public void SetIfPresent(ChatField field, ReadOnlyMemory<byte> value)
    {
        if (request.Fields.Any(span => span.Field == field))
            Set(field, value);
    }

    /// <summary>The new body in pieces; most of them are slices of the old one.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Pieces()
    {
        var pieces = new List<ReadOnlyMemory<byte>>(2 * _values.Count + 2);
        var missing = new HashSet<ChatField>(_values.Keys);
        var position = 0;
        foreach (var span in request.Fields)
        {
            if (!_values.TryGetValue(span.Field, out var value))
                continue;
            pieces.Add(request.Body[position..span.Start]);
            pieces.Add(value);
            position = span.End;
            missing.Remove(span.Field);
        }

        pieces.Add(request.Body[position..request.ClosingBrace]);
        // The object holds at least model and what it is asked, so a comma always fits.
        foreach (var field in missing)
        {
            if (!request.Api.MayAdd(field))
                throw new InvalidOperationException($"{field} is never added to a body of {request.Api.Kind}.");
            pieces.Add(NameOf(field));
            pieces.Add(_values[field]);
        }

        if (!_appended.IsEmpty)
            pieces.Add(_appended);
        pieces.Add(request.Body[request.ClosingBrace..]);
        return pieces;
    }

    private static byte[] NameOf(ChatField field) => field switch
    {
        ChatField.Stream => ",\"stream\":"u8.ToArray(),
        ChatField.StreamOptions => ",\"stream_options\":"u8.ToArray(),
        ChatField.MaxTokens => ",\"max_tokens\":"u8.ToArray(),
        ChatField.MaxCompletionTokens => ",\"max_completion_tokens\":"u8.ToArray(),
        ChatField.Temperature => ",\"temperature\":"u8.ToArray(),
        _ => throw new InvalidOperationException($"{field} is never added to a body."),
    };
}
