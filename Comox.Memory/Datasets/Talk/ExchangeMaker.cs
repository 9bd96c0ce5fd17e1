using Comox.Memory.Datasets.People;
using Comox.Memory.Datasets.Words;

namespace Comox.Memory.Datasets.Talk;

/// <summary>Who talks, and what both can know at this moment: <paramref name="Visible"/> is what the prompt shows of the person, in its order; <see cref="Told"/> is what of it was told in this conversation.</summary>
internal sealed record Moment(Persona Persona, Person Person, SceneWords Scene, IReadOnlyList<Statement> Visible)
{
    public IReadOnlyList<Statement> Told { get; init; } = [];

    public string Named(string line) => Persona.Named(line, Person.Name.Spoken);
}

/// <summary>Makes what a person says next and how the character answers it.</summary>
internal sealed class ExchangeMaker(WordLists lists, PersonMaker people, Wordsmith words, BoundaryMaker boundaries)
{
    private readonly SmallTalk _says = new(lists);
    private readonly KeyedLines _replies = lists.Keyed("talk/replies");
    private readonly Asking _asking = new(lists.Keyed("talk/asking"));

    /// <summary>A question about something that is in the prompt; null where nothing is.</summary>
    public Exchange? Ask(Moment moment, Dice dice)
    {
        if (moment.Visible.Count == 0)
            return null;
        // What has just been told, and what is otherwise than it was, is one of many lines, and what people ask for most.
        var changed = moment.Visible.Where(statement => moment.Person.HasChanged(statement.Slot)).ToList();
        var slot = dice.Of(changed.Count > 0 && dice.Chance(.4) ? changed : moment.Told.Count > 0 && dice.Chance(.4) ? moment.Told : moment.Visible).Slot;
        var known = moment.Visible.Where(statement => statement.Slot == slot).DistinctBy(statement => statement.Value).ToList();
        var value = string.Join(" and ", known.Select(statement => statement.Value));
        var speech = moment.Persona.Speech;
        var answer = slot.In(AnswerOf(slot.Topic, speech, dice), value);
        return new Exchange("ask." + slot.Topic, Question(moment, slot.In(AskOf(slot.Topic, dice)), dice), moment.Named(speech.Say(Wordsmith.Capital(answer), dice))) { Uses = known };
    }

    /// <summary>A question about something that nobody has told; often something like what is known.</summary>
    public Exchange Unknown(Moment moment, Dice dice)
    {
        var slot = people.AnySlot(dice);
        for (var attempt = 0; attempt < 20 && (moment.Person.Knows(slot) || IsCovered(moment.Person, slot)); attempt++)
            slot = moment.Visible.Count > 0 && dice.Chance(.4) ? people.Near(dice.Of(moment.Visible).Slot, dice) : people.AnySlot(dice);
        if (moment.Person.Knows(slot) || IsCovered(moment.Person, slot))
            return World(moment, dice);
        var speech = moment.Persona.Speech;
        var lack = speech.Voice.Spoken(slot.In(dice.Usual(slot.Topic.Lacks)));
        var reply = !speech.IsBare && dice.Chance(.6) ? $"{speech.Line("unknown", dice)} {lack}" : speech.Say(slot.In(dice.Usual(slot.Topic.Lacks)), dice, mayClose: false);
        if (speech.Place == TicPlace.End)
            reply = speech.Say(slot.In(dice.Usual(slot.Topic.Lacks)), dice);
        return new Exchange("unknown." + slot.Topic, Question(moment, slot.In(AskOf(slot.Topic, dice)), dice), moment.Named(reply));
    }

    /// <summary>Words without sense, to be said again.</summary>
    public Exchange Echo(Dice dice)
    {
        string[] kinds = ["names", "cities", "foods", "nouns", "hobbies", "things_liked", "pet_names", "numbers"];
        var text = string.Join(' ', Enumerable.Range(0, dice.Between(4, 16)).Select(_ => dice.Chance(.3) ? WordMaker.Babble(dice) : words.Value(dice.Of(kinds), dice)));
        return new Exchange("echo", dice.Of(_says["echo"]).Replace("{v}", text, StringComparison.Ordinal), text);
    }

    /// <summary>Something new, and now and then something that is known otherwise: whoever tells it does not always say that it has changed.</summary>
    public Exchange Tell(Moment moment, Dice dice)
    {
        if (dice.Chance(.25) && moment.Visible.Where(statement => statement.Slot.HasOneValue).ToList() is { Count: > 0 } known)
        {
            var again = dice.Of(known).Slot;
            return Told(moment, again, again.Topic.Tells, "correct.", "noted", dice);
        }

        var slot = people.AnySlot(dice);
        for (var attempt = 0; attempt < 10 && moment.Person.Knows(slot); attempt++)
            slot = people.AnySlot(dice);
        return moment.Person.Knows(slot) ? Chat(moment, dice) : Told(moment, slot, slot.Topic.Tells, "tell.", "noted", dice);
    }

