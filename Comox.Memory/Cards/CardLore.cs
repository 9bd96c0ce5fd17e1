namespace Comox.Memory.Cards;

/// <summary>The card's lorebook. Entries marked constant are always in the prompt; those with keyword triggers are kept in the card and named in a warning.</summary>
internal static class CardLore
{
    public static IReadOnlyList<string> Pinned(CardFields book, List<string> warnings)
    {
        var pinned = new List<(double Order, int At, string Content)>();
        var triggered = 0;
        var at = 0;
        foreach (var entry in book.Items("entries"))
        {
            // SillyTavern's own worlds say "disable" and "order" where cards say "enabled" and "insertion_order".
            if (entry.Flag("enabled", true) && !entry.Flag("disable", false) && entry.Text("content") is { Length: > 0 } content)
            {
                if (entry.Flag("constant", false))
                    pinned.Add((entry.Number("insertion_order", entry.Number("order", 100)), at, content));
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
