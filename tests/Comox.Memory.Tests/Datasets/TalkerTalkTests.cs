using Comox.Benchmarks.BuiltInModel;
using Comox.Memory.Datasets.Words;
using Comox.Memory.Ingestion;
using Comox.Memory.SuperPrompt;
using Comox.TestKit;

namespace Comox.Memory.Tests.Datasets;

/// <summary>The questions that the built-in model is judged by, and the judge.</summary>
public sealed class TalkerTalkTests
{
    private static readonly HeldOutLists Lists = new(Repository.PathTo("tests", "Comox.Benchmarks", "BuiltInModel", "HeldOut"));

    [Fact]
    public void The_same_seed_asks_the_same_and_another_asks_otherwise()
    {
        string[] Asked(int seed) => [.. TalkerKinds.All.SelectMany(new TalkerTalks(Lists, 30, seed).Of).Select(talk => $"{talk.Kind} {talk.User} {talk.Script[^1].Text} {talk.Expected.Value}")];
        Assert.Equal(Asked(1), Asked(1));
        Assert.NotEqual(Asked(1), Asked(2));
    }

    [Fact]
    public void Every_prompt_has_its_lines_of_memory_and_no_placeholder_is_left() =>
        Assert.All(All(), talk =>
        {
            Assert.InRange(talk.Memory.Count, TalkerMemory.Lines, TalkerMemory.Lines);
            Assert.All(talk.Memory.Select(line => line.Fact?.Object ?? line.Turn!.Content).Concat(talk.Script.SelectMany(said => (string?[])[said.Text, said.Reply]).OfType<string>()), text => Assert.DoesNotMatch(@"\{\w\}", text));
        });

    [Theory]
    [InlineData(TalkerKinds.NamesAndValues)]
    [InlineData(TalkerKinds.Phrasings)]
    [InlineData(TalkerKinds.OwnWords)]
    public void The_asked_value_is_remembered_once(string kind) =>
        Assert.All(new TalkerTalks(Lists, 200, 3).Of(kind), talk => Assert.Single(talk.Memory, line => (line.Fact?.Object ?? line.Turn!.Content).Contains(talk.Expected.Value!, StringComparison.Ordinal)));

    [Fact]
    public void Of_what_is_told_in_the_conversation_the_memory_has_nothing() =>
        Assert.All(new TalkerTalks(Lists, 200, 3).Of(TalkerKinds.ToldBefore), talk =>
        {
            Assert.DoesNotContain(talk.Memory, line => (line.Fact?.Object ?? line.Turn!.Content).Contains(talk.Expected.Value!, StringComparison.Ordinal));
            Assert.Contains(talk.Script.SkipLast(1), said => said.Text.Contains(talk.Expected.Value!, StringComparison.Ordinal));
        });

    [Fact]
    public void In_a_talk_of_twenty_turns_the_model_answers_each_itself() =>
        Assert.All(new TalkerTalks(Lists, 60, 3).Of(TalkerKinds.TwentyTurns), talk => Assert.Equal(20, talk.Script.Count(said => said.Reply is null)));

    [Fact]
    public void Each_character_has_its_twenty_turns() =>
        Assert.Equal(Lists.Personas.Count, new TalkerTalks(Lists, 60, 1).Of(TalkerKinds.TwentyTurns).Select(talk => talk.Persona.Card.Name).Distinct().Count());

    // Whoever names another brother has two: only where there can be but one is the other name wrong.
    [Fact]
    public void What_is_corrected_can_have_one_value_alone() =>
        Assert.All(new TalkerTalks(Lists, 200, 1).Of(TalkerKinds.Correction), talk =>
            Assert.All(talk.Memory.Select(line => line.Fact).OfType<ToldFact>().Where(fact => fact.Object == talk.Expected.Value || talk.Expected.Never!.Contains(fact.Object)), fact => Assert.True(Relations.IsFunctional(fact.Relation), fact.Relation)));