    /// <summary>"No, I moved to …": something known is otherwise now.</summary>
    public Exchange? Correct(Moment moment, Dice dice)
    {
        var known = moment.Visible.Select(statement => statement.Slot).Where(moment.Person.IsCorrected).Distinct().ToList();
        if (known.Count == 0)
            return null;
        var slot = dice.Of(known);
        return Told(moment, slot, slot.Topic.Corrections, "correct.", "corrected", dice);
    }

    /// <summary>"No wait, …": what has just been told was said wrong. The words do not say what they are about.</summary>
    public Exchange Mend(Moment moment, Statement told, Dice dice) => Told(moment, told.Slot, _says["mends"], "correct.", "corrected", dice) with { Mends = told };

    public Exchange Recap(Moment moment, Dice dice)
    {
        var said = Question(moment, dice.Of(_says["recap"]), dice, mayDress: false);
        var most = dice.Between(2, 3);
        var told = moment.Visible.DistinctBy(statement => statement.Slot).Take(most).ToList();
        var speech = moment.Persona.Speech;
        return told.Count == 0
            ? new Exchange("recap.none", said, moment.Named(speech.Say(dice.Usual(_replies.Needed("recap_none")), dice, mayClose: false)))
            : new Exchange("recap", said, moment.Named(speech.Say(string.Join(' ', told.Select(statement => Wordsmith.Capital(statement.Slot.In(statement.Slot.Topic.Answers[0], statement.Value)))), dice, mayClose: false))) { Uses = told };
    }

    public Exchange AskName(Moment moment, Dice dice)
    {
        var reply = moment.Person.Name.IsKnown ? dice.Usual(_replies.Needed("name_known")).Replace("{v}", moment.Person.Name.Single, StringComparison.Ordinal) : dice.Usual(_replies.Needed("name_unknown"));
        return new Exchange("name", Question(moment, dice.Of(_says["ask_name"]), dice), moment.Named(moment.Persona.Speech.Say(reply, dice)));
    }

    public Exchange TellName(Moment moment, Dice dice)
    {
        var name = dice.Chance(.5) ? dice.Of(lists.Values("names")) : words.Name("names", dice);
        var reply = moment.Persona.Speech.Say(dice.Usual(_replies.Needed("name_told")).Replace("{v}", name, StringComparison.Ordinal), dice);
        return new Exchange("tell.name", moment.Named(dice.Of(_says["tell_name"]).Replace("{v}", name, StringComparison.Ordinal)), moment.Persona.Named(reply, name)) { Names = name };
    }

    public Exchange World(Moment moment, Dice dice)
    {
        var speech = moment.Persona.Speech;
        var line = speech.Place == TicPlace.End ? speech.Say(dice.Of(speech.Voice["world"]), dice, mayClose: false) : speech.Line("world", dice);
        if (!line.Contains("only know", StringComparison.Ordinal) && speech.Place != TicPlace.End)
            line += " " + speech.Voice.Spoken(dice.Usual(_replies.Needed("only")));
        return new Exchange("world", Question(moment, dice.Chance(.1) ? boundaries.Made(dice).Question(dice) : dice.Of(_says["world"]), dice), moment.Named(line));
    }

    public Exchange Chat(Moment moment, Dice dice) =>
        new("chat", moment.Named(Typed(dice.Of(_says["chat"]), dice)), moment.Named(moment.Persona.Speech.Say(dice.Usual(_says.Replies), dice)));

    /// <summary>A kind of small talk that a voice has lines for: the list of what is said, <c>greetings</c>, and the lines of the voice, <c>greet</c>.</summary>
    public Exchange? Small(Moment moment, string said, string line, Dice dice) => moment.Persona.Speech.Sayable(moment.Persona.Speech.Voice[line]).Count == 0 ? null
        : new(said, moment.Named(Typed(dice.Of(_says[said]), dice)), moment.Named(moment.Persona.Speech.Line(line, dice)));

    public Exchange Ai(Moment moment, Dice dice) =>
        new("are_you_ai", moment.Named(Typed(dice.Of(_says["are_you_ai"]), dice)), moment.Named(moment.Persona.Speech.Say(moment.Named(dice.Usual(moment.Persona.Speech.Sayable(_replies.Needed("ai")))), dice, mayClose: false)));

    public Exchange? Boundary(Moment moment, Dice dice) => moment.Persona.Boundaries.Count == 0 ? null
        : new Exchange("boundary", moment.Named(Typed(dice.Of(moment.Persona.Boundaries).Question(dice), dice)), moment.Named(moment.Persona.Speech.Line("refuse", dice)));

    public Exchange Where(Moment moment, Dice dice) => OfScene(moment, "where", "where_are_we", moment.Scene.Place, dice);

