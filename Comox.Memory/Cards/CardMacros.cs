using System.Text.RegularExpressions;

namespace Comox.Memory.Cards;

/// <summary>
/// <c>{{char}}</c>, <c>{{user}}</c> and their old spellings <c>&lt;BOT&gt;</c>, <c>&lt;USER&gt;</c>, in any case. Macros that are not known stay as they stand:
/// a card is never changed silently.
/// </summary>
internal static partial class CardMacros
{
    /// <summary>What the user is called where no name is known.</summary>
    public const string NamelessUser = "friend";

    // The two names may contain "{{user}}" themselves: one pass, so that what was put in is not expanded again.
    public static string Expand(string text, string character, string user) =>
        Names().Replace(text, match => match.Groups["char"].Success ? character : user);

    [GeneratedRegex(@"(?<char>\{\{\s*char\s*\}\}|<BOT>)|\{\{\s*user\s*\}\}|<USER>", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Names();
}
