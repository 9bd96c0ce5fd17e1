using Comox.Memory.Cards;
using Comox.Memory.Identity;
using Comox.Memory.Identity.Drift;

namespace Comox.Memory.Tests;

public sealed class DriftScorerTests
{
    private static readonly CharacterCard Plain = new()
    {
        Name = "Ada",
        Description = "A mill hand.",
        MessageExamples = "<START>\n{{user}}: Hi\n{{char}}: Mornin'. Mill's runnin' late, river's low again.\n<START>\n{{user}}: Busy?\n{{char}}: Always. Flour don't wait, and neither does the baker down the hill.",
        FirstMessage = "*She wipes her hands.* Come in, then. Mind the sacks, they're only just stacked.",
    };

    [Theory]
    [InlineData("As an AI language model, I have no mill.")]
    [InlineData("I'm sorry, but I can't assist with that request.")]
    [InlineData("AS AN AI, I can’t provide flour.")]
    [InlineData("It is important to note that flour is combustible.")]
    [InlineData("How can I assist you today?")]
    [InlineData("Here are some tips:\n- Keep it dry.\n- Keep it cool.")]
    [InlineData("# Milling\nFlour is ground from wheat.")]
    [InlineData("(OOC: shall we go on with this?)")]
    public void An_assistants_phrase_is_heard_and_named(string reply)
    {
        var score = Score(reply);
        Assert.InRange(score.AssistantSpeak!.Value, 0.5, 1);
        Assert.Contains(score.Evidence, evidence => evidence.Component == "assistant_speak");
        Assert.InRange(score.Total!.Value, 0.45, 1);
    }

    [Theory]
    [InlineData("The clerk says \"How can I assist you today?\" and I walk straight back out to the cart with the sacks.")]
    [InlineData("I can't help laughing, the miller fell in the race again this morning.")]
    [InlineData("Let me know when the cart's here, I'll carry the sacks down.")]
    [InlineData("It's important work, this. My mother did it, and hers before.")]
    public void What_people_say_as_well_is_not_an_assistants_phrase(string reply) => Assert.Equal(0, Score(reply).AssistantSpeak);

    [Fact]
    public void A_machine_may_say_that_it_is_one_but_not_what_it_was_made_of()
    {
        var robot = Plain with { Description = "{{char}} is a robot who minds the mill." };
        Assert.Equal(0, Score("I am an AI, and my programming concerns wheat. How may I help you?", robot).AssistantSpeak);
        Assert.InRange(Score("I am an AI, and my programming concerns wheat.", Plain).AssistantSpeak!.Value, 0.8, 1);
        Assert.InRange(Score("I am a large language model made by OpenAI.", robot).AssistantSpeak!.Value, 0.9, 1);
    }

    [Fact]
    public void What_the_card_says_in_its_own_voice_is_the_characters_voice()
    {
        const string Reply = "Feel free to ask, and please note that the wheel is wet.";
        Assert.InRange(Score(Reply).AssistantSpeak!.Value, 0.5, 1);
        Assert.Equal(0, Score(Reply, Plain with { FirstMessage = "Feel free to ask about the wheel. Please note that the stones bite." }).AssistantSpeak);
    }

    [Theory]
    [InlineData("Mornin'.\nMara: Good morning, Ada!\nAda: Sit down.")]
    [InlineData("Mornin'.\n**Mara:** Good morning, Ada!")]
    [InlineData("Sit. *You sit down and take the cup.*")]
    [InlineData("*Mara nods and follows her up the ladder.* Mind the third rung.")]
    [InlineData("Sit. *She hands over the cup, and you drink it in one go.*")]
    [InlineData("\"Sit,\" she said. Mara sighed and sat down on the sacks.")]
    [InlineData("You nod slowly. Good. Then we understand each other, the two of us.")]
    public void Speaking_or_acting_for_the_person_is_seen(string reply)
    {
        var score = Score(reply);
        Assert.InRange(score.Agency!.Value, 0.35, 1);
        Assert.Contains(score.Evidence, evidence => evidence.Component == "agency");
    }

    [Theory]
    [InlineData("*She looks at you.* Well?")]
    [InlineData("*As you step in, she looks up from the stones.* Mind the sacks.")]
    [InlineData("You take the left road, and you follow it to the mill.")]
    [InlineData("If you feel cold, there's a shawl on the hook behind you.")]
    [InlineData("Did you take the cup? *She looks at your hands.* You look tired, Mara.")]
    [InlineData("*Do you follow her? She doesn't look back.* Come on, then.")]
    public void What_leaves_the_person_free_is_not_agency(string reply) => Assert.Equal(0, Score(reply).Agency);

