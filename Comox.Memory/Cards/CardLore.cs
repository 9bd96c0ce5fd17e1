namespace Comox.Memory.Cards;

/// <summary>
/// The card's lorebook. Entries marked constant are always in the prompt; those with keyword triggers are kept in the card and named in a warning. Lines that begin with <c>@@</c> before an
/// entry's text are V3's decorators: they are for us and not for the model.
/// </summary>
internal static class CardLore
{
    private const string Activate = "@@activate";
    private const string DontActivate = "@@dont_activate";

    public static IReadOnlyList<string> Pinned(CardFields book, List<string> warnings)
    {
        var pinned = new List<(double Order, int At, string Content)>();
        var (triggered, decorated) = (0, 0);
        var at = 0;
        foreach (var entry in book.Items("entries"))
        {
            // SillyTavern's own worlds say "disable" and "order" where cards say "enabled" and "insertion_order".
            if (entry.Flag("enabled", true) && !entry.Flag("disable", false) && entry.Text("content") is { Length: > 0 } written)
            {
                var (content, decorators) = Undecorated(written);
                decorated += decorators.Any(decorator => decorator is not (Activate or DontActivate)) ? 1 : 0;
                if (content.Length > 0 && !decorators.Contains(DontActivate))
                {
                    if (entry.Flag("constant", false) || decorators.Contains(Activate))
                        pinned.Add((entry.Number("insertion_order", entry.Number("order", 100)), at, content));
                    else
                        triggered++;
                }
            }

            at++;
        }

        if (triggered > 0)
            warnings.Add($"{triggered} lorebook {(triggered == 1 ? "entry waits" : "entries wait")} for keywords; keyword triggers are not evaluated, so only entries marked constant reach the prompt.");
        if (decorated > 0)
            warnings.Add($"{decorated} lorebook {(decorated == 1 ? "entry has decorators" : "entries have decorators")} other than {Activate} and {DontActivate}; they are left out of the prompt and not followed.");
        return [.. pinned.OrderBy(entry => entry.Order).ThenBy(entry => entry.At).Select(entry => entry.Content)];
    }

    /// <summary>The text, and the names of the decorators before it; with three signs one is the replacement for another that is not known.</summary>
    private static (string Content, IReadOnlyList<string> Decorators) Undecorated(string written)
    {
        var lines = written.ReplaceLineEndings("\n").Split('\n');
        var decorators = lines.TakeWhile(line => line.TrimStart().StartsWith("@@", StringComparison.Ordinal)).ToList();
        return decorators.Count == 0
            ? (written, [])
            : (string.Join('\n', lines.Skip(decorators.Count)).Trim(), [.. decorators.Select(line => "@@" + line.Trim().TrimStart('@').Split(' ')[0].ToLowerInvariant())]);
    }
}
