using System.Collections.Immutable;
using Comox.Memory.Cards;
using Comox.Memory.Identity;
using Comox.Memory.Identity.Drift;
using Comox.Memory.SuperPrompt;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.Memory.Tests;

public sealed class ReanchorTests
{
    private const string Reminder = "Remember who Ada is.\nShe is dry.\nShe hates waste.";

    private static readonly CharacterCard Card = new()
    {
        Name = "Ada", Description = "A miller. Strong.", Personality = "Dry. Kind to {{user}}.", PostHistoryInstructions = "{{char}} rhymes.",
        MessageExamples = "<START>\n{{user}}: Hi\n{{char}}: Flour don't wait.",
        Identity = CardIdentity.None with { Style = "Drops her g's.", Boundaries = [new CardBoundary("Never mentions money.", [], [])] },
    };

    [Fact]
    public void The_reminder_stands_between_the_message_and_the_cards_last_word()
    {
        var prompt = new StandardFormat().Assemble(Parts(Reminder)).Value!;
        Assert.Equal("Hello!\n\n[Remember who Ada is. She is dry. She hates waste.]\n\n[Ada rhymes.]", prompt.Messages[^1].Content);
        Assert.InRange(prompt.Budget.Sections["reanchor"], 10, 40);
        Assert.Contains(prompt.Notes, note => note.Contains("3 of 3 sentences", StringComparison.Ordinal));
    }

    [Fact]
    public void Without_drift_the_prompt_is_what_it_was()
    {
        var prompt = new StandardFormat().Assemble(Parts(null)).Value!;
        Assert.Equal("Hello!\n\n[Ada rhymes.]", prompt.Messages[^1].Content);
        Assert.DoesNotContain("reanchor", prompt.Budget.Sections.Keys);
        Assert.Empty(prompt.Notes);
    }

    [Fact]
    public void The_reminder_moves_nothing_that_stands_before_it()
    {
        var line = Enumerable.Range(1, 60).Select(depth => new LineTurn($"t{depth}", depth % 2 == 1 ? "user" : "assistant", $"This is message number {depth:D4}.", depth)).ToList();
        line.Add(new LineTurn("message", "user", "Hello!", 61));
        var profile = PromptProfile.Standard with { PromptTokens = 900, ContextTokens = 1200 };
        var calm = new StandardFormat().Assemble(Parts(null) with { Line = line, Profile = profile }).Value!;
        var drifted = new StandardFormat().Assemble(Parts(Reminder) with { Line = line, Profile = profile }).Value!;
        Assert.True(drifted.Budget.Sections["reanchor"] > 0);
        Assert.Equal(calm.Messages.SkipLast(1), drifted.Messages.SkipLast(1));
    }

    [Theory]
    [InlineData(160)]
    [InlineData(240)]
    [InlineData(400)]
    [InlineData(3072)]
    public void What_does_not_fit_is_left_off_at_the_end_and_the_budget_holds(int budget)
    {
        var sentences = Enumerable.Range(1, 60).Select(number => $"Sentence number {number} of what she is.").ToList();
        var parts = Parts(string.Join('\n', sentences)) with { Profile = PromptProfile.Standard with { PromptTokens = budget, ContextTokens = budget + 100 } };
        var prompt = new StandardFormat().Assemble(parts).Value!;
        Assert.InRange(new TokenEstimate(parts.Profile).Of(prompt.Messages), 1, budget);
        var shown = sentences.TakeWhile(sentence => prompt.Messages[^1].Content.Contains(sentence, StringComparison.Ordinal)).Count();
        Assert.InRange(shown, 0, sentences.Count - 1);
        Assert.DoesNotContain(sentences.Skip(shown), sentence => prompt.Messages[^1].Content.Contains(sentence, StringComparison.Ordinal));
        Assert.Contains(prompt.Notes, note => note.Contains("drifted from the character", StringComparison.Ordinal));
    }

    [Fact]
    public void The_identity_in_the_prompt_has_what_the_card_states_of_style_and_boundaries()
    {
        var system = new StandardFormat().Assemble(Parts(null) with { Card = Card with { Identity = Card.Identity with { Psychology = "Fears the river.", Cadence = new CardCadence { SentenceWords = 6, Questions = 0.1 } } } }).Value!.Messages[0].Content;
        Assert.Contains("# Ada's personality\nDry. Kind to Mara.\nFears the river.", system);
        Assert.Contains("# How Ada speaks\nDrops her g's.\nAbout 6 words a sentence; 10 % of the sentences ask.", system);
        Assert.Contains("# Ada's boundaries\n- Never mentions money.", system);
    }

    [Fact]
    public void A_reminder_is_made_of_the_cards_sentences_with_what_drifted_first()
    {
        var core = IdentityCore.Of(Card, 1);
        Assert.Null(Reanchoring.Text(core, State(new DriftScore { Total = 0.9 }) with { Drifted = false }, "Mara", 0.75));
        Assert.Equal(
            """
            Remember who Ada is.
            Dry.
            Kind to Mara.
            Drops her g's.
            Ada once said: "Flour don't wait."
            Never mentions money.
            A miller.
            Strong.
            """.ReplaceLineEndings("\n"),
            Reanchoring.Text(core, State(new DriftScore { Total = 0.9, AssistantSpeak = 0.9 }), "Mara", 0.75));
        Assert.StartsWith(
            "Remember who Ada is.\nNever speak or act for Mara.\nNever mentions money.\nDry.", Reanchoring.Text(core, State(new DriftScore { Total = 0.9, Agency = 0.8, Boundary = 0.8 }), "Mara", 0.75));
        Assert.Contains("Ada speaks in sentences of about 3 words, and says about 3 at a time.", Reanchoring.Text(core, State(new DriftScore { Total = 0.9, Style = 0.8 }), "Mara", 0.75));
    }

    [Theory]
    [InlineData(20)]
    [InlineData(60)]
    [InlineData(700)]
    public void A_reminder_keeps_to_its_length_and_cuts_no_sentence(int length)
    {
        var core = IdentityCore.Of(Card with { Personality = string.Join(' ', Enumerable.Range(1, 90).Select(number => $"Trait number {number} is one of many.")) }, 1);
        var text = Reanchoring.Text(core, State(new DriftScore { Total = 0.9 }), "Mara", 0.75, length);
        Assert.InRange(text?.Length ?? 0, 0, length);
        Assert.All((text ?? "Whole.").Split('\n'), line => Assert.Matches(@"[.""]$", line));
    }

    private static DriftState State(DriftScore score) => new() { Level = score.Total, Drifted = true, Recent = ImmutableArray.Create(score, score) };

    private static PromptParts Parts(string? reanchor) => new()
    {
        Card = Card, User = UserName.Named("Mara"), Profile = PromptProfile.Standard, Line = [new LineTurn("message", "user", "Hello!", 1)], Recalled = [], Reanchor = reanchor,
    };
}
