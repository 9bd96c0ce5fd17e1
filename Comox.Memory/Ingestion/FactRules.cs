using System.Text.RegularExpressions;

namespace Comox.Memory.Ingestion;

/// <summary>What a rule makes of its match.</summary>
internal enum Says
{
    /// <summary>Holds, beside other values where the relation may have many.</summary>
    Holds,

    /// <summary>Holds instead of every other value.</summary>
    HoldsAlone,

    /// <summary>Holds no longer.</summary>
    Ended,

    /// <summary>Held once, and says nothing of today.</summary>
    Was,
}

/// <summary>
/// A pattern, anchored at the clause's start: its group <c>v</c> is the value, <c>noun</c> completes a relation that is a prefix, <c>all</c> stands for every value.
/// </summary>
internal sealed record FactRule(string Relation, Says Says, Value Kind, Regex Pattern);

/// <summary>What form a value must have.</summary>
internal enum Value
{
    /// <summary>A name: its first word, and further words while they are capitalised.</summary>
    Name,

    /// <summary>A place, thing or activity in a few words.</summary>
    Thing,

    /// <summary>A name somebody goes by: what is capitalised, unless the whole message is written without capitals.</summary>
    CallName,

    /// <summary>A relative's name and no description of them.</summary>
    KinName,

    /// <summary>A place with a name, or a kind of place one can live in.</summary>
    Home,

    /// <summary>A trade: a noun with its article, or one of the known trades.</summary>
    Trade,

    /// <summary>Where or for whom somebody works, and not when or how.</summary>
    Workplace,

    /// <summary>What is drunk as a habit, and not what happens to a glass.</summary>
    Drink,

    /// <summary>Anything that could be said of a noun of the person's: judged more strictly, because anything can.</summary>
    Attribute,
}

/// <summary>The rules in the order they are tried; the first that matches with an acceptable value decides a clause.</summary>
internal static class FactRules
{
    private const string I = @"^i\s+(?:(?:really|absolutely|truly|also|just|do|still|especially|particularly|usually|mostly|always|often|only|mainly|generally|currently|now|both)\s+)*";
    private const string Am = @"^i(?:'m| am)\s+(?:(?:really|very|so|quite|a bit|a little|terribly|also|still|currently|now|deeply)\s+)*";
    private const string Have = @"^(?:i(?:'ve got|'ve| have got| have| got| own| also have| keep))\s+(?:an?|one|another)\s+";
    private const string Noun = @"(?<noun>[a-z][a-z'-]*(?: [a-z][a-z'-]*){0,2}?)";
    private const string IsNow = @"\s*(?:'s| is| are)(?: (?:now|actually|still|definitely|certainly|currently))?\s+";
    private const string V = "(?<v>.+)$";

