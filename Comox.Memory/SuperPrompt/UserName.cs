using Comox.Memory.Cards;
using Comox.Memory.Ingestion;

namespace Comox.Memory.SuperPrompt;

/// <summary>What the person is called in a prompt.</summary>
/// <param name="Spoken">In a character's words: "Good morning, friend!"</param>
/// <param name="InStatements">As the subject of a sentence: "The user lives in Ljubljana."</param>
/// <param name="Single">One capitalised word.</param>
/// <param name="IsKnown">Whether it is a name at all.</param>
internal sealed record UserName(string Spoken, string InStatements, string Single, bool IsKnown)
{
    private static readonly HashSet<string> Accounts = new(StringComparer.OrdinalIgnoreCase)
    {
        "admin", "administrator", "root", "service", "user", "guest", "anonymous", "default", "test", "tester", "owner", "operator", "system", "me", "you", "someone", "nobody",
        "client", "api", "bot", "console", "web", "local",
    };

    /// <summary>The names that are known; empty where there is none.</summary>
    public IReadOnlyList<string> Called => !IsKnown ? [] : Spoken == Single ? [Spoken] : [Spoken, Single];

    public static UserName For(string subject, IEnumerable<ToldFact> facts)
    {
        var told = facts.FirstOrDefault(fact => fact is { Relation: Relations.Name, About: "" })?.Object;
        if (told is not null)
            return new UserName(told, told, told.Split(' ')[0], true);
        // "shop:mara": whom a caller names.
        var name = subject[(subject.IndexOf(':') + 1)..];
        return LooksLikeName(name)
            ? Named(char.ToUpperInvariant(name[0]) + name[1..])
            : new UserName(CardMacros.NamelessUser, "The user", "Friend", false);
    }

    public static UserName Named(string name) => new(name, name, name, true);

    // "mara" is most likely a name; "u-42", "ops@example.org" and "admin" are not.
    private static bool LooksLikeName(string subject) => subject.Length is > 1 and <= 20 && subject.All(char.IsLetter) && !Accounts.Contains(subject);
}
