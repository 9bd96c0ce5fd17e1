using System.Text.Json;

namespace Comox.Memory.Cards;

/// <summary>The card's lorebook. Entries marked constant are always in the prompt; those with keyword triggers are kept in the card and named in a warning.</summary>
internal static class CardLore
{
    public static IReadOnlyList<string> Pinned(JsonElement book, string where, List<string> warnings)
    {
        if (book.ValueKind != JsonValueKind.Object || !book.TryGetProperty("entries", out var entries) || entries.ValueKind == JsonValueKind.Null)
            return [];
        if (entries.ValueKind != JsonValueKind.Array)
            throw new WrongField($"{where}entries is {CardReader.Kind(entries)}, not an array.");

        var pinned = new List<(double Order, int At, string Content)>();
        var triggered = 0;
        var at = 0;
        foreach (var item in entries.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Object)
                throw new WrongField($"{where}entries[{at}] is {CardReader.Kind(item)}, not an object.");
            var entry = new CardFields(item, $"{where}entries[{at}].");
            if (entry.Flag("enabled", true) && entry.Text("content") is { Length: > 0 } content)
            {
                if (entry.Flag("constant", false))
                    pinned.Add((entry.Number("insertion_order", 100), at, content));
                else
                    triggered++;
            }

            at++;
        }

        if (triggered > 0)
            warnings.Add($"{triggered} lorebook {(triggered == 1 ? "entry waits" : "entries wait")} for keywords; keyword triggers are not evaluated, so only entries marked constant reach the prompt.");
        return [.. pinned.OrderBy(entry => entry.Order).ThenBy(entry => entry.At).Select(entry => entry.Content)];
    }
}
