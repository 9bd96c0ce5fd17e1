using Comox.Memory.Datasets;
using Comox.Memory.Datasets.Filters;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Memory.Tests.Datasets;

public sealed class FilterTests
{
    [Theory]
    [InlineData("Arr! Ye live in Porto.", null)]
    [InlineData("Arr! Ye live in {v}.", "a placeholder is left")]
    [InlineData(" ", "a message is empty")]
    public void The_form_is_checked(string reply, string? objection) => Assert.Equal(objection, new FormatFilter().Objection(Of(reply)));

    [Theory]
    [InlineData("Where do I live?", null)]
    [InlineData("Where is {v}?", "a placeholder is left")]
    [InlineData("Where  is it?", "a placeholder is left")]
    public void Of_somebodys_card_only_what_is_written_for_it_is_looked_at(string said, string? objection)
    {
        var example = Of("Aye.");
        example = example with { Prompt = [new("system", "You are Brine.  It is {{time}}."), new("user", said)] };
        Assert.Equal("a placeholder is left", new FormatFilter().Objection(example));
        Assert.Equal(objection, new FormatFilter().Objection(example with { Written = [said] }));
    }

    [Fact]
    public void Person_and_character_take_turns()
    {
        var example = Of("Aye.");
        Assert.Equal("it does not begin with a system message", new FormatFilter().Objection(example with { Prompt = [.. example.Prompt.Skip(1)] }));
        Assert.Equal("person and character do not take turns", new FormatFilter().Objection(example with { Prompt = [.. example.Prompt, new("user", "And?")] }));
        Assert.Equal("the person has not the last word", new FormatFilter().Objection(example with { Prompt = [.. example.Prompt, new("assistant", "Aye.")] }));
    }

    [Theory]
    [InlineData("As an AI language model, I cannot know.", true)]
    [InlineData("I was made by OpenAI.", true)]
    [InlineData("Arr, I be a captain.", false)]
    public void A_reply_in_which_a_service_speaks_is_kept_out(string reply, bool broken) => Assert.Equal(broken, new CharacterBreakFilter().Objection(Of(reply)) is not null);

    [Theory]
    [InlineData("You live in Porto, you live in Porto.", true)]
    [InlineData("Welcome back.", true)]
    [InlineData("You live in Porto.", false)]
    public void A_reply_that_repeats_is_kept_out(string reply, bool repeats)
    {
        var example = Of(reply);
        example = example with { Prompt = [example.Prompt[0], new("user", "Hi!"), new("assistant", "Welcome back."), example.Prompt[1]] };
        Assert.Equal(repeats, new RepetitionFilter().Objection(example) is not null);
    }

    [Theory]
    [InlineData("You live in Porto.", "Porto", null)]
    [InlineData("You live in Lima.", "Lima", "'Lima' is not in the prompt")]
    [InlineData("You live by the sea.", "Porto", "'Porto' is not in the reply")]
    public void An_answer_without_ground_is_kept_out(string reply, string value, string? objection) =>
        Assert.Equal(objection, new GroundedFilter().Objection(Of(reply) with { Uses = [value] }));

    [Fact]
    public void What_does_not_fit_the_context_is_kept_out()
    {
        var filter = new LengthFilter(PromptProfile.BuiltIn);
        Assert.Null(filter.Objection(Of("Aye.")));
        Assert.Equal("the reply is too long", filter.Objection(Of(new string('a', 500))));
        Assert.Equal("it does not fit the context", filter.Objection(Of("Aye.") with { Prompt = [new("system", new string('a', 3000)), new("user", "Hi!")] }));
    }

    [Fact]
    public void Texts_that_share_nearly_all_their_words_are_near_duplicates_and_others_are_not()
    {
        var words = Enumerable.Range(0, 200).Select(at => $"word{at}").ToArray();
        var known = new MinHash(similarity: .9);
        Assert.False(known.IsKnown(string.Join(' ', words)));
        words[100] = "changed";
        Assert.True(known.IsKnown(string.Join(' ', words)));
        for (var at = 0; at < 200; at += 7)
            words[at] = $"other{at}";
        Assert.False(known.IsKnown(string.Join(' ', words)));
    }

    private static Example Of(string reply) => new("ask.lives_in", [new ChatMessage("system", "You are Brine."), new ChatMessage("user", "[I live in Porto.]\n\nWhere do I live?")], reply) { Said = "Where do I live?" };
}
