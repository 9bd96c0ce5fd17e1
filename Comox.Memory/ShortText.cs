namespace Comox.Memory;

/// <summary>Cuts texts for display and prompts.</summary>
internal static class ShortText
{
    /// <summary>The text, or where it is longer than <paramref name="longest"/> its first <paramref name="kept"/> UTF-16 units and "…"; never half a character.</summary>
    public static string Of(string text, int longest, int kept) =>
        text.Length <= longest ? text : string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[kept - 1]) ? kept - 1 : kept), "…");
}
