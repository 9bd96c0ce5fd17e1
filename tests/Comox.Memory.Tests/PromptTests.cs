using System.Collections.Immutable;
using Comox.Memory.Cards;
using Comox.Memory.Identity;
using Comox.Memory.Ingestion;
using Comox.Memory.Recall;
using Comox.Memory.SuperPrompt;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Memory.Tests;

public sealed class PromptTests
{
    private static readonly CharacterCard Brine = ExampleCharacters.Cards().Select(card => CardReader.Read(card).Value!).First(card => card.Name == "Brine");

    [Fact]
    public void The_built_in_model_gets_the_form_of_every_model_with_most_of_its_room_for_what_is_remembered()
    {
        var facts = Enumerable.Range(0, 12).Select(at => ($"is.thing{at}", $"value {at}")).ToArray();
        var ada = new CharacterCard { Name = "Ada", Description = "{{char}} is a calm engineer of airships.", Personality = "Precise." };
        var parts = Parts("Where do I live?", facts) with { Card = ada };
        var prompt = new StandardFormat().Assemble(parts with { Profile = PromptProfile.BuiltIn }).Value!;
        Assert.Equal(12, prompt.Recalled.Count(item => item.Included));
        Assert.InRange(prompt.Budget.EstimatedTokens, 1, PromptProfile.BuiltIn.PromptTokens);
        Assert.Equal(new StandardFormat().Assemble(parts).Value!.Messages, prompt.Messages);

        var narrow = new StandardFormat().Assemble(parts with { Profile = PromptProfile.BuiltIn with { MemoryShare = PromptProfile.Standard.MemoryShare } }).Value!;
        Assert.InRange(narrow.Recalled.Count(item => item.Included), 1, 11);
    }

    [Fact]
    public void A_character_beyond_ascii_costs_a_token_per_byte_where_the_model_spells_it_out()
    {
        Assert.Equal(4, new TokenEstimate(PromptProfile.BuiltIn).Of("žž"));
        Assert.Equal(2, new TokenEstimate(PromptProfile.Standard).Of("žž"));
    }

    [Theory]
    [InlineData("admin", "friend", "The user", "Friend")]
    [InlineData("mara", "Mara", "Mara", "Mara")]
    [InlineData("ops@example.org", "friend", "The user", "Friend")]
    [InlineData("user-42", "friend", "The user", "Friend")]
    public void A_person_without_a_told_name_is_named_after_the_subject_where_that_is_a_name(string subject, string spoken, string statement, string single)
    {
        var name = UserName.For(subject, []);
        Assert.Equal((spoken, statement, single), (name.Spoken, name.InStatements, name.Single));
    }

    [Fact]
    public void The_last_word_of_the_card_follows_the_message_and_its_system_prompt_replaces_ours()
    {
        var card = new CharacterCard { Name = "Ada", SystemPrompt = "Be Ada. {{original}}", PostHistoryInstructions = "{{char}} rhymes.", Description = "A poet.", PinnedLore = ["The sea is green."] };
        var prompt = new StandardFormat().Assemble(Parts("Hi!") with { Card = card, ClientInstructions = ["Answer in French."] }).Value!;
        Assert.StartsWith("Be Ada. You are Ada. Write Ada's next reply", prompt.Messages[0].Content);
        Assert.Contains("The sea is green.", prompt.Messages[0].Content);
        Assert.Contains("# Instructions of the application\nAnswer in French.", prompt.Messages[0].Content);
        Assert.Equal("Hi!\n\n[Ada rhymes.]", prompt.Messages[^1].Content);
    }

    [Theory]
    [InlineData("{{original}}")]
    [InlineData(" {{Original}}\n{{// nothing}}")]
    public void A_last_word_of_which_nothing_is_left_is_none(string last)
    {
        var prompt = new StandardFormat().Assemble(Parts("Hi!") with { Card = new CharacterCard { Name = "Ada", PostHistoryInstructions = last } }).Value!;
        Assert.Equal("Hi!", prompt.Messages[^1].Content);
    }

    [Fact]
    public async Task A_reply_may_be_as_long_as_the_context_has_room_for()
    {
        await using var memory = await MemoryHost.StartAsync();
        var roomy = await memory.SayAsync("Hi!", profile: PromptProfile.Standard with { ContextTokens = 32_768 });
        Assert.InRange(roomy.MaxReplyTokens, 30_000, 32_700);
        var tight = await memory.SayAsync("Hi!", profile: PromptProfile.Standard with { ContextTokens = 1200, PromptTokens = 1100 });
        Assert.InRange(tight.MaxReplyTokens, 1, 1200 - (await memory.ReceiptAsync(tight)).Budget.EstimatedTokens);
    }