    public static readonly IReadOnlyList<FactRule> All =
    [
        // What no longer holds.
        Rule(Relations.LivesIn, Says.Ended, Value.Thing, $@"^i (?:no longer|don't|do not|stopped) liv(?:e|ing) in {V}"),
        Rule(Relations.LivesIn, Says.Ended, Value.Thing, $@"^i(?:'ve| have)? (?:left|moved (?:away|out) (?:from|of)) (?-i:(?<v>\p{{Lu}}.+))$"),
        Rule(Relations.WorksAs, Says.Ended, Value.Thing, $@"^i (?:no longer|don't|do not|stopped) work(?:ing)? as {V}"),
        Rule(Relations.WorksAs, Says.Ended, Value.Thing, @"^i(?:'ve| have)? (?:quit|lost|left) my (?<all>job)\b"),
        Rule(Relations.LikesToDrink, Says.Ended, Value.Thing, $@"^i (?:no longer|don't|do not|stopped) (?:like to drink|like drinking|drink|drinking) {V}"),
        Rule(Relations.Likes, Says.Ended, Value.Thing, $@"^i (?:no longer|stopped) (?:like|love|enjoy|liking|loving|enjoying) {V}"),
        Rule(Relations.Hates, Says.Ended, Value.Thing, $@"^i (?:no longer|don't|do not) (?:hate|dislike|mind) {V}"),
        Rule(Relations.AfraidOf, Says.Ended, Value.Thing, $@"^i(?:'m| am) (?:no longer|not) (?:afraid|scared) of {V}"),
        Rule(Relations.WantsToVisit, Says.Ended, Value.Thing, $@"^i (?:no longer|don't|do not) want to visit {V}"),
        Rule(Relations.Pet, Says.Ended, Value.Thing, $@"^i (?:no longer|don't|do not) have (?:an?|my|any) {Noun}(?<all>)(?: any ?more)?$"),

        // What was so once, and what has been so since a time. "I have lived in Riga", without a time, may be either: it is neither.
        Rule(Relations.LivesIn, Says.Was, Value.Home, $@"^i (?:used to live|once lived|lived) in {V}"),
        Rule(Relations.LivesIn, Says.Holds, Value.Home, $@"^i(?:'ve| have) (?:lived|been living|been based) in (?<v>.+ (?:since|for) .+)$"),
        Rule(Relations.WorksAs, Says.Was, Value.Trade, $@"^i (?:used to work|once worked|worked) as {V}"),
        Rule(Relations.WorksAs, Says.Was, Value.Trade, $@"^i (?:used to be|was) (?<v>an? (?:[a-z-]+ )?(?:{FactWords.Trades}))(?: (?:until|till|from|in|before) .+)?$"),
        Rule(Relations.WorksAs, Says.Holds, Value.Trade, $@"^i(?:'ve| have) (?:worked|been working) as (?<v>.+ (?:since|for) .+)$"),
        Rule(Relations.WorksAs, Says.Holds, Value.Trade, $@"^i(?:'ve| have) been (?<v>an? (?:[a-z-]+ )?(?:{FactWords.Trades})) (?:since|for) .+$"),

        // Names.
        Rule(Relations.Name, Says.Holds, Value.Name, $@"^my (?:full |first |real |given )?name{IsNow}{V}"),
        Rule(Relations.Name, Says.Holds, Value.Name, $@"^i(?:'m| am) (?:called|named|known as) {V}"),
        // "My friends call me …" in a message without capitals may end in anything; "call me …" asks for a name.
        Rule(Relations.Name, Says.Holds, Value.CallName, $@"^(?:(?:you (?:can|may|should)|just|please) )*call me {V}"),
        Rule(Relations.Name, Says.Holds, Value.CallName, $@"^(?:everyone|everybody|people|friends|my friends|they|most people) calls? me (?-i:(?<v>[\p{{Lu}}\p{{Lo}}].*))$"),
        Rule(Relations.Name, Says.Holds, Value.CallName, $@"^(?:i go by|the name(?:'s| is)) {V}"),

        // Home, work, birthday.
        Rule(Relations.LivesIn, Says.Holds, Value.Home, $@"{I}live in {V}"),
        Rule(Relations.LivesIn, Says.Holds, Value.Home, $@"{Am}(?:living|based|settled) in {V}"),
        Rule(Relations.LivesIn, Says.Holds, Value.Home, $@"^i(?:'ve| have)?\s+(?:(?:just|recently|finally|now)\s+)*(?:moved|relocated)(?: back| over)?(?: from [^,]+?)? to {V}"),
        Rule(Relations.LivesIn, Says.Holds, Value.Home, $@"^my home is in {V}"),
        Rule(Relations.WithNoun(Relations.Is, "hometown"), Says.Holds, Value.Home, $@"^i(?:'m| am| come)(?: originally)? from {V}"),
        Rule(Relations.WorksAs, Says.Holds, Value.Trade, $@"{I}work as {V}"),
        Rule(Relations.WorksAs, Says.Holds, Value.Trade, $@"{Am}working as {V}"),
        Rule(Relations.WorksAs, Says.Holds, Value.Trade, $@"^i(?:'ve| have)? (?:just |recently )?(?:became|become|started (?:working )?as|got a (?:new )?job as) {V}"),
        Rule(Relations.WorksAs, Says.Holds, Value.Trade, $@"^my (?:job|profession|occupation|trade){IsNow}(?:being |to be )?{V}"),
        Rule(Relations.WorksAs, Says.Holds, Value.Trade, $@"{Am}(?<v>an? (?:[a-z-]+ )?(?:{FactWords.Trades}))(?: by (?:trade|profession)| now)?$"),
        Rule(Relations.WorksAs, Says.Holds, Value.Thing, $@"{Am}(?<v>an? [a-z -]+?) by (?:trade|profession)$"),
        Rule(Relations.WithNoun(Relations.Is, "workplace"), Says.Holds, Value.Workplace, $@"{I}work (?:at|for) {V}"),
        Rule(Relations.Birthday, Says.Holds, Value.Thing, $@"^my birthday{IsNow}(?:in |on )?(?:the )?(?<v>(?:.* )?(?:{FactWords.Months})\b.*)$"),
        Rule(Relations.Birthday, Says.Holds, Value.Thing, $@"^i was born (?:in|on) (?:the )?(?<v>(?:.* )?(?:{FactWords.Months})\b.*)$"),

        // What is liked best.
        Rule(Relations.LikesToDrink, Says.HoldsAlone, Value.Thing, $@"^my (?:all-time |absolute |new )?favou?rite (?:drink|beverage|thing to drink){IsNow}{V}"),
        Rule(Relations.Favourite + "food", Says.Holds, Value.Thing, $@"^my (?:all-time |absolute |new )?favou?rite (?:food|dish|meal|thing to eat){IsNow}{V}"),
        Rule(Relations.Favourite, Says.Holds, Value.Thing, $@"^my (?:all-time |absolute |new )?favou?rite {Noun}{IsNow}{V}"),
        Rule(Relations.Favourite, Says.Holds, Value.Thing, $@"^(?<v>[^,]+?) is my (?:all-time |absolute |new )?favou?rite {Noun}$"),

        // Wishes, fears, hobbies.
        Rule(Relations.WantsToVisit, Says.Holds, Value.Thing, $@"^i(?:'d)?\s+(?:(?:really|would|always|also|still|one day)\s+)*(?:want|wanted|hope|plan|like|love|intend|wish) to (?:visit|travel to) {V}"),
        Rule(Relations.WantsToVisit, Says.Holds, Value.Thing, $@"^i (?:dream of|dream about|am dreaming of|look forward to) (?:visiting|travell?ing to) {V}"),
        Rule(Relations.AfraidOf, Says.Holds, Value.Thing, $@"{Am}(?:afraid|scared|terrified|frightened) of {V}"),
        Rule(Relations.AfraidOf, Says.Holds, Value.Thing, $@"^(?:i (?:really )?fear|i have a fear of|my (?:biggest|greatest|worst) fear is) {V}"),
        Rule(Relations.Hobby, Says.Holds, Value.Thing, $@"^my (?:main |new |biggest |favou?rite )?hobb(?:y|ies){IsNow}{V}"),

        // Pets, family, anything with a name.
        Rule(Relations.Named, Says.Holds, Value.Name, $@"{Have}{Noun} (?:called|named|whose name is|by the name of) {V}"),
        Rule(Relations.Named, Says.HoldsAlone, Value.Name, $@"^my {Noun}(?: is|'s| are) (?:now |actually )?(?:called|named) {V}"),
        Rule(Relations.Named, Says.HoldsAlone, Value.Name, $@"^my {Noun}'s? name{IsNow}{V}"),
        Rule(Relations.Named, Says.HoldsAlone, Value.Name, $@"^the name of my {Noun}{IsNow}{V}"),
        Rule(Relations.Named, Says.HoldsAlone, Value.KinName, $@"^my (?<noun>{FactWords.Kin}){IsNow}(?-i:(?<v>\p{{Lu}}[\p{{L}}'-]+(?: \p{{Lu}}[\p{{L}}'-]+)*))$"),

        // Likes and dislikes.
        Rule(Relations.LikesToDrink, Says.Holds, Value.Drink, $@"{I}(?:like|love|enjoy|prefer|adore) (?:to drink|drinking) {V}"),
        Rule(Relations.LikesToDrink, Says.Holds, Value.Drink, $@"{I}drink {V}"),
        Rule(Relations.LikesToDrink, Says.Holds, Value.Thing, $@"{I}(?:like|love|enjoy|prefer|adore) (?<v>(?:[\p{{L}}-]+ ){{0,3}}(?:{FactWords.Drinks}))\W*$"),
        Rule(Relations.LikesToEat, Says.Holds, Value.Thing, $@"{I}(?:like|love|enjoy|prefer|adore) (?:to eat|eating) {V}"),
        Rule(Relations.Hates, Says.Holds, Value.Thing, $@"{I}(?:hate|detest|despise|loathe|can't stand|cannot stand|can't bear) {V}"),
        Rule(Relations.Dislikes, Says.Holds, Value.Thing, $@"{I}(?:dislike|don't like|do not like|don't enjoy|don't love) {V}"),
        Rule(Relations.Likes, Says.Holds, Value.Thing, $@"{I}(?:like|love|adore|enjoy) {V}"),
        Rule(Relations.Likes, Says.Holds, Value.Thing, $@"{Am}(?:fond of|into|a (?:big |huge |great )?(?:fan|lover) of) {V}"),

        // Anything else a person has or is.
        Rule(Relations.Is, Says.Holds, Value.Attribute, $@"^my {Noun}{IsNow}{V}"),
    ];

    private static FactRule Rule(string relation, Says says, Value kind, string pattern) =>
        // A person's message must never be able to make a pattern run away, so none of them may backtrack.
        new(relation, says, kind, new Regex(pattern, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking));
}
