using System.Text.RegularExpressions;

namespace Comox.Memory.Ingestion;

/// <summary>Trims what a rule caught to the value itself, or refuses it.</summary>
internal static partial class FactValues
{
    private const int MaxWords = 7;
    private const int MaxLength = 60;

    private static readonly char[] NoValueEndsWith = [' ', '\n', '.', '…', '*', '~', ')', ']', '。', '！'];

    /// <returns>A prefix of <paramref name="caught"/>, or null when that is no value.</returns>
    public static string? Clean(string caught, Value kind, bool lowerCase)
    {
        if (caught.Contains('\u0001', StringComparison.Ordinal))
            return null;
        var text = Tail().Split(caught, 2)[0].TrimEnd(NoValueEndsWith);
        // Where somebody lives or works ends before the time; "London in May" is what they like.
        if (kind is Value.Home or Value.Trade or Value.Workplace)
            text = Time().Split(text, 2)[0].TrimEnd(NoValueEndsWith);
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0)
            return null;
        return kind switch
        {
            Value.Name => char.IsLower(words[0][0]) && FactWords.NotAttributes.Contains(words[0]) ? null : Name(words),
            Value.CallName => lowerCase || IsCapital(words[0]) ? Name(words) : null,
            Value.KinName => IsDescription(words[0]) ? null : Name(words),
            Value.Attribute when FactWords.NotAttributes.Contains(words[0].Trim(',')) || words[0].EndsWith("ing", StringComparison.OrdinalIgnoreCase) || words.Length > 4 => null,
            _ when words.Length > MaxWords || text.Length > MaxLength || FactWords.NotFirst.Contains(words[0].Trim(',')) || words.Any(FactWords.ToListener.Contains) || RefersBack().IsMatch(text) => null,
            Value.Home when !IsHome(text, words, lowerCase) => null,
            Value.Trade when !Trade().IsMatch(text) || NoTrade().IsMatch(text) => null,
            Value.Workplace when char.IsDigit(text[0]) || NoWorkplace().IsMatch(text) => null,
            Value.Drink when NoDrink().IsMatch(text) => null,
            _ => text,
        };
    }

    /// <summary>Whether a word says what somebody is like or where they come from, and is no name.</summary>
    public static bool IsDescription(string word) => FactWords.NotAttributes.Contains(word) || Nationality().IsMatch(word);

    private static bool IsHome(string text, string[] words, bool lowerCase) =>
        !words.Any(FactWords.NotHomes.Contains)
        && (NamedPlace().IsMatch(text) || KindOfPlace().IsMatch(text) || (lowerCase && words.Length <= 2));

    private static string? Name(string[] words)
    {
        var first = words[0].TrimEnd(',', '.', '!', ';', ':');
        if (first.Length is 0 or > 40 || !char.IsLetter(first[0]) || FactWords.NotNames.Contains(first))
            return null;
        var taken = 1;
        if (first.Length == words[0].Length || IsShort(words[0]))
        {
            while (taken < Math.Min(words.Length, 4) && IsCapital(words[taken]))
            {
                if (words[taken++] is [.., ',' or '.'] word && !IsShort(word))
                    break;
            }
        }

        return string.Join(' ', words[..taken]).TrimEnd(',', '.', '!', ';', ':');
    }

    // Scripts without capitals write a name like any word.
    private static bool IsCapital(string word) => char.IsLetter(word[0]) && !char.IsLower(word[0]);

    // "Dr." and "J." are no end.
    private static bool IsShort(string word) => Short().IsMatch(word);

    [GeneratedRegex(@"^(?:Dr|Mr|Mrs|Ms|Mx|St|Prof|Rev|Fr|Capt|Col|Lt|Sgt|\p{Lu})\.$")]
    private static partial Regex Short();

    // What follows a value in the same clause and is no part of it.
    [GeneratedRegex(
        @"[,;:!?()\n]|\s+(?=(?:but|because|since|which|who|when|while|where|although|though|whenever|unless|until|and (?:i|my|it|that|we|he|she|they|you|so|not|work|live|like|love|hate|have|am)|so|if|than|instead|now|right now|too|as well|also|these days|nowadays|at the moment|by the way|any ?more|again|already|actually|with my|together with|for (?:\w+ ){1,3}(?:years?|months?|weeks?)|since|every (?:day|morning|evening|night)|in the (?:morning|evening|afternoon)|a lot|very much|so much|the most|best of all|most of all|more than|some ?day|one day|last (?:week|month|year)|this (?:week|month|year)|next (?:week|month|year)|yesterday|today|tomorrow|please|you know|haha|lol|of course|recently)\b)",
        RegexOptions.IgnoreCase)]
    private static partial Regex Tail();

    [GeneratedRegex(
        $@"\s+(?=(?:(?:back )?in (?:early |late |mid[ -]?|the |about |around )*(?:(?:19|20)\d\d|(?:{FactWords.Months})\b)|(?:from|between|till?|before|after|around) (?:early |late |the )?(?:(?:19|20)\d\d|(?:{FactWords.Months})\b)|(?:about |around )?(?:\w+|a few|a couple of) (?:days?|weeks?|months?|years?|decades?) ago|(?:on |last |this |this past )+(?:spring|summer|autumn|fall|winter|night|weekend|(?:mon|tues|wednes|thurs|fri|satur|sun)day|{FactWords.Months})\b))",
        RegexOptions.IgnoreCase)]
    private static partial Regex Time();

    // "… to say this", "… to admit that": the value is in another sentence, if there is one.
    [GeneratedRegex(@"^to (?:say|admit|interrupt|bother|ask|tell|think|break|disappoint|inform|brag|complain)\b|\b(?:this|that|it|them|him|her|me|us|so)$", RegexOptions.IgnoreCase)]
    private static partial Regex RefersBack();

    [GeneratedRegex(@"^(?i:(?:the|downtown|central|rural|upstate|north|south|east|west|northern|southern|eastern|western|old|sunny|beautiful) )*[\p{Lu}\p{Lo}]")]
    private static partial Regex NamedPlace();

    [GeneratedRegex($@"^(?:an?|the|my|our) (?:\S+ ){{0,3}}?(?:{FactWords.Places})\b", RegexOptions.IgnoreCase)]
    private static partial Regex KindOfPlace();

    [GeneratedRegex($@"^(?:an?|the) \p{{L}}|^(?:\S+ ){{0,2}}?(?:{FactWords.Trades})\b", RegexOptions.IgnoreCase)]
    private static partial Regex Trade();

    [GeneratedRegex(
        @"^(?:an?|the) (?:bit|little|lot|best|worst|better|worse|real|total|complete|team|group|whole|joke|mess|pain|bore|challenge|nightmare|nuisance|problem|burden|dream|fan|member|citizen|mother|father|mum|mom|dad|parent|grandmother|grandfather|widow|widower|vegetarian|vegan|christian|muslim|buddhist)\b",
        RegexOptions.IgnoreCase)]
    private static partial Regex NoTrade();

    [GeneratedRegex(@"^(?:home|nights?|days?|dawn|dusk|noon|midnight|weekends?|the (?:moment|weekends?)|my (?:best|desk|own|computer)|speed|full|free|money|fun|a living|peanuts|least|most|hours|all|things|christmas)\b", RegexOptions.IgnoreCase)]
    private static partial Regex NoWorkplace();

    [GeneratedRegex(
        @"^(?:from|before|after|with|without|in|at|on|by|for|to|up|down|deep|deeply|alone|only|out|when|every|responsibly|socially|heavily|often|rarely|sometimes|regularly|the|my|his|their|our|an? (?:toast|sip|lot|bit|little|potion|draught))\b",
        RegexOptions.IgnoreCase)]
    private static partial Regex NoDrink();

    [GeneratedRegex("(?:ish|ese|erman|ench|utch|ian|ican|orean|opean|reek|hai|ech|iss|raeli|raqi|stani|fghan|atholic|testant|slim|hindu|ddhist)$", RegexOptions.IgnoreCase)]
    private static partial Regex Nationality();
}