    [Fact]
    public void A_message_that_cannot_fit_is_refused_with_the_figures()
    {
        var error = new StandardFormat().Assemble(Parts(new string('x', 4_000)) with { Profile = PromptProfile.BuiltIn }).Error!;
        Assert.Equal((400, ErrorCodes.ContextLengthExceeded), (error.Status, error.Code));
        Assert.Contains("may have 880", error.Message);
    }

    [FsCheck.Xunit.Property(MaxTest = 400)]
    public void No_prompt_is_above_its_budget_and_the_same_parts_give_the_same_bytes(string[] said, string[] values, int budget, byte density, bool spells, byte share, bool startsWithGreeting, byte summary)
    {
        var line = (said ?? []).Where(text => !string.IsNullOrWhiteSpace(text)).Select((text, at) => new LineTurn($"t{at}", (at % 2 == 0) == startsWithGreeting ? "assistant" : "user", text + text, at + 1)).ToList();
        line.Add(new LineTurn("message", "user", "Where do I live?", line.Count + 1));
        var profile = PromptProfile.Standard with
        {
            PromptTokens = 60 + Math.Abs(budget % 900), ContextTokens = 2000, CharsPerToken = 1 + (density % 40 / 10.0), HistoryTurns = 40, MemoryLines = 10,
            SpellsBytes = spells, MemoryShare = share / 255.0,
        };
        var parts = Parts("Where do I live?", [.. (values ?? []).Where(value => !string.IsNullOrWhiteSpace(value)).Select((value, at) => ($"is.thing{at}", value))]) with
        {
            Line = line, Profile = profile, Summaries = summary % 3 == 0 ? [] : [new LineSummary(line.Count / 2, new string('s', 1 + (summary * 8)))],
        };
        var format = new StandardFormat();
        var prompt = format.Assemble(parts);
        if (!prompt.IsSuccess)
        {
            Assert.Equal(ErrorCodes.ContextLengthExceeded, prompt.Error.Code);
            return;
        }

        var estimate = new TokenEstimate(profile).Of(prompt.Value.Messages);
        Assert.InRange(estimate, 1, profile.PromptTokens);
        Assert.Equal(estimate, prompt.Value.Budget.EstimatedTokens);
        Assert.Equal(prompt.Value.Messages, format.Assemble(parts).Value!.Messages);
        Assert.Equal("system", prompt.Value.Messages[0].Role);
        Assert.Equal("user", prompt.Value.Messages[^1].Role);
        Assert.All(prompt.Value.Messages.Skip(1).Select((message, at) => (message, at)), pair => Assert.Equal(pair.at % 2 == 0 ? "user" : "assistant", pair.message.Role));
    }

    [Fact]
    public void A_long_conversation_leaves_the_window_in_blocks()
    {
        var starts = new HashSet<string>();
        for (var length = 200; length < 208; length++)
        {
            var line = Enumerable.Range(1, length).Select(depth => new LineTurn($"t{depth}", depth % 2 == 1 ? "user" : "assistant", $"This is message number {depth:D4}.", depth)).ToList();
            line.Add(new LineTurn("message", "user", "Hello!", length + 1));
            var prompt = new StandardFormat().Assemble(Parts("Hello!") with { Line = line, Profile = PromptProfile.Standard with { PromptTokens = 1500, ContextTokens = 2000 } }).Value!;
            starts.Add(prompt.Messages[1].Content);
        }

        Assert.InRange(starts.Count, 1, 2);
    }

    [Fact]
    public async Task A_conversation_longer_than_the_window_keeps_its_prefix_where_the_model_has_room()
    {
        await using var memory = await MemoryHost.StartAsync();
        var profile = PromptProfile.Standard with { PromptTokens = 100_000, ContextTokens = 110_000 };
        var line = Enumerable.Range(1, 400).Select(depth => new ChatMessage(depth % 2 == 1 ? "user" : "assistant", $"Message number {depth:D4}.")).ToList();
        var answer = (await memory.AskAsync([.. line, new("user", "Hello!")], profile: profile)).Value!;
        var starts = new HashSet<string>();
        for (var turn = 0; turn < 4; turn++)
        {
            starts.Add(answer.Messages[1].Content);
            Assert.InRange(answer.Messages.Count, profile.HistoryTurns - History.MaxBlock, profile.HistoryTurns + 1);
            Assert.DoesNotContain((await memory.ReceiptAsync(answer)).Notes, note => note.Contains("no room", StringComparison.Ordinal));
            await memory.ReplyAsync(answer, $"Reply {turn}.");
            answer = await memory.SayAsync($"Go on, {turn}.", answer.Session, profile: profile);
        }

        Assert.InRange(starts.Count, 1, 2);
    }

