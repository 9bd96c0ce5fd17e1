using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace Comox.Memory;

/// <summary>
/// Writes Latin letters with accents as plain ones: Škofja Loka → Skofja Loka. By a table, because <c>string.Normalize</c> leaves everything beyond ASCII
/// as it is where the process runs without culture data, as ours do.
/// </summary>
internal static class PlainLetters
{
    // The plain letter, then those that become it.
    private static readonly string[] Groups =
    [
        "AÀÁÂÃÄÅĀĂĄ", "CÇĆĈĊČ", "EÈÉÊËĒĔĖĘĚ", "IÌÍÎÏĨĪĬĮİ", "DÐĎĐ", "NÑŃŅŇŊ", "OÒÓÔÕÖØŌŎŐ", "UÙÚÛÜŨŪŬŮŰŲ", "YÝŶŸ", "aàáâãäåāăą", "cçćĉċč",
        "eèéêëēĕėęě", "iìíîïĩīĭįı", "dðďđ", "nñńņňŉŋ", "oòóôõöøōŏő", "uùúûüũūŭůűų", "yýÿŷ", "GĜĞĠĢ", "gĝğġģ", "HĤĦ", "hĥħ", "JĴ", "jĵ", "KĶ", "kķĸ",
        "LĹĻĽĿŁ", "lĺļľŀł", "RŔŖŘ", "rŕŗř", "SŚŜŞŠȘ", "sśŝşšſș", "TŢŤŦȚ", "tţťŧț", "WŴ", "wŵ", "ZŹŻŽ", "zźżž",
    ];

    private static readonly FrozenDictionary<char, string> Plain = Groups
        .SelectMany(group => group.Skip(1).Select(letter => KeyValuePair.Create(letter, group[..1])))
        .Concat(new Dictionary<char, string> { ['Æ'] = "AE", ['Þ'] = "Th", ['ß'] = "ss", ['æ'] = "ae", ['þ'] = "th", ['Ĳ'] = "IJ", ['ĳ'] = "ij", ['Œ'] = "OE", ['œ'] = "oe" })
        .ToFrozenDictionary();

    public static string Of(string text)
    {
        if (text.All(char.IsAscii))
            return text;
        var plain = new StringBuilder(text.Length);
        foreach (var letter in text)
        {
            // Accents that come as characters of their own are dropped.
            if (Plain.TryGetValue(letter, out var written))
                plain.Append(written);
            else if (CharUnicodeInfo.GetUnicodeCategory(letter) != UnicodeCategory.NonSpacingMark)
                plain.Append(letter);
        }

        return plain.ToString();
    }
}