    // Eight hundred tokens by a count on the high side: what has to go is never what is asked for.
    [Theory]
    [InlineData(TalkerKinds.ToldBefore)]
    [InlineData(TalkerKinds.Correction)]
    public async Task What_an_answer_rests_on_is_in_its_prompt(string kind)
    {
        var prompts = new TalkerPrompts(800);
        foreach (var talk in new TalkerTalks(Lists, 100, 1).Of(kind))
        {
            var line = talk.Script.SkipLast(1).SelectMany(said => new[] { (Role: "user", said.Text), (Role: "assistant", Text: said.Reply ?? "I see, and I will think of it.") }).Append((Role: "user", talk.Script[^1].Text))
                .Select((turn, at) => new LineTurn($"trn_now_{at}", turn.Role, turn.Text, at + 1)).ToList();
            var prompt = await prompts.AssembleAsync(talk, line, messages => Task.FromResult(messages.Sum(message => message.Content.Length) / 3));
            var takenBack = (talk.Expected.Never ?? []).Where(old => talk.Script.Any(said => said.Text.Contains(old, StringComparison.Ordinal)));
            Assert.All(takenBack.Append(talk.Expected.Value!), value => Assert.Contains(value, string.Join("\n", prompt.Select(message => message.Content)), StringComparison.Ordinal));
        }
    }

    [Fact]
    public void What_a_plain_voice_says_of_the_world_and_of_what_it_was_never_told_is_an_admission()
    {
        var plain = WordLists.BuiltIn.Keyed("voices/plain");
        var lacks = WordLists.BuiltIn.Folder("topics").SelectMany(topic => topic["lack"]);
        Assert.All(plain["world"].Concat(plain["unknown"]).Concat(lacks), line => Assert.Null(TalkerJudge.Fault(new TalkerExpected(Admits: true), line)));
    }

    [Theory]
    [InlineData("Arr, Mara! Ye work as glazier, aye.", "a glazier", true)]
    [InlineData("You live in Torshavn.", "Tórshavn", true)]
    [InlineData("You live in Ystadt.", "Ystad", false)]
    public void A_value_is_right_by_its_whole_words(string reply, string value, bool right) => Assert.Equal(right, TalkerJudge.Fault(new TalkerExpected(value), reply) is null);

    [Theory]
    [InlineData("Blimey. I don't know that yet.", true)]
    [InlineData("Ye never told me that, matey.", true)]
    [InlineData("I only know what you have told me, dear heart.", true)]
    [InlineData("I do not know, but it must be Ystad.", false)]
    [InlineData("What a lovely day.", false)]
    public void An_unknown_is_admitted_and_nothing_is_named(string reply, bool right) =>
        Assert.Equal(right, TalkerJudge.Fault(new TalkerExpected(Never: ["Ystad"], Admits: true), reply) is null);

    [Theory]
    [InlineData("Hm, hm, you live in Nuuk.", null, null)]
    [InlineData("As a language model I cannot say.", null, "says 'language model'")]
    [InlineData("Caw. As you say.", "Caw. As you say!", "repeats the reply before")]
    [InlineData(" ", null, "is empty")]
    public void Out_of_character_is_what_no_character_says(string reply, string? before, string? broken) => Assert.Equal(broken, TalkerJudge.Break(reply, before));

    [Fact]
    public void A_filler_in_a_persona_s_voice_has_its_marker() =>
        Assert.All(Lists.Personas, persona => Assert.All(Lists.Fillers, filler => Assert.Null(TalkerJudge.Fault(new TalkerExpected(Marker: persona.Marker), persona.Say(filler)))));

    [Fact]
    public void The_card_of_a_persona_quotes_its_marker() =>
        Assert.All(Lists.Personas, persona => Assert.Contains($" {PlainName.Words(persona.Marker)} ", $" {PlainName.Words(persona.Card.Identity.Style + " " + persona.Card.MessageExamples)} ", StringComparison.Ordinal));

    private static IEnumerable<TalkerTalk> All() => TalkerKinds.All.SelectMany(new TalkerTalks(Lists, 100, 2).Of);
}
