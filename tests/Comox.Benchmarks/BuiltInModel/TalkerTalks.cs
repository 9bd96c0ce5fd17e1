using Comox.Memory.Ingestion;

namespace Comox.Benchmarks.BuiltInModel;

/// <summary>The talks of an evaluation; the same for the same seed, whatever the model.</summary>
internal sealed class TalkerTalks(HeldOutLists lists, int count, int seed)
{
    private const int TurnsOfALongTalk = 20;
    private const int MostFillers = 9;
    private static readonly IReadOnlyList<TalkerTopic> OwnWords = [.. TalkerTopic.All.Where(topic => topic.Relation is null)];
    private static readonly IReadOnlyList<TalkerTopic> Known = [.. TalkerTopic.All.Where(topic => topic.Relation is not null)];
    private static readonly IReadOnlyList<TalkerTopic> Functional = [.. TalkerTopic.All.Where(topic => topic.IsFunctional)];

    /// <summary>Those of one kind. Kinds do not share chance: one can be asked alone.</summary>
    public IEnumerable<TalkerTalk> Of(string kind)
    {
        var random = new Random((seed * 1000) + TalkerKinds.All.ToList().IndexOf(kind));
        var talks = kind == TalkerKinds.TwentyTurns ? Math.Max(Math.Min(count, lists.Personas.Count), count / 10) : count;
        for (var number = 0; number < talks; number++)
        {
            var persona = kind == TalkerKinds.Boundary ? TalkerTopic.Pick(lists.Personas.Where(one => one.Probes.Count > 0), random) : lists.Personas[(number + seed) % lists.Personas.Count];
            var talk = new Talk(lists, kind, persona, random);
            yield return kind switch
            {
                TalkerKinds.NamesAndValues => Remembered(talk, Known[number % Known.Count], lists.Common, asTold: false),
                TalkerKinds.Phrasings => Remembered(talk, TalkerTopic.All[number % TalkerTopic.All.Count], lists.Phrasings, asTold: false),
                TalkerKinds.OwnWords => Remembered(talk, number % 2 == 0 ? OwnWords[number / 2 % OwnWords.Count] : TalkerTopic.All[number / 2 % TalkerTopic.All.Count], lists.Common, asTold: true),
                TalkerKinds.ToldBefore => ToldBefore(talk, TalkerTopic.All[number % TalkerTopic.All.Count]),
                TalkerKinds.Unknown => Unknown(talk, TalkerTopic.All[number % TalkerTopic.All.Count], number % 2 == 0 ? lists.Common : lists.Phrasings),
                TalkerKinds.Correction => Correction(talk, number),
                TalkerKinds.Voice => Voice(talk, number),
                TalkerKinds.TwentyTurns => TwentyTurns(talk),
                TalkerKinds.World => World(talk, lists.World[number % lists.World.Count]),
                _ => Boundary(talk, TalkerTopic.Pick(persona.Probes, random)),
            };
        }
    }

    private TalkerTalk Remembered(Talk talk, TalkerTopic topic, ILookup<string, string> phrasings, bool asTold)
    {
        var fact = talk.Draw(topic);
        if (asTold || fact.Relation is null)
            talk.Memory.AddTold(fact);
        else
            talk.Memory.AddFact(fact);
        return talk.Asked(fact, phrasings, new TalkerExpected(fact.Value), [fact], talk.Fillers(MostFillers));
    }

    private TalkerTalk ToldBefore(Talk talk, TalkerTopic topic)
    {
        var fact = talk.Draw(topic);
        return talk.Asked(fact, lists.Common, new TalkerExpected(fact.Value), [fact], [.. talk.Fillers(4), talk.Tell(fact), .. talk.Fillers(4)]);
    }

    private static TalkerTalk Unknown(Talk talk, TalkerTopic topic, ILookup<string, string> phrasings)
    {
        var fact = talk.Draw(topic);
        return talk.Asked(fact, phrasings, new TalkerExpected(Admits: true), [fact], talk.Fillers(MostFillers));
    }

    private TalkerTalk Correction(Talk talk, int number)
    {
        var (old, fact) = talk.Changed(Functional[number / 3 % Functional.Count]);
        var expected = new TalkerExpected(fact.Value, [old.Value]);
        switch (number % 3)
        {
            // Said, and taken back.
            case 0:
                return talk.Asked(fact, lists.Common, expected, [old, fact], [.. talk.Fillers(4), talk.Tell(old), talk.Correct(fact), .. talk.Fillers(2)]);

            // Once said otherwise, in another conversation.
            case 1:
                talk.Memory.AddTold(old, daysAgo: talk.Random.Next(120, 360));
                if (fact.Relation is null)
                    talk.Memory.AddTold(fact, daysAgo: talk.Random.Next(1, 60));
                else
                    talk.Memory.AddFact(fact, daysAgo: talk.Random.Next(1, 60));
                return talk.Asked(fact, lists.Common, expected, [old, fact], talk.Fillers(MostFillers));

            // Remembered, and said otherwise in this one.
            default:
                if (old.Relation is null)
                    talk.Memory.AddTold(old);
                else
                    talk.Memory.AddFact(old);
                return talk.Asked(fact, lists.Common, expected, [old, fact], [.. talk.Fillers(4), talk.Tell(fact), .. talk.Fillers(2)]);
        }
    }

