namespace Comox.Gateway.Forwarding;

/// <summary>To which call a piece of a streamed answer belongs, where its index does not tell.</summary>
internal static class ToolCallPieces
{
    /// <summary>
    /// Whether a piece begins another call than the one of its index that has its name already. Some engines number all calls alike (Ollama), or not at all (Gemini): another id with a name is
    /// another call. Older ones (vLLM's) give each piece of a call an id of its own, and no name.
    /// </summary>
    /// <param name="known">The id of the call; bytes or characters, as are the others.</param>
    /// <param name="id">Of the piece; empty: none.</param>
    /// <param name="name">Of the piece; empty: none.</param>
    public static bool BeginAnother<T>(ReadOnlySpan<T> known, ReadOnlySpan<T> id, ReadOnlySpan<T> name)
        where T : IEquatable<T> => !name.IsEmpty && !id.IsEmpty && !id.SequenceEqual(known);
}
