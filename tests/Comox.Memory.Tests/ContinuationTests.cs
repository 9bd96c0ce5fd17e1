using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Memory.Tests;

/// <summary>Input that is new, all of it, after a reply that the client names, as the Responses API has it.</summary>
public sealed class ContinuationTests
{
    [Fact]
    public async Task After_an_older_reply_the_conversation_goes_on_from_there()
    {
        await using var memory = await MemoryHost.StartAsync();
        var first = await memory.ExchangeAsync("Hello!", "Arr!");
        await memory.ExchangeAsync("I live in Graz.", "Aye.", first.Session);

        var fork = await ContinueAsync(memory, first, first.ReplyTurn, "I live in Bergen.");
        await memory.ReplyAsync(fork, "Ahoy.");

        Assert.Equal(["user: Hello!", "assistant: Arr!", "user: I live in Bergen.", "assistant: Ahoy."], await memory.LineAsync(first.Session));
        Assert.Equal("Bergen", Assert.Single(await memory.FactsAsync()).Object);
        Assert.DoesNotContain(fork.Messages, message => message.Content!.Contains("Graz", StringComparison.Ordinal));
    }

    [Fact]
    public async Task After_the_latest_reply_and_with_none_it_goes_on_at_the_end()
    {
        await using var memory = await MemoryHost.StartAsync();
        var first = await memory.ExchangeAsync("Hello!", "Arr!");
        var second = await ContinueAsync(memory, first, first.ReplyTurn, "Who are you?");
        await memory.ReplyAsync(second, "Brine.");
        await memory.ReplyAsync(await ContinueAsync(memory, first, null, "Good."), "Aye.");
        Assert.Equal(["user: Hello!", "assistant: Arr!", "user: Who are you?", "assistant: Brine.", "user: Good.", "assistant: Aye."], await memory.LineAsync(first.Session));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task All_messages_of_the_input_are_kept_once(bool named)
    {
        await using var memory = await MemoryHost.StartAsync();
        var first = await memory.ExchangeAsync("Hello!", "Arr!");
        var after = named ? first.ReplyTurn : null;
        var answer = await ContinueAsync(memory, first, after, "I live in Graz.", "I like tea.", "What do you say?");
        Assert.Equal(["user: Hello!", "assistant: Arr!", "user: I live in Graz.", "user: I like tea.", "user: What do you say?"], await memory.LineAsync(first.Session));
        Assert.Equal(["Graz", "tea"], (await memory.FactsAsync()).Select(fact => fact.Object).Order(StringComparer.Ordinal));

        // The same again, because no reply came.
        Assert.Equal(answer.UserTurn, (await ContinueAsync(memory, first, after, "I live in Graz.", "I like tea.", "What do you say?")).UserTurn);
        Assert.Equal(5, (await memory.LineAsync(first.Session)).Count);
    }

    [Fact]
    public async Task What_was_said_without_an_answer_is_not_said_twice_with_what_follows_it()
    {
        await using var memory = await MemoryHost.StartAsync();
        var first = await memory.ExchangeAsync("Hello!", "Arr!");
        await ContinueAsync(memory, first, null, "I live in Graz.");
        await ContinueAsync(memory, first, null, "I live in Graz.", "Did you hear?");
        Assert.Equal(["user: Hello!", "assistant: Arr!", "user: I live in Graz.", "user: Did you hear?"], await memory.LineAsync(first.Session));
    }

    [Fact]
    public async Task A_reply_that_is_still_on_its_way_and_one_without_a_word_are_followed_at_their_message()
    {
        await using var memory = await MemoryHost.StartAsync();
        var first = await memory.SayAsync("Hello!");
        var second = await ContinueAsync(memory, first, first.ReplyTurn, "Are you there?");
        await memory.ReplyAsync(second, " ");
        await ContinueAsync(memory, first, second.ReplyTurn, "Well?");
        Assert.Equal(["user: Hello!", "user: Are you there?", "user: Well?"], await memory.LineAsync(first.Session));
    }

    [Theory]
    [InlineData(false, new[] { "user: Hello!", "user: Well?" })]
    [InlineData(true, new[] { "user: Well?" })]
    public async Task After_a_deleted_reply_it_goes_on_at_what_is_left(bool messageToo, string[] line)
    {
        await using var memory = await MemoryHost.StartAsync();
        var first = await memory.ExchangeAsync("Hello!", "Arr!");
        await memory.Client.DeleteTurnAsync(first.Session, first.ReplyTurn, false, TestContext.Current.CancellationToken);
        if (messageToo)
            await memory.Client.DeleteTurnAsync(first.Session, first.UserTurn, false, TestContext.Current.CancellationToken);
        await ContinueAsync(memory, first, first.ReplyTurn, "Well?");
        Assert.Equal(line, await memory.LineAsync(first.Session));
    }

    [Fact]
    public async Task Where_replies_are_among_the_input_it_is_a_transcript()
    {
        await using var memory = await MemoryHost.StartAsync();
        var first = await memory.ExchangeAsync("Hello!", "Arr!");
        var answer = await memory.Client.AssembleAsync(Request(first, null, [new("user", "Hello!"), new("assistant", "Arr!"), new("user", "Who are you?")]), TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccess);
        Assert.Equal(["user: Hello!", "assistant: Arr!", "user: Who are you?"], await memory.LineAsync(first.Session));
    }

    [Fact]
    public async Task A_reply_that_never_was_is_told_of()
    {
        await using var memory = await MemoryHost.StartAsync();
        var first = await memory.ExchangeAsync("Hello!", "Arr!");
        var unknown = await memory.Client.AssembleAsync(Request(first, Ids.New("trn", TimeProvider.System), [new("user", "Well?")]), TestContext.Current.CancellationToken);
        Assert.Equal((404, ErrorCodes.TurnNotFound, "after"), (unknown.Error!.Status, unknown.Error.Code, unknown.Error.Param));
        var loose = await memory.Client.AssembleAsync(Request(first, first.ReplyTurn, [new("user", "Well?")]) with { AllNew = false }, TestContext.Current.CancellationToken);
        Assert.Equal((400, "after"), (loose.Error!.Status, loose.Error.Param));
        Assert.Equal(2, (await memory.LineAsync(first.Session)).Count);
    }

    private static async Task<SuperPromptResponse> ContinueAsync(MemoryHost memory, SuperPromptResponse of, string? after, params string[] said)
    {
        var answer = await memory.Client.AssembleAsync(Request(of, after, [.. said.Select(text => new ChatMessage("user", text))]), TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccess, answer.Error?.Message);
        return answer.Value;
    }

    private static SuperPromptRequest Request(SuperPromptResponse of, string? after, IReadOnlyList<ChatMessage> messages) => new()
    {
        RequestId = Ids.New("req", TimeProvider.System),
        Character = "brine",
        Subject = "mara",
        Session = of.Session,
        Messages = messages,
        AllNew = true,
        After = after,
        Model = "keepsake",
        Profile = PromptProfile.Standard,
    };
}
