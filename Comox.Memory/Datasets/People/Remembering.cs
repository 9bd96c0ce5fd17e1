using Comox.Memory.Datasets.Talk;
using Comox.Memory.Datasets.Words;
using Comox.Memory.Ingestion;
using Comox.Memory.Recall;
using Comox.Memory.Sessions;

namespace Comox.Memory.Datasets.People;

/// <summary>Something recall offers, and what it says of the person; null: nothing that is asked about.</summary>
internal sealed record Remembered(Candidate Candidate, Statement? Says);

/// <summary>Makes what a character remembers of a person: facts, the person's own sentences, its own replies, and what has been said of nothing.</summary>
internal sealed class Remembering(WordLists lists, PersonMaker people)
{
    private const string Session = "earlier";
    private const string ByRecall = "recalled";

    private readonly SmallTalk _says = new(lists);

    /// <summary>As many lines as wanted, in the order of recall; the person knows from then on what they say.</summary>
    public IReadOnlyList<Remembered> Make(Person person, Persona persona, int lines, DateTimeOffset now, Dice dice)
    {
        var made = new List<(Statement? Says, ToldFact? Fact, RecallTurn? Turn)>();
        while (made.Count < lines)
        {
            var at = made.Count;
            if (dice.Chance(.12))
                made.Add((null, null, Turn(at, Utterance.User, persona.Named(dice.Of(_says["chat"]), person.Name.Spoken), now, dice)));
            else if (dice.Chance(.1))
                made.Add((null, null, Turn(at, Utterance.Assistant, persona.Named(persona.Speech.Say(dice.Of(_says.Replies), dice), person.Name.Spoken), now, dice)));
            else
                made.AddRange(About(person, persona, at, lines - at, now, dice));
        }

        return [.. dice.Shuffled(made).Select((line, place) => new Remembered(Offered(line.Fact, line.Turn, place), line.Says))];
    }

    private IEnumerable<(Statement? Says, ToldFact? Fact, RecallTurn? Turn)> About(Person person, Persona persona, int at, int room, DateTimeOffset now, Dice dice)
    {
        var slot = people.AnySlot(dice);
        if (dice.Chance(.3) && person.Known.ToList() is { Count: > 0 } known)
            slot = people.Near(dice.Of(known).Slot, dice);
        if (person.Knows(slot) && (slot.HasOneValue || dice.Chance(.7)))
            yield break;

        // What was so before, in the person's own words; what is so now stands beside it with a later day.
        var replaces = room > 1 && slot.Topic.IsFact && slot.HasOneValue && dice.Chance(.13);
        if (replaces)
        {
            var old = people.ValueFor(slot, dice);
            person.Learn(new Statement(slot, old));
            yield return (null, null, Turn(at, Utterance.User, slot.In(dice.Of(slot.Topic.Tells), old), now.AddDays(-400), dice));
        }

        var statement = new Statement(slot, people.ValueFor(slot, dice));
        person.Learn(statement);
        var told = slot.In(dice.Of(slot.HasOneValue && dice.Chance(.15) ? slot.Topic.Corrections : slot.Topic.Tells), statement.Value);
        if (slot.Topic.IsFact && dice.Chance(.7))
            yield return (statement, new ToldFact($"f{at}", slot.Topic.RelationFor(slot.Noun), statement.Value, false, Session, $"t{at}", Day(now, dice), 1, told), null);
        else
            yield return (statement, null, Turn(at, Utterance.User, dice.Chance(.2) ? $"{told} {persona.Named(dice.Of(_says["chat"]), person.Name.Spoken)}" : told, now, dice));
    }

    private static Candidate Offered(ToldFact? fact, RecallTurn? turn, int place) => new()
    {
        Fact = fact, Turn = turn, Score = 1 / (1 + (.05 * place)), Lanes = new Dictionary<string, double>(), Why = ByRecall,
    };

    private static RecallTurn Turn(int at, string role, string content, DateTimeOffset now, Dice dice) => new($"t{at}", Session, role, content, Day(now, dice));

    private static DateTimeOffset Day(DateTimeOffset now, Dice dice) => now.AddDays(-dice.Between(0, 380)).AddMinutes(-dice.Below(600));
}