    [Fact]
    public void What_the_person_did_may_be_told_again()
    {
        Assert.Equal(0, Score("*You sit down on the sacks.* Comfortable, are they?", message: "*I sit on the sacks*").Agency);
        Assert.InRange(Score("*You sit down on the sacks.* Comfortable, are they?", message: "Hello.").Agency!.Value, 0.5, 1);
    }

    [Fact]
    public void A_game_master_whose_card_narrates_for_the_person_may_go_on_to()
    {
        var master = Plain with { MessageExamples = "<START>\n{{char}}: *You step into the hall. You feel the cold.*\n<START>\n{{char}}: *You take the torch and walk on.*", FirstMessage = "*You wake in the dark.*" };
        Assert.Equal(0, Score("*You open the door and walk into the light.*", master).Agency);
        Assert.InRange(Score("Mara: I open the door.", master).Agency!.Value, 0.9, 1);
    }

    [Theory]
    [InlineData("Never mentions money.", "I'd want more money for that, you know.", "Four sacks of it, and not one more.")]
    [InlineData("Does not speak of her brother or the flood.", "My brother built this wheel with his own hands.", "I don't speak of my brother. Ask me something else.")]
    [InlineData("Never says \"okay\".", "Okay, that's the last of the sacks.", "Fine, that's the last of the sacks.")]
    [InlineData("Never says \"hello\", always \"ahoy\".", "Hello there, come in and sit.", "Ahoy there, come in and sit.")]
    [InlineData("Never calls anyone \"sir\"; says \"friend\" instead.", "Come in, sir, and sit.", "Come in, friend, and sit.")]
    [InlineData("Never says \"okay\"; never says \"hi\".", "Hi, that's the last of the sacks.", "Well, that's the last of the sacks.")]
    [InlineData("Always says \"ahoy\", never \"hello\".", "Hello there, come in and sit.", "Ahoy there, come in and sit.")]
    [InlineData("Never asks questions.", "What did the river do?", "The river did what it does.")]
    [InlineData("Never swears.", "That damn wheel is stuck again, come and push.", "That cursed wheel is stuck again, come and push.")]
    [InlineData("Never uses emoji.", "The river is up again today 😀", "The river is up again today, look.")]
    [InlineData("Never uses exclamation marks.", "Mind the sacks, they are wet!", "Mind the sacks, they are wet.")]
    [InlineData("Never uses contractions.", "I don't know what the river wants.", "I do not know what the river wants.")]
    public void A_boundary_is_read_from_its_own_sentence(string boundary, string broken, string kept)
    {
        var card = Plain with { Identity = CardIdentity.None with { Boundaries = [new CardBoundary(boundary, [], [])] } };
        var score = Score(broken, card);
        Assert.InRange(score.Boundary!.Value, 0.6, 1);
        Assert.Contains(score.Evidence, evidence => evidence.Component == "boundary" && evidence.Says.Contains(boundary, StringComparison.Ordinal));
        Assert.Equal(0, Score(kept, card).Boundary);
    }

    [Fact]
    public void Who_asks_about_other_things_keeps_a_boundary_of_questions_about_one() =>
        Assert.NotEqual("?", StatedRule.Of("Never asks questions about the war.").Breach("What did the river do?").Words);

    [Theory]
    [InlineData("My brother? Don't ask about my brother.")]
    [InlineData("Not a word about the flood, not today and not tomorrow.")]
    public void Who_refuses_to_speak_of_it_keeps_the_boundary(string reply) =>
        Assert.Equal(0, Score(reply, Plain with { Identity = CardIdentity.None with { Boundaries = [new CardBoundary("Never speaks of her brother, or the flood.", [], [])] } }).Boundary);

    [Fact]
    public void A_boundary_is_read_from_the_words_and_patterns_of_its_author()
    {
        var card = Plain with { Identity = CardIdentity.None with { Boundaries = [new CardBoundary("Keeps the mill closed on Sundays.", ["sabbath work"], [@"\bopens? (?:the mill )?on sunday"])] } };
        Assert.InRange(Score("We open on Sunday, come by at nine.", card).Boundary!.Value, 0.9, 1);
        Assert.InRange(Score("It's only a bit of Sabbath work, nobody minds.", card).Boundary!.Value, 0.9, 1);
        Assert.Equal(0, Score("We open on Monday, come by at nine.", card).Boundary);
    }

