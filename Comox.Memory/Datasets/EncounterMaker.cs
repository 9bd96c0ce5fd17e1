using Comox.Memory.Cards;
using Comox.Memory.Datasets.People;
using Comox.Memory.Datasets.Talk;
using Comox.Memory.Datasets.Words;
using Comox.Memory.SuperPrompt;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.Memory.Datasets;

/// <summary>Makes encounters, and last messages for them.</summary>
internal sealed class EncounterMaker
{
    /// <summary>So often what has been told is put right in the next breath.</summary>
    private const double Slips = .25;

    /// <summary>So often a fact that has been corrected is still remembered.</summary>
    private const double Late = .5;

    private readonly WordLists _lists;
    private readonly Wordsmith _words;
    private readonly PersonaMaker _personas;
    private readonly PersonMaker _people;
    private readonly Remembering _memory;
    private readonly ExchangeMaker _exchanges;
    private readonly IReadOnlyList<(Func<Moment, Dice, Exchange?> Item, double Weight)> _endings;
    private readonly IReadOnlyList<(Func<Moment, Dice, Exchange?> Item, double Weight)> _earlier;
    private readonly IReadOnlyList<(Func<Moment, Dice, Exchange?> Item, double Weight)> _bare;
    private readonly IReadOnlyList<(Func<Moment, Dice, Exchange?> Item, double Weight)> _bareEarlier;
    private readonly Persona? _only;

    /// <param name="lists">The words.</param>
    /// <param name="card">Whose conversations are made; null: many characters'.</param>
    /// <param name="voice">How the character of the card talks.</param>
    public EncounterMaker(WordLists lists, CharacterCard? card = null, string voice = "")
    {
        _lists = lists;
        _words = new Wordsmith(lists);
        var boundaries = new BoundaryMaker(lists, _words);
        _personas = new PersonaMaker(lists, _words, boundaries);
        _only = card is null ? null : _personas.Of(card, voice);
        _people = new PersonMaker(lists, _words, [.. lists.Folder("topics").Select(list => new Topic(list))]);
        _memory = new Remembering(lists, _people);
        _exchanges = new ExchangeMaker(lists, _people, _words, boundaries);
        _endings = Kinds(ask: 46, unknown: 26, tell: 4, correct: 4, smallTalk: .7);
        _bare = [(_exchanges.Ask, 58), (_exchanges.Unknown, 38), (_exchanges.AskName, 3), (_exchanges.Recap, 1)];
        _bareEarlier = [(_exchanges.Tell, 5), (_exchanges.Correct, 3)];
        _earlier = Kinds(ask: 10, unknown: 6, tell: 26, correct: 15, smallTalk: 1.2);
    }

    public Encounter Make(Stage stage, PromptProfile profile, Dice dice)
    {
        var persona = _only ?? _personas.Make(dice, dice.Weighted(stage.Detail), stage.IsBare);
        var person = _people.Make(dice);
        var now = new DateTimeOffset(2024, 1, 1, 18, 0, 0, TimeSpan.Zero).AddDays(dice.Below(2200));
        var memory = _memory.Make(person, persona, dice.Between(stage.MemoryLines.Least, stage.MemoryLines.Most), now, dice);
        var scene = dice.Chance(stage.Extras) ? Scene(dice) : SceneWords.None;
        var remembered = memory.Select(line => line.Says).OfType<Statement>().Where(person.Holds).ToList();

        // The conversation so far. What it corrects is gone from memory, but for the sentence it was told in.
        var history = new List<(Exchange, bool)>();
        var inConversation = new List<Statement>();
        for (var count = dice.Between(stage.Exchanges.Least, stage.Exchanges.Most); count > 0; count--)
        {
            if (Next(stage.IsBare ? _bareEarlier : _earlier, Now(), dice) is not { } exchange || (exchange.Names is not null && person.Name.IsKnown))
                continue;
            Say(exchange);
            if (exchange.Tells is { } told && person.IsCorrected(told.Slot) && dice.Chance(Slips))
                Say(_exchanges.Mend(Now(), told, dice));
        }

        Moment Now() => new(persona, person, scene, [.. remembered.Concat(inConversation).Where(person.Holds)]);

        void Say(Exchange exchange)
        {
            history.Add((exchange, exchange.Uses.All(inConversation.Contains) && exchange.Kind is not "when" and not "where" and not "who"));
            if (exchange.Names is { } name)
                person.Name = UserName.Named(name);
            if (exchange.MovesTo is { } place)
                scene = new SceneWords(place, scene.Time, scene.Present);
            if (exchange.Tells is { } told)
            {
                person.Learn(told, exchange.Corrects);
                inConversation.RemoveAll(said => said.Slot == told.Slot && !person.Holds(said));
                inConversation.Add(told);
            }
        }

        // Memory takes in what was told after the reply: until then its fact stands beside the newer words.
        var holds = memory.Where(line => line.Says is null || line.Candidate.Fact is null || person.Holds(line.Says) || dice.Chance(Late)).ToList();
        var isCut = dice.Chance(stage.Extras);
        return new Encounter
        {
            IsEcho = stage.IsEcho,
            Persona = persona,
            Person = person,
            Profile = profile,
            Memory = holds,
            History = history,
            Greeting = !isCut && persona.Card.FirstMessage.Length > 0 ? CardMacros.Expand(persona.Card.FirstMessage, persona.Card.SpokenName, person.Name.Spoken) : null,
            Scene = scene,
            Summary = isCut && dice.Chance(.6) ? string.Join(' ', dice.Shuffled(_lists.Values("summary_bits")).Take(dice.Between(1, 3)).Select(bit => persona.Named(bit, person.Name.Spoken))) : null,
            Lore = dice.Chance(stage.Extras / 2) ? [dice.Of(_lists.Values("lore_bits"))] : [],
            Instructions = dice.Chance(stage.Extras / 2) ? [dice.Of(_lists.Values("client_bits"))] : [],
            IsReminded = dice.Chance(stage.Extras / 4) && persona.Card.Identity.Style.Length > 0,
        };
    }

