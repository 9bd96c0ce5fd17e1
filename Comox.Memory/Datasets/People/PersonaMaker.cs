using System.Globalization;
using System.Text;
using Comox.Memory.Cards;
using Comox.Memory.Datasets.Talk;
using Comox.Memory.Datasets.Words;

namespace Comox.Memory.Datasets.People;

/// <summary>
/// Makes characters: some of a known kind, whose role alone says how they talk; more of any kind at all, whose card says which words they always say. The second
/// teach a model to read the card, so that it can speak as a character it has never met.
/// </summary>
internal sealed class PersonaMaker(WordLists lists, Wordsmith words, BoundaryMaker boundaries)
{
    private readonly IReadOnlyList<Voice> _families = [.. lists.Folder("voices").Where(list => list.Name != "plain").Select(list => new Voice(list))];
    private readonly Voice _plain = new(lists.Keyed("voices/plain"));
    private readonly KeyedLines _tics = lists.Keyed("talk/tics");
    private readonly SmallTalk _talk = new(lists);
    private readonly Snippets _snippets = new(lists);

    /// <param name="dice">The choices.</param>
    /// <param name="detail">0: a sentence or two; 1: as an author would write a card of a hundred words; 2: two hundred and more.</param>
    /// <param name="isBare">Whether it says only what it is asked.</param>
    public Persona Make(Dice dice, int detail, bool isBare = false)
    {
        if (isBare)
        {
            var bare = new Speech { Voice = _plain, Role = dice.Of(lists.Values("roles")), IsBare = true };
            return new Persona(new CharacterCard { Name = Name(dice), Description = Card($"{{char}} is {bare.Role}.") }, bare, []);
        }

        var isFamily = dice.Chance(.35);
        // A monk whose card quotes words says these and talks like no other monk: what the card says comes before what is known of its kind.
        var kin = isFamily || dice.Chance(.3) ? dice.Of(_families) : null;
        var speech = isFamily ? OfFamily(kin!, dice) : OfAnyKind(kin, dice);
        var name = Name(dice);
        var style = new List<string>();
        var inDescription = "";
        var shownInExamples = false;
        if (isFamily)
        {
            // Words that a card quotes are always said, and a kind has many words: its card says how it talks without any.
            if (dice.Chance(.85))
                style.AddRange(dice.Shuffled([.. speech.Voice["style"].Where(line => !line.Contains('"'))]).Take(dice.Between(1, 2)));
            shownInExamples = dice.Chance(.4);
        }
        else if (speech.Tic.Length > 0)
        {
            var rule = dice.Of(_tics.Needed(dice.Chance(.25) ? "any" : speech.Place == TicPlace.End ? "end" : "begin")).Replace("{c}", dice.Chance(.7) ? Wordsmith.Capital(speech.Tic) : speech.Tic, StringComparison.Ordinal);
            shownInExamples = dice.Chance(.45);
            if (!shownInExamples || dice.Chance(.6))
            {
                if (!dice.Chance(.2))
                    style.Add(rule);
                else if (rule.StartsWith("{char}", StringComparison.Ordinal) || rule[0] == '"')
                    inDescription = rule;
                else
                    inDescription = $"{{char}} {char.ToLowerInvariant(rule[0])}{rule[1..]}";
            }

            if (dice.Chance(.3))
                style.Insert(dice.Below(style.Count + 1), dice.Of(_tics.Needed("plainstyle")));
        }
        else if (dice.Chance(.6))
        {
            style.Add(dice.Of(_tics.Needed("plainstyle")));
        }

        if (speech.Terse)
            style.Add(dice.Of(_tics.Needed("terse")));
        if (speech.Gestures.Count > 0)
            style.Add(dice.Of(_tics.Needed("gestures")));

        var matters = dice.Chance(detail == 0 ? .15 : .5) ? Enumerable.Range(0, dice.Between(1, detail == 2 ? 3 : 2)).Select(_ => boundaries.Make(dice)).ToList() : [];
        var card = new CharacterCard
        {
            Name = name,
            Description = Description(speech, inDescription, kin, dice, detail),
            Personality = dice.Chance(detail == 0 ? .3 : .9) ? Personality(kin, dice, detail) : "",
            Scenario = dice.Chance(detail * .4) ? Card(dice.Of(kin is not null && dice.Chance(.6) ? kin["scene"] : lists.Values("scenario_bits"))) : "",
            FirstMessage = dice.Chance(detail == 0 ? .3 : .75) ? Card(speech.Line("greet", dice)) : "",
            MessageExamples = shownInExamples || dice.Chance(detail * .3) ? Examples(speech, dice, dice.Between(1, 2)) : "",
            PinnedLore = dice.Chance(detail * .06) ? [Card(dice.Of(lists.Values("lore_bits")))] : [],
            Identity = new CardIdentity
            {
                Style = Card(string.Join(' ', style)),
                Boundaries = [.. matters.Select(matter => new CardBoundary(matter.Text, matter.Words, []))],
                Cadence = speech.Terse && dice.Chance(.3) ? new CardCadence { ReplyWords = dice.Between(4, 9), SentenceWords = dice.Between(3, 6) } : new CardCadence(),
            },
        };
        return new Persona(card, speech, matters);
    }