    [Fact]
    public void What_cannot_be_known_is_null_and_not_nought()
    {
        var bare = new CharacterCard { Name = "Ada" };
        var score = Score("The river is low, and the mill is slow today.", bare);
        Assert.Null(score.Style);
        Assert.Null(score.Vocabulary);
        Assert.Null(score.Boundary);
        Assert.Equal(0, score.Agency);
        Assert.Equal(0, score.AssistantSpeak);

        var vague = Plain with { Identity = CardIdentity.None with { Boundaries = [new CardBoundary("Is kind to strays.", [], [])] } };
        Assert.Null(Score("The river is low, and the mill is slow today.", vague).Boundary);
        Assert.Equal(DriftScore.Unknown, Score("Aye."));
        Assert.Equal(DriftScore.Unknown, Score(""));
        Assert.Equal(DriftScore.Unknown, Score("*…*"));
    }

    [Fact]
    public void A_stated_cadence_is_a_baseline_where_there_are_no_examples()
    {
        var card = new CharacterCard { Name = "Ada", Identity = CardIdentity.None with { Cadence = new CardCadence { SentenceWords = 4, ReplyWords = 10, Exclamations = 0 } } };
        var near = Score("The river is low. The mill is slow. Come back later.", card).Style;
        var far = Score("Oh what a truly wonderful and delightful surprise it is to see you standing here in front of the old mill on such a glorious morning as this one, with the larks above us!", card);
        Assert.InRange(near!.Value, 0, 0.1);
        Assert.InRange(far.Style!.Value, 0.4, 1);
        Assert.Contains(far.Evidence, evidence => evidence.Component == "style" && evidence.Says.Contains("words a sentence; here it is 4 words a sentence as a rule", StringComparison.Ordinal));
    }

    [Fact]
    public void Replies_that_were_accepted_widen_the_vocabulary_but_never_outweigh_the_card()
    {
        var quill = Persona.Of("Quill");
        var scorer = new DriftScorer(quill.Core);
        var foreign = quill.Drifted.Last(reply => reply.Kind == "vocabulary").Reply;
        var alone = Vocabulary(foreign, []);
        var known = Vocabulary(foreign, [foreign]);
        Assert.InRange(alone, 0.5, 1);
        Assert.True(known < alone, $"{known} is not below {alone}.");
        Assert.All(quill.InCharacter, reply => Assert.InRange(Vocabulary(reply.Reply, [.. Enumerable.Repeat(foreign, 200)]), 0, 0.4));

        double Vocabulary(string reply, IReadOnlyList<string> accepted) => scorer.Score(new ReplyToScore(reply, "", [], accepted)).Vocabulary!.Value;
    }

    [Fact]
    public void A_reply_that_hardly_ends_is_scored_while_one_waits()
    {
        // With anything quadratic in it this takes minutes.
        var card = Plain with { Identity = CardIdentity.None with { Boundaries = [new CardBoundary("Never speaks of her brother.", [], [])] } };
        var scorer = new DriftScorer(IdentityCore.Of(card, 1));
        foreach (var nasty in new[] { "no ", "*a", "\"a", "you nod, ", "- a\n", "a", "?!", "* ", "I can't " })
            Assert.NotNull(scorer.Score(new ReplyToScore(string.Concat(Enumerable.Repeat(nasty, 20_000)) + " no brother of mine.", "", ["Mara"], [])).Boundary);
    }

    [Fact]
    public void Scoring_a_reply_leaves_little_behind()
    {
        var persona = Persona.Of("Voss");
        var scorer = new DriftScorer(persona.Core);
        var asked = persona.Asked(persona.InCharacter[^1]) with { Accepted = [.. persona.InCharacter.Take(6).Select(reply => reply.Reply)] };
        for (var warm = 0; warm < 20; warm++)
            scorer.Score(asked);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var round = 0; round < 100; round++)
            scorer.Score(asked);
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 100, 1, 32 * 1024);
    }

    [FsCheck.Xunit.Property(MaxTest = 200)]
    public void Any_text_is_scored_between_nought_and_one_and_always_the_same(string reply, string message, string name)
    {
        var asked = new ReplyToScore(reply ?? "", message ?? "", [name ?? ""], []);
        var scorer = new DriftScorer(Persona.Of("Voss").Core);
        var score = scorer.Score(asked);
        Assert.All(new[] { score.Style, score.Vocabulary, score.Boundary, score.Agency, score.AssistantSpeak, score.Total }, part => Assert.True(part is null or (>= 0 and <= 1), $"{part}"));
        Assert.Equal(score with { Evidence = [] }, scorer.Score(asked) with { Evidence = [] });
        Assert.Equal(score.Evidence, scorer.Score(asked).Evidence);
    }

    private static DriftScore Score(string reply, CharacterCard? card = null, string message = "") =>
        new DriftScorer(IdentityCore.Of(card ?? Plain, 1)).Score(new ReplyToScore(reply, message, ["Mara"], []));
}