    /// <summary>A last message with its reply; null: nothing of the kind can be said here.</summary>
    /// <param name="encounter">Where it is said.</param>
    /// <param name="shown">The statements of memory that its prompt shows.</param>
    /// <param name="dice">The choices.</param>
    public Exchange? Ending(Encounter encounter, IReadOnlyList<Statement> shown, Dice dice)
    {
        if (encounter.IsEcho)
            return _exchanges.Echo(dice);
        var told = encounter.History.Select(entry => entry.Exchange.Tells).OfType<Statement>().Where(encounter.Person.Holds).ToList();
        var visible = shown.Where(encounter.Person.Holds).Concat(told).Distinct().ToList();
        return Next(encounter.Persona.Speech.IsBare ? _bare : _endings, new Moment(encounter.Persona, encounter.Person, encounter.Scene, visible) { Told = told }, dice);
    }

    private static Exchange? Next(IReadOnlyList<(Func<Moment, Dice, Exchange?> Item, double Weight)> kinds, Moment moment, Dice dice) => dice.Weighted(kinds)(moment, dice);

    private List<(Func<Moment, Dice, Exchange?> Item, double Weight)> Kinds(double ask, double unknown, double tell, double correct, double smallTalk) =>
    [
        (_exchanges.Ask, ask),
        (_exchanges.Unknown, unknown),
        (_exchanges.Tell, tell),
        (_exchanges.Correct, correct),
        (_exchanges.World, 7 * smallTalk),
        (_exchanges.Recap, 3 * smallTalk),
        (_exchanges.AskName, 2.5 * smallTalk),
        (_exchanges.Chat, 3 * smallTalk),
        (_exchanges.Ai, 1.6 * smallTalk),
        (_exchanges.Boundary, 3 * smallTalk),
        (_exchanges.Where, 1 * smallTalk),
        (_exchanges.When, .6 * smallTalk),
        (_exchanges.Who, .5 * smallTalk),
        (_exchanges.Move, 1 * smallTalk),
        (_exchanges.TellName, .7 * smallTalk),
        (Small("greetings", "greet"), 2.2 * smallTalk),
        (Small("howareyou", "mood"), 2 * smallTalk),
        (Small("thanks", "thanks"), 1.4 * smallTalk),
        (Small("bye", "bye"), 1.4 * smallTalk),
        (Small("story", "story"), 1.8 * smallTalk),
        (Small("self", "self"), 2.4 * smallTalk),
        (Small("goodnews", "joy"), 1.4 * smallTalk),
        (Small("badnews", "comfort"), 1.4 * smallTalk),
    ];

    private Func<Moment, Dice, Exchange?> Small(string said, string line) => (moment, dice) => _exchanges.Small(moment, said, line, dice);

    private SceneWords Scene(Dice dice) => new(
        dice.Chance(.85) ? _words.Value("scene_places", dice) : null,
        dice.Chance(.5) ? dice.Of(_lists.Values("scene_times")) : null,
        dice.Chance(.3) ? [.. Enumerable.Range(0, dice.Between(1, 3)).Select(_ => dice.Of(_lists.Values("character_names"))).Distinct(StringComparer.Ordinal)] : []);
}
