using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Comox.Memory.Cards;

/// <summary>
/// The macros of Character Card V3 ("Curly Braced Syntaxes"), in any case: <c>{{char}}</c>, <c>{{user}}</c> and their old spellings <c>&lt;BOT&gt;</c>, <c>&lt;CHAR&gt;</c>, <c>&lt;USER&gt;</c>;
/// notes of the author, which nobody is to see; <c>{{random:a,b}}</c>, <c>{{pick:a,b}}</c> and <c>{{roll:d6}}</c>; <c>{{reverse:abc}}</c>. Macros that are not known stay as they stand: a card is
/// never changed silently.
/// </summary>
internal static partial class CardMacros
{
    /// <summary>What the user is called where no name is known.</summary>
    public const string NamelessUser = "friend";

    private const int MostSides = 1_000_000;

    // A card of a stranger may hold a name ten thousand times, and the name may be long: beyond this they stay as they stand.
    private const int MostPutIn = 1_000_000;

    /// <summary>Of a character; of a person too, whom a subject names.</summary>
    public const int LongestName = 200;

    /// <param name="text">Of a card.</param>
    /// <param name="character">What the character is called.</param>
    /// <param name="user">What the person is called.</param>
    /// <param name="seed">What decides about chance: the same text with the same seed is the same each time, because a prompt that changes cannot be cached.</param>
    public static string Expand(string text, string character, string user, string seed = "")
    {
        var at = 0;
        var written = text.Contains("{{", StringComparison.Ordinal) ? Calls().Replace(text, call => Call(call, $"{seed} {at++}")) : text;
        // The two names may contain "{{user}}" themselves: one pass, so that what was put in is not expanded again.
        if (!IsExpanded(written, Math.Max(character.Length, user.Length)))
            return written;
        return Names().Replace(written, match => match.Groups["char"].Success ? character : user);
    }

    /// <summary>Whether names are put in, and not left as they stand because there are too many.</summary>
    public static bool IsExpanded(string text, int longest = LongestName) =>
        text.Length / 6 <= MostPutIn / Math.Max(1, longest) || Names().Count(text) <= MostPutIn / Math.Max(1, longest);

    /// <summary>The names of macros in it that stay as they stand.</summary>
    public static IEnumerable<string> Unknown(string text) =>
        Any().Matches(Expand(text, "", "")).Select(match => match.Groups["name"].Value.Trim()).Where(name => !name.Equals("original", StringComparison.OrdinalIgnoreCase));

    private static string Call(Match call, string seed)
    {
        var argument = call.Groups["argument"].Value;
        switch (call.Groups["name"].Value.Trim().ToLowerInvariant())
        {
            case "random" or "pick":
                var choices = Choices(argument);
                return choices[(int)(Chance(call.Value, seed) % (ulong)choices.Count)];
            case "roll":
                var sides = argument.Trim().TrimStart('d', 'D');
                return int.TryParse(sides, CultureInfo.InvariantCulture, out var most) && most is >= 1 and <= MostSides
                    ? ((Chance(call.Value, seed) % (ulong)most) + 1).ToString(CultureInfo.InvariantCulture)
                    : call.Value;
            case "reverse":
                var text = argument.Trim();
                var letters = StringInfo.ParseCombiningCharacters(text).Select(start => StringInfo.GetNextTextElement(text, start));
                return string.Concat(letters.Reverse());
            default:
                return "";
        }
    }

    /// <summary><c>a,b</c> with <c>\,</c> for a comma, or SillyTavern's <c>:a::b</c>.</summary>
    private static IReadOnlyList<string> Choices(string argument) => argument.StartsWith(':')
        ? argument[1..].Split("::")
        : [.. Comma().Split(argument).Select(choice => choice.Replace("\\,", ",", StringComparison.Ordinal).Trim())];

    private static ulong Chance(string text, string seed) => BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{seed} {text}")));

    [GeneratedRegex(@"(?<char>\{\{\s*char\s*\}\}|<BOT>|<CHAR>)|\{\{\s*user\s*\}\}|<USER>", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Names();

    // An argument may hold macros itself, one deep.
    [GeneratedRegex(
        @"\{\{\s*(?:(?<name>//)|(?<name>comment|hidden_key|random|pick|roll|reverse)\s*:)(?<argument>(?:[^{}]|\{\{[^{}]*\}\}|\{(?!\{)|\}(?!\}))*)\}\}",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Calls();

    [GeneratedRegex(@"\{\{(?<name>[^{}:]{1,40})(?::[^{}]*)?\}\}")]
    private static partial Regex Any();

    [GeneratedRegex(@"(?<!\\),")]
    private static partial Regex Comma();
}