    [Fact]
    public void What_is_for_this_message_alone_stands_with_it_so_that_the_prefix_stays()
    {
        var card = Brine with { AuthorNote = "{{char}} is tired.", PostHistoryInstructions = "Be brief." };
        var parts = Parts("What is my job?", ("works_as", "an architect")) with
        {
            Card = card, Scene = "Place: the harbour", Lore = ["The harbour belongs to {{user}}."], Summaries = [new LineSummary(40, "They met.")],
        };
        var prompt = new StandardFormat().Assemble(parts).Value!;
        var calm = new StandardFormat().Assemble(Parts("Hello there!") with { Card = card }).Value!;
        Assert.Equal(calm.Messages[0], prompt.Messages[0]);
        Assert.Equal(
            """
            [# What Brine remembers about Mara
            From earlier conversations, with the day it was said. Use it where it matters, and do not recite it.
            - [1970-01-01] Mara works as an architect.

            The harbour belongs to Mara.

            # The scene
            Place: the harbour

            # Author's note
            Brine is tired.]

            What is my job?

            [Be brief.]
            """.ReplaceLineEndings("\n"),
            prompt.Messages[^1].Content);
    }

    [Fact]
    public void A_cut_window_has_the_summary_that_reaches_to_its_beginning_and_an_uncut_one_none()
    {
        var line = Enumerable.Range(1, 200).Select(depth => new LineTurn($"t{depth}", depth % 2 == 1 ? "user" : "assistant", $"This is message number {depth:D4}.", depth)).ToList();
        line.Add(new LineTurn("message", "user", "Hello!", 201));
        var parts = Parts("Hello!") with { Line = line, Summaries = [new LineSummary(40, "Forty."), new LineSummary(80, "Eighty."), new LineSummary(180, "All but the last.")] };
        var cut = new StandardFormat().Assemble(parts with { Profile = PromptProfile.Standard with { PromptTokens = 2400 } }).Value!;
        Assert.Contains("# The conversation so far\nAll but the last.", cut.Messages[0].Content);
        Assert.DoesNotContain("Eighty.", cut.Messages[0].Content);
        Assert.True(cut.Budget.EstimatedTokens <= 2400);
        var whole = new StandardFormat().Assemble(parts with { Profile = PromptProfile.Standard with { PromptTokens = 60_000, ContextTokens = 70_000, HistoryTurns = 400 } }).Value!;
        Assert.DoesNotContain("The conversation so far", whole.Messages[0].Content);
    }

    [Fact]
    public void A_summary_for_which_there_is_no_room_takes_none_from_the_conversation()
    {
        var line = Enumerable.Range(1, 60).Select(depth => new LineTurn($"t{depth}", depth % 2 == 1 ? "user" : "assistant", $"Line {depth:D2}.", depth)).ToList();
        line.Add(new LineTurn("message", "user", "Hello!", 61));
        var profile = PromptProfile.Standard with { PromptTokens = 880, ContextTokens = 1024 };
        var without = new StandardFormat().Assemble(Parts("Hello!") with { Line = line, Profile = profile }).Value!;
        var with = new StandardFormat().Assemble(Parts("Hello!") with { Line = line, Profile = profile, Summaries = [new LineSummary(40, new string('s', 1600))] }).Value!;

        Assert.True(without.Messages.Count > 3);
        Assert.Equal(without.Messages, with.Messages);
        Assert.Contains(with.Notes, note => note.StartsWith("The summary of what came before is left out", StringComparison.Ordinal));
        Assert.Contains(with.Notes, note => note.EndsWith("the model has no room for more.", StringComparison.Ordinal));
    }

    [Fact]
    public void Where_the_profile_ends_the_window_the_receipt_says_so()
    {
        var line = Enumerable.Range(1, 60).Select(depth => new LineTurn($"t{depth}", depth % 2 == 1 ? "user" : "assistant", $"Line {depth:D2}.", depth)).ToList();
        line.Add(new LineTurn("message", "user", "Hello!", 61));
        var prompt = new StandardFormat().Assemble(Parts("Hello!") with { Line = line, Profile = PromptProfile.Standard with { HistoryTurns = 20 } }).Value!;
        Assert.Contains(prompt.Notes, note => note.EndsWith("the profile shows 20 at most.", StringComparison.Ordinal));
    }

    private static PromptParts Parts(string message, params (string Relation, string Value)[] facts) => new()
    {
        Card = Brine,
        User = UserName.Named("Mara"),
        Profile = PromptProfile.Standard,
        Line = [new LineTurn("message", "user", message, 1)],
        Recalled =
        [
            .. facts.Select((fact, at) => new Candidate
            {
                Fact = new ToldFact($"f{at}", fact.Relation, fact.Value, false, "s", $"source{at}", DateTimeOffset.UnixEpoch, 1, fact.Value),
                Score = 1,
                Lanes = ImmutableSortedDictionary<string, double>.Empty,
                Why = "test",
            }),
        ],
    };
}