    public Exchange When(Moment moment, Dice dice) => OfScene(moment, "when", "when_is_it", moment.Scene.Time, dice);

    public Exchange Who(Moment moment, Dice dice) => OfScene(moment, "who", "who_is_here", moment.Scene.Present.Count == 0 ? null : string.Join(" and ", moment.Scene.Present), dice);

    public Exchange Move(Moment moment, Dice dice)
    {
        var place = words.Value("scene_places", dice);
        var reply = moment.Persona.Speech.Say(Wordsmith.Capital(dice.Usual(_replies.Needed("moved")).Replace("{v}", place, StringComparison.Ordinal)), dice);
        return new Exchange("move", moment.Named(dice.Of(_says["move_scene"]).Replace("{v}", place, StringComparison.Ordinal)), moment.Named(reply)) { MovesTo = place };
    }

    // The usual wordings often, and all others often enough: only words that were met are understood.
    private static string AskOf(Topic topic, Dice dice) => dice.Chance(.4) ? dice.Usual(topic.Asks) : dice.Of(topic.Asks);

    // Most answers have the first form: each way of saying the same has to be learned, and one known well is worth more than seven known half.
    private static string AnswerOf(Topic topic, Speech speech, Dice dice)
    {
        if (speech.IsBare || dice.Chance(.75))
            return (speech.Terse ? topic.ShortAnswers : topic.Answers)[0];
        return dice.Of(speech.Terse || dice.Chance(.15) ? topic.ShortAnswers : topic.Answers);
    }

    private Exchange OfScene(Moment moment, string kind, string said, string? value, Dice dice)
    {
        var reply = value is null ? dice.Usual(_replies.Needed(kind + "_unknown")) : Wordsmith.Capital(dice.Usual(_replies.Needed(kind)).Replace("{v}", value, StringComparison.Ordinal));
        return new Exchange(value is null ? kind + ".unknown" : kind, Question(moment, dice.Of(_says[said]), dice), moment.Named(moment.Persona.Speech.Say(reply, dice, mayClose: false)));
    }

    private Exchange Told(Moment moment, Slot slot, IReadOnlyList<string> forms, string kind, string line, Dice dice)
    {
        var statement = new Statement(slot, people.ValueFor(slot, dice));
        var speech = moment.Persona.Speech;
        var confirmed = Wordsmith.Capital(slot.In(dice.Usual(slot.Topic.Confirmations), statement.Value));
        var reply = !speech.IsBare && dice.Chance(.4) ? speech.Line(line, dice) : speech.Say(dice.Chance(.3) ? $"{confirmed} {dice.Usual(_replies.Needed("remember"))}" : confirmed, dice);
        return new Exchange(kind + slot.Topic, Typed(slot.In(dice.Of(forms), statement.Value), dice), moment.Named(reply)) { Tells = statement };
    }

    private string Question(Moment moment, string question, Dice dice, bool mayDress = true) => moment.Named(Typed(mayDress ? _asking.Dress(question, dice) : question, dice));

    // "Where do I live?" has an answer where only the home of a sister is asked for by another noun; "favourite drink" where a drink is known has one, too.
    private static bool IsCovered(Person person, Slot slot) => person.Known.Any(known => Alike(known.Slot, slot));

    private static bool Alike(Slot known, Slot asked) =>
        (known.Topic.Name, asked.Topic.Name) switch
        {
            ("likes_to_drink", "likes_to_drink" or "favourite" or "likes") or ("likes_to_eat", "likes_to_eat" or "favourite" or "likes") => true,
            ("likes", "favourite" or "likes" or "likes_to_drink" or "likes_to_eat") => true,
            ("favourite", "likes_to_drink" or "likes_to_eat" or "likes") => true,
            ("hates" or "dislikes", "hates" or "dislikes") => true,
            ("pet" or "family" or "thing", "pet" or "family" or "thing") => known.Noun == asked.Noun,
            ("family" or "thing", "partner") or ("partner", "family" or "thing") => true,
            ("learning" or "studies" or "instrument" or "hobby", "learning" or "studies" or "instrument" or "hobby") => true,
            ("likes", "hobby") or ("hobby", "likes") => true,
            ("works_as" or "works_at", "works_as" or "works_at") => true,
            ("lives_in" or "born_in", "lives_in" or "born_in") => true,
            ("wants_to_visit" or "plans", "wants_to_visit" or "plans") => true,
            ("car" or "thing", "car" or "thing") => true,
            _ => false,
        };

    // People type as they like.
    private static string Typed(string text, Dice dice)
    {
        if (dice.Chance(.12))
            text = text.TrimEnd('.', '?', '!');
        if (dice.Chance(.08))
            text = char.ToLowerInvariant(text[0]) + text[1..];
        return dice.Chance(.02) ? text + dice.Of(["!", "??", " :)", "..."]) : text;
    }
}