    /// <summary>A character of somebody's card, who talks as a known kind does; who it is, the card says.</summary>
    /// <param name="card">The card.</param>
    /// <param name="voice">The name of the kind: <c>pirate</c>.</param>
    public Persona Of(CharacterCard card, string voice)
    {
        Voice[] all = [.. _families, _plain];
        var wanted = all.FirstOrDefault(one => one.Name == voice) ?? throw new ArgumentException($"There is no voice '{voice}'; there are {string.Join(", ", all.Select(one => one.Name))}.", nameof(voice));
        wanted.Check(_plain);
        return new Persona(card, new Speech { Voice = wanted, Role = "" }, []) { IsGiven = true };
    }

    private Speech OfFamily(Voice voice, Dice dice) => new() { Voice = voice, Role = dice.Of(voice["role"]), Gestures = Gestures(dice, .03) };

    private Speech OfAnyKind(Voice? kin, Dice dice)
    {
        var marked = kin is not null || dice.Chance(.85);
        return new Speech
        {
            Voice = _plain,
            Role = kin is not null ? dice.Of(kin["role"]) : dice.Chance(.75) ? dice.Of(lists.Values("roles")) : words.Value("jobs", dice),
            Tic = marked ? Tic(dice) : "",
            Place = !marked ? TicPlace.None : dice.Chance(.65) ? TicPlace.Begin : TicPlace.End,
            TicMark = dice.Weighted([(',', .55), ('.', .25), ('!', .2)]),
            Terse = dice.Chance(.15),
            Gestures = Gestures(dice, .05),
        };
    }

    private IReadOnlyList<string> Gestures(Dice dice, double chance) => dice.Chance(chance) ? [.. dice.Shuffled(_tics.Needed("gesture")).Take(8)] : [];

    private string Tic(Dice dice) => dice.Weighted<Func<string>>(
    [
        (() => dice.Of(lists.Values("catchphrases")), 4),
        (() => dice.Of(lists.Values("callnames")), 2),
        (() => $"{dice.Of(lists.Values("adjectives"))} {dice.Of(lists.Values("nouns"))}", 1.5),
        (() => $"by the {dice.Of(lists.Values("nouns"))}", .5),
        (() => words.Word("nouns", dice), 1.5),
        (() => $"{words.Word("names", dice)} {words.Word("nouns", dice)}", .7),
        (() => $"oh {words.Word("nouns", dice)}", .3),
        (() => Twice(words.Word("nouns", dice)), .4),
        (() => _snippets.Make(dice), 1.8),
    ])();

    private static string Twice(string word) => $"{word} {word}";

    private string Name(Dice dice) => dice.Chance(.6) ? dice.Of(lists.Values("character_names")) : words.Name("character_names", dice);

    private string Description(Speech speech, string rule, Voice? kin, Dice dice, int detail)
    {
        var text = new StringBuilder("{char} is ").Append(speech.Role).Append('.');
        for (var more = detail == 0 ? dice.Between(0, 1) : detail == 1 ? dice.Between(1, 3) : dice.Between(3, 6); more > 0; more--)
            text.Append(' ').Append(kin is not null && dice.Chance(.4) ? dice.Of(kin["look"]) : dice.Of(lists.Values("look_bits")));
        if (rule.Length > 0)
            text.Append(' ').Append(rule);
        return Card(text.ToString());
    }

    private string Personality(Voice? kin, Dice dice, int detail)
    {
        if (kin is not null && dice.Chance(.6))
            return Card(string.Join(' ', dice.Shuffled(kin["trait"]).Take(detail == 2 ? 2 : 1)));
        return Wordsmith.Capital(string.Join(", ", dice.Shuffled(lists.Values("traits")).Take(dice.Between(2, 3 + detail)))) + ".";
    }

    private string Examples(Speech speech, Dice dice, int count)
    {
        var text = new StringBuilder();
        for (; count > 0; count--)
        {
            var (say, reply) = dice.Weighted<(string, string)>([(("chat", ""), 3), (("howareyou", "mood"), 1), (("thanks", "thanks"), 1), (("self", "self"), 1), (("goodnews", "joy"), 1)]);
            var answer = reply.Length == 0 ? speech.Say(dice.Of(_talk.Replies), dice) : speech.Line(reply, dice).Replace("{role}", speech.Role, StringComparison.Ordinal);
            text.Append(CultureInfo.InvariantCulture, $"<START>\n{{{{user}}}}: {Card(dice.Of(_talk[say]))}\n{{{{char}}}}: {Card(answer)}\n");
        }

        return text.ToString();
    }

    // A card has its names in double braces.
    private static string Card(string text) => text.Replace("{char}", "{{char}}", StringComparison.Ordinal).Replace("{user}", "{{user}}", StringComparison.Ordinal);
}