    private TalkerTalk Voice(Talk talk, int number)
    {
        var fact = talk.Draw(TalkerTopic.Pick(Known, talk.Random));
        talk.Memory.AddFact(fact);
        var message = (number % 4) switch
        {
            0 => TalkerTopic.Pick(lists.Greetings, talk.Random),
            1 => TalkerTopic.Pick(lists.Remarks, talk.Random),
            2 => fact.Into(TalkerTopic.Pick(lists.Common[fact.Topic.Key], talk.Random)),
            _ => talk.Tell(talk.Draw(TalkerTopic.Pick(OwnWords, talk.Random))).Text,
        };
        return talk.Of(fact.Topic.Key, [fact], [.. talk.Fillers(MostFillers), new TalkerSaid(message)], new TalkerExpected(Marker: talk.Persona.Marker));
    }

    private TalkerTalk World(Talk talk, string question) => talk.Of("world", [], [.. talk.Fillers(MostFillers), new TalkerSaid(question)], new TalkerExpected(Admits: true));

    private TalkerTalk Boundary(Talk talk, string probe) =>
        talk.Of("boundary", [], [.. talk.Fillers(MostFillers), new TalkerSaid(probe)], new TalkerExpected(Never: talk.Persona.Forbidden, Declines: true));

    private TalkerTalk TwentyTurns(Talk talk)
    {
        var remembered = Known.Where(topic => topic.Nouns is null).Take(6).Select(talk.Draw).ToList();
        remembered.ForEach(fact => talk.Memory.AddFact(fact));
        var told = OwnWords.Take(3).Select(talk.Draw).ToList();
        var script = new List<TalkerSaid> { new(TalkerTopic.Pick(lists.Greetings, talk.Random)) };
        for (var number = 1; number < TurnsOfALongTalk; number++)
        {
            script.Add(new TalkerSaid((number % 6) switch
            {
                1 => remembered[number / 6].Into(TalkerTopic.Pick(lists.Phrasings[remembered[number / 6].Topic.Key], talk.Random)),
                2 => TalkerTopic.Pick(lists.Remarks, talk.Random),
                3 => told[number / 6 % told.Count].Into(TalkerTopic.Pick(lists.Told[told[number / 6 % told.Count].Topic.Key], talk.Random)),
                4 => TalkerTopic.Pick(lists.World, talk.Random),
                5 => told[number / 6 % told.Count].Into(TalkerTopic.Pick(lists.Common[told[number / 6 % told.Count].Topic.Key], talk.Random)),
                _ => TalkerTopic.Pick(lists.Remarks, talk.Random),
            }));
        }

        return talk.Of("20 turns", [.. remembered, .. told], script, new TalkerExpected(Marker: talk.Persona.Marker));
    }

    /// <summary>One talk while it is made.</summary>
    private sealed class Talk(HeldOutLists lists, string kind, HeldOutPersona persona, Random random)
    {
        private readonly string _user = TalkerTopic.Pick(lists.Names, random);
        private TalkerMemory? _memory;

        public HeldOutPersona Persona => persona;
        public Random Random => random;
        public TalkerMemory Memory => _memory ??= new TalkerMemory(lists, persona, _user, random);

        public TalkerFact Draw(TalkerTopic topic)
        {
            for (; ; )
            {
                var fact = topic.Draw(lists, random);
                if (fact.Value != _user)
                    return fact;
            }
        }

        /// <summary>A fact, and another value of the same.</summary>
        public (TalkerFact Old, TalkerFact New) Changed(TalkerTopic topic)
        {
            // Whoever tells of another brother has two.
            var old = Draw(topic);
            while (old.Relation is { } relation && !Relations.IsFunctional(relation))
                old = Draw(topic);
            for (; ; )
            {
                var changed = old with { Value = TalkerTopic.Pick(lists.Values[old.Values], random) };
                if (changed.Value != old.Value && changed.Value != _user)
                    return (old, changed);
            }
        }

        public TalkerSaid Tell(TalkerFact fact) => new(fact.Into(TalkerTopic.Pick(lists.Told[fact.Topic.Key], random)));

        public TalkerSaid Correct(TalkerFact fact)
        {
            var text = fact.Into(TalkerTopic.Pick(lists.Corrections, random));
            return new TalkerSaid(char.ToUpperInvariant(text[0]) + text[1..]);
        }

        /// <summary>Small talk before, answered in the persona's voice; in two talks of five none.</summary>
        public IReadOnlyList<TalkerSaid> Fillers(int most) => random.Next(5) < 2 ? [] :
        [
            .. Enumerable.Range(0, random.Next(1, most + 1)).Select(_ => new TalkerSaid(
                TalkerTopic.Pick(random.Next(4) == 0 ? lists.Greetings : lists.Remarks, random), persona.Say(TalkerTopic.Pick(lists.Fillers, random)))),
        ];

        public TalkerTalk Asked(TalkerFact fact, ILookup<string, string> phrasings, TalkerExpected expected, IReadOnlyList<TalkerFact> about, IReadOnlyList<TalkerSaid> before) =>
            Of(fact.Topic.Key, about, [.. before, new TalkerSaid(fact.Into(TalkerTopic.Pick(phrasings[fact.Topic.Key], random)))], expected);

        public TalkerTalk Of(string topic, IReadOnlyList<TalkerFact> about, IReadOnlyList<TalkerSaid> script, TalkerExpected expected)
        {
            var memory = Memory.Fill(about);
            return new TalkerTalk(kind, topic, persona, _user, memory, script, expected.Admits ? expected with { Never = Memory.Values } : expected) { HasOpening = random.Next(2) == 0 };
        }
    }
}
