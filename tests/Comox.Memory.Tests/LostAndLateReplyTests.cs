using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Memory.Tests;

/// <summary>Replies that come late, twice or never, and clients that do not say which conversation they continue.</summary>
public sealed class LostAndLateReplyTests
{
    private static ChatMessage U(string text) => new("user", text);

    private static ChatMessage A(string text) => new("assistant", text);

    [Fact]
    public async Task A_new_chat_that_opens_like_an_old_one_leaves_it_alone()
    {
        await using var memory = await MemoryHost.StartAsync();
        var old = await memory.ExchangeAsync("Hello", "Arr!");
        await memory.ExchangeAsync("My cat is called Pixel.", "Aye.", old.Session);
        var other = (await memory.AskAsync([U("Hello"), A("Hi from another model"), U("What is the weather?")])).Value!;
        Assert.NotEqual(old.Session, other.Session);
        Assert.Equal(4, (await memory.LineAsync(old.Session)).Count);
        Assert.Equal(3, (await memory.LineAsync(other.Session)).Count);
    }

    [Fact]
    public async Task Half_a_transcript_in_common_is_not_the_same_chat()
    {
        await using var memory = await MemoryHost.StartAsync();
        var old = await memory.ExchangeAsync("Hello", "Arr!");
        await memory.ExchangeAsync("My cat is called Pixel.", "Aye.", old.Session);
        var other = (await memory.AskAsync([U("Hello"), A("Arr!"), U("I sail."), A("Good."), U("What is the weather?")])).Value!;
        Assert.NotEqual(old.Session, other.Session);
        Assert.Equal(4, (await memory.LineAsync(old.Session)).Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_unanswered_first_message_that_is_sent_again_makes_no_second_session(bool greeted)
    {
        await using var memory = await MemoryHost.StartAsync();
        ChatMessage[] sent = greeted ? [A("Ahoy there!"), U("Hello!")] : [U("Hello!")];
        var first = (await memory.AskAsync(sent)).Value!;
        var second = (await memory.AskAsync(sent)).Value!;
        Assert.Equal((first.Session, first.UserTurn), (second.Session, second.UserTurn));
        Assert.Single((await memory.Client.ListSessionsAsync("mara")).Value!.Data);

        // An SDK repeats by itself what broke off before it saw a word.
        await memory.ReplyAsync(second, "Arr, I was", RecordedReply.Unseen);
        var third = (await memory.AskAsync(sent)).Value!;
        Assert.Equal((first.Session, first.UserTurn), (third.Session, third.UserTurn));
        await memory.ReplyAsync(third, "Arr!");
        Assert.Equal("assistant: Arr!", (await memory.LineAsync(first.Session))[^1]);
        Assert.Equal(sent.Length + 1, (await memory.LineAsync(first.Session)).Count);
        await memory.ExchangeAsync("Who are you?", "The captain.", first.Session);
        Assert.NotEqual(first.Session, (await memory.AskAsync(sent)).Value!.Session);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_reply_that_the_client_brings_before_it_is_recorded_is_one_turn(bool named)
    {
        await using var memory = await MemoryHost.StartAsync();
        var first = await memory.SayAsync("Hello!");
        var second = (await memory.AskAsync([U("Hello!"), A("Arr!"), U("Who are you?")], named ? first.Session : null)).Value!;
        Assert.Equal(first.Session, second.Session);
        await memory.ReplyAsync(second, "The captain.");
        var late = await memory.ReplyAsync(first, "Arr!");
        Assert.Equal((first.ReplyTurn, first.Receipt, "stop", "keepsake"), (late.Id, late.Receipt, late.FinishReason, late.Model));
        Assert.Equal(["user: Hello!", "assistant: Arr!", "user: Who are you?", "assistant: The captain."], await memory.LineAsync(first.Session));
        Assert.Contains((await memory.Client.GetSessionAsync(first.Session)).Value!.Turns, turn => turn.Id == first.ReplyTurn);
    }

    [Fact]
    public async Task A_summary_in_place_of_the_oldest_messages_keeps_the_line()
    {
        await using var memory = await MemoryHost.StartAsync();
        var session = (await memory.ExchangeAsync("I live in Porto.", "Aye.")).Session;
        await memory.ExchangeAsync("two", "2", session);
        await memory.ExchangeAsync("three", "3", session);
        await memory.AskAsync([U("Summary: they talked."), A("2"), U("three"), A("3"), U("four")], session);
        Assert.Equal(7, (await memory.LineAsync(session)).Count);
        Assert.Equal("Porto", Assert.Single(await memory.FactsAsync()).Object);

        await memory.AskAsync([U("Something else."), A("Quite."), U("five")], session);
        Assert.Equal(["user: Something else.", "assistant: Quite.", "user: five"], await memory.LineAsync(session));
    }

    [Fact]
    public async Task A_regenerate_that_fails_leaves_the_reply_that_was_there()
    {
        await using var memory = await MemoryHost.StartAsync();
        var first = await memory.ExchangeAsync("Hello!", "Arr!");
        await memory.ExchangeAsync("Who are you?", "A seagull.", first.Session);
        ChatMessage[] sent = [U("Hello!"), A("Arr!"), U("Who are you?")];
        var failed = (await memory.AskAsync(sent, first.Session)).Value!;
        Assert.Equal("assistant: A seagull.", (await memory.LineAsync(first.Session))[^1]);
        await memory.ReplyAsync(failed, "", "cancelled");
        Assert.Equal("assistant: A seagull.", (await memory.LineAsync(first.Session))[^1]);

        // Of the first message: all that followed it stays, too, until there is a reply.
        var again = (await memory.AskAsync([U("Hello!")], first.Session, whole: true)).Value!;
        Assert.Equal(4, (await memory.LineAsync(first.Session)).Count);
        await memory.ReplyAsync(again, "Ahoy.");
        Assert.Equal(["user: Hello!", "assistant: Ahoy."], await memory.LineAsync(first.Session));
    }

    [Fact]
    public async Task A_regenerated_reply_that_comes_after_the_talk_went_on_does_not_undo_it()
    {
        await using var memory = await MemoryHost.StartAsync();
        var first = await memory.ExchangeAsync("Hello!", "Arr!");
        var slow = (await memory.AskAsync([U("Hello!")], first.Session, whole: true)).Value!;
        await memory.ExchangeAsync("Who are you?", "The captain.", first.Session);
        await memory.ReplyAsync(slow, "Ahoy.");
        Assert.Equal(["user: Hello!", "assistant: Arr!", "user: Who are you?", "assistant: The captain."], await memory.LineAsync(first.Session));
    }
}
