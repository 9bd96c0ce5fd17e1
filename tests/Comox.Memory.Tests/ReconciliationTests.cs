using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Memory.Tests;

public sealed class ReconciliationTests
{
    private static readonly ChatMessage Greeting = new("assistant", "Ahoy there!");

    private static ChatMessage U(string text) => new("user", text);

    private static ChatMessage A(string text) => new("assistant", text);

    [Fact]
    public async Task A_message_sent_again_before_its_reply_came_is_one_turn()
    {
        await using var memory = await MemoryHost.StartAsync();
        var first = await memory.SayAsync("Hello!");
        var again = await memory.SayAsync("  Hello!\r\n", first.Session);
        Assert.Equal(first.UserTurn, again.UserTurn);
        Assert.Equal(["user: Hello!"], await memory.LineAsync(first.Session));
    }

    [Fact]
    public async Task The_same_message_while_the_first_is_being_answered_begins_another_session()
    {
        await using var memory = await MemoryHost.StartAsync();
        var first = await memory.SayAsync("Hello!");
        var another = (await memory.Client.AssembleAsync(new SuperPromptRequest
        {
            RequestId = "req_another", Character = "brine", Subject = "mara", Messages = [U("Hello!")], IsAnother = true, Model = "keepsake", Profile = PromptProfile.Standard,
        })).Value!;
        Assert.NotEqual(first.Session, another.Session);
        await memory.ReplyAsync(first, "Arr!");
        await memory.ReplyAsync(another, "Ahoy!");
        Assert.Equal(["user: Hello!", "assistant: Arr!"], await memory.LineAsync(first.Session));
        Assert.Equal(["user: Hello!", "assistant: Ahoy!"], await memory.LineAsync(another.Session));
    }

    [Fact]
    public async Task The_same_words_after_a_reply_are_a_new_turn()
    {
        await using var memory = await MemoryHost.StartAsync();
        var first = await memory.ExchangeAsync("Hello!", "Arr!");
        await memory.ExchangeAsync("Hello!", "Again?", first.Session);
        Assert.Equal(4, (await memory.LineAsync(first.Session)).Count);
    }

    [Fact]
    public async Task The_same_words_sent_as_the_whole_transcript_ask_for_another_reply()
    {
        await using var memory = await MemoryHost.StartAsync();
        var first = await memory.ExchangeAsync("Hello!", "Arr!");
        var again = (await memory.AskAsync([U("Hello!")], first.Session, whole: true)).Value!;
        Assert.Equal(first.UserTurn, again.UserTurn);
        await memory.ReplyAsync(again, "Ahoy.");
        Assert.Equal(["user: Hello!", "assistant: Ahoy."], await memory.LineAsync(first.Session));
    }

    [Fact]
    public async Task Another_first_message_sent_as_the_whole_transcript_replaces_the_conversation()
    {
        await using var memory = await MemoryHost.StartAsync();
        var first = await memory.ExchangeAsync("I live in Bergen.", "Arr!");
        var edited = (await memory.AskAsync([U("I live in Graz.")], first.Session, whole: true)).Value!;
        Assert.Equal(first.Session, edited.Session);
        Assert.Equal(["user: I live in Graz."], await memory.LineAsync(first.Session));
        Assert.Equal("Graz", Assert.Single(await memory.FactsAsync()).Object);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \n\n")]
    public async Task An_empty_reply_answers_nothing(string empty)
    {
        await using var memory = await MemoryHost.StartAsync();
        var first = await memory.SayAsync("Hello!");
        await memory.ReplyAsync(first, empty, "cancelled");
        var again = await memory.SayAsync("Hello!", first.Session);
        Assert.Equal(first.UserTurn, again.UserTurn);
        await memory.ReplyAsync(again, "Arr!");
        Assert.Equal(["user: Hello!", "assistant: Arr!"], await memory.LineAsync(first.Session));
    }

    [Fact]
    public async Task A_client_that_sends_its_transcript_without_a_session_stays_in_one()
    {
        await using var memory = await MemoryHost.StartAsync();
        var first = (await memory.AskAsync([Greeting, U("Hello!")])).Value!;
        await memory.ReplyAsync(first, "Arr!");
        var second = (await memory.AskAsync([Greeting, U("Hello!"), A("Arr!"), U("Who are you?")])).Value!;
        await memory.ReplyAsync(second, "The captain.");
        Assert.Equal(first.Session, second.Session);

        var swiped = (await memory.AskAsync([Greeting, U("Hello!"), A("Arr!"), U("Who are you?")])).Value!;
        Assert.Equal(second.UserTurn, swiped.UserTurn);
        var edited = (await memory.AskAsync([Greeting, U("Hello!"), A("Arr!"), U("Where are we?")])).Value!;
        Assert.Equal(first.Session, edited.Session);
        Assert.Equal(["assistant: Ahoy there!", "user: Hello!", "assistant: Arr!", "user: Where are we?"], await memory.LineAsync(first.Session));
    }

    [Fact]
    public async Task A_new_chat_that_opens_with_the_same_greeting_is_a_new_session()
    {
        await using var memory = await MemoryHost.StartAsync();
        var first = (await memory.AskAsync([Greeting, U("Hello!")])).Value!;
        await memory.ReplyAsync(first, "Arr!");
        var later = (await memory.AskAsync([Greeting, U("Hello!"), A("Arr!"), U("My cat is called Pixel.")])).Value!;
        await memory.ReplyAsync(later, "Aye.");
        var fresh = (await memory.AskAsync([Greeting, U("Hello!")])).Value!;
        Assert.NotEqual(first.Session, fresh.Session);
        Assert.Equal(5, (await memory.LineAsync(first.Session)).Count);
        Assert.Equal("Pixel", Assert.Single(await memory.FactsAsync()).Object);
    }

    [Fact]
    public async Task Another_reply_to_the_first_message_stays_in_the_session()
    {
        await using var memory = await MemoryHost.StartAsync();
        var first = (await memory.AskAsync([Greeting, U("Hello!")])).Value!;
        await memory.ReplyAsync(first, "Arr!");
        var swiped = (await memory.AskAsync([Greeting, U("Hello!")])).Value!;
        Assert.Equal((first.Session, first.UserTurn), (swiped.Session, swiped.UserTurn));
    }

    [Fact]
    public async Task A_window_that_slid_is_still_the_same_conversation()
    {
        await using var memory = await MemoryHost.StartAsync();
        var session = (await memory.ExchangeAsync("one", "1")).Session;
        await memory.ExchangeAsync("two", "2", session);
        await memory.ExchangeAsync("three", "3", session);
        var next = (await memory.AskAsync([U("two"), A("2"), U("three"), A("3"), U("four")])).Value!;
        Assert.Equal(session, next.Session);
        Assert.Equal(7, (await memory.LineAsync(session)).Count);
    }

    [Fact]
    public async Task A_window_that_slid_and_was_edited_is_still_the_same_conversation()
    {
        await using var memory = await MemoryHost.StartAsync();
        var session = (await memory.ExchangeAsync("one", "1")).Session;
        await memory.ExchangeAsync("two", "2", session);
        await memory.ExchangeAsync("three", "3", session);
        var next = (await memory.AskAsync([U("two"), A("2"), U("three"), A("3, edited"), U("four")])).Value!;
        Assert.Equal(session, next.Session);
        Assert.Equal(["user: one", "assistant: 1", "user: two", "assistant: 2", "user: three", "assistant: 3, edited", "user: four"], await memory.LineAsync(session));
    }

    [Fact]
    public async Task What_is_edited_in_the_older_half_of_a_chat_is_edited_there_and_forgotten()
    {
        await using var memory = await MemoryHost.StartAsync();
        var session = await LongAsync(memory);
        var edited = (await memory.AskAsync([U("Hello!"), A("Arr!"), U("I live in Graz."), .. Rest, U("Well?")])).Value!;
        Assert.Equal(session, edited.Session);
        Assert.Equal(["user: Hello!", "assistant: Arr!", "user: I live in Graz.", .. Lines(Rest), "user: Well?"], await memory.LineAsync(session));
        Assert.Equal("Graz", Assert.Single(await memory.FactsAsync()).Object);
    }

    [Fact]
    public async Task What_is_deleted_in_the_older_half_of_a_chat_is_deleted_there_and_forgotten()
    {
        await using var memory = await MemoryHost.StartAsync();
        var session = await LongAsync(memory);
        var shorter = (await memory.AskAsync([U("Hello!"), A("Arr!"), .. Rest[1..], U("Well?")])).Value!;
        Assert.Equal(session, shorter.Session);
        Assert.Equal(["user: Hello!", "assistant: Arr!", .. Lines(Rest[1..]), "user: Well?"], await memory.LineAsync(session));
        Assert.Empty(await memory.FactsAsync());
    }

    [Fact]
    public async Task A_summary_in_the_place_of_what_a_chat_began_with_leaves_it_the_same_chat()
    {
        await using var memory = await MemoryHost.StartAsync();
        var session = await LongAsync(memory);
        var next = (await memory.AskAsync([U("[Earlier: they met.]"), .. Rest, U("Well?")])).Value!;
        Assert.Equal(session, next.Session);
        Assert.Equal("Bergen", Assert.Single(await memory.FactsAsync()).Object);
        Assert.Equal(["user: Hello!", "assistant: Arr!", "user: I live in Bergen.", .. Lines(Rest), "user: Well?"], await memory.LineAsync(session));
    }

    [Fact]
    public async Task The_first_message_of_a_chat_can_be_edited()
    {
        await using var memory = await MemoryHost.StartAsync();
        var session = (await memory.ExchangeAsync("I live in Bergen.", "Arr!")).Session;
        await memory.ExchangeAsync("It rains.", "It does.", session);
        var edited = (await memory.AskAsync([U("I live in Graz."), A("Arr!"), U("It rains."), A("It does."), U("Well?")])).Value!;
        Assert.Equal(session, edited.Session);
        Assert.Equal("Graz", Assert.Single(await memory.FactsAsync()).Object);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_that_leaves_the_middle_of_a_chat_out_has_nothing_of_it_forgotten(bool named)
    {
        await using var memory = await MemoryHost.StartAsync();
        var session = (await memory.ExchangeAsync("Hello!", "Arr!")).Session;
        foreach (var (said, reply) in new[] { ("I live in Bergen.", "A fine harbour."), ("The sea is rough.", "Aye."), ("I caught a cod.", "Well done."), ("It rains.", "It does."), ("Good night!", "Sleep well.") })
            await memory.ExchangeAsync(said, reply, session);
        var before = await memory.LineAsync(session);
        var next = (await memory.AskAsync([U("Hello!"), A("Arr!"), U("[Earlier: they met.]"), .. Rest[1..], U("Well?")], named ? session : null)).Value!;
        Assert.Equal(session, next.Session);
        Assert.Equal("Bergen", Assert.Single(await memory.FactsAsync()).Object);
        Assert.Equal([.. before, "user: Well?"], await memory.LineAsync(session));
    }

    [Fact]
    public async Task A_transcript_of_more_messages_than_a_chat_has_is_refused()
    {
        await using var memory = await MemoryHost.StartAsync();
        var refused = await memory.AskAsync([.. Enumerable.Repeat(U("b"), 10_001)]);
        Assert.Equal((400, "messages"), (refused.Error!.Status, refused.Error.Param));
    }

    [Fact]
    public async Task Chats_that_begin_and_end_alike_and_are_different_between_are_two()
    {
        await using var memory = await MemoryHost.StartAsync();
        var session = await LongAsync(memory);
        var other = (await memory.AskAsync([U("Hello!"), A("Arr!"), U("I sold the boat."), A("No!"), U("I did."), .. Rest[^2..], U("Well?")])).Value!;
        Assert.NotEqual(session, other.Session);
    }

    private static readonly ChatMessage[] Rest = [A("A fine harbour."), U("It rains."), A("It does."), U("Good night!"), A("Sleep well.")];

    private static IEnumerable<string> Lines(IEnumerable<ChatMessage> messages) => messages.Select(message => $"{message.Role}: {message.Content}");

    private static async Task<string> LongAsync(MemoryHost memory)
    {
        var session = (await memory.ExchangeAsync("Hello!", "Arr!")).Session;
        await memory.ExchangeAsync("I live in Bergen.", Rest[0].Content!, session);
        await memory.ExchangeAsync("It rains.", "It does.", session);
        await memory.ExchangeAsync("Good night!", "Sleep well.", session);
        return session;
    }

    [Fact]
    public async Task A_whole_transcript_that_ends_with_two_messages_of_the_person_asks_for_another_reply()
    {
        await using var memory = await MemoryHost.StartAsync();
        var session = (await memory.SayAsync("one")).Session;
        await memory.ExchangeAsync("two", "2", session);
        var again = (await memory.AskAsync([U("one"), U("two")], session, whole: true)).Value!;
        await memory.ReplyAsync(again, "2b");
        Assert.Equal(["user: one", "user: two", "assistant: 2b"], await memory.LineAsync(session));
    }

    [Fact]
    public async Task A_session_with_a_greeting_is_continued_by_a_client_that_does_not_send_it()
    {
        await using var memory = await MemoryHost.StartAsync();
        var session = (await memory.Client.CreateSessionAsync(new NewSession("brine", "mara"))).Value!.Id;
        await memory.ExchangeAsync("one", "1", session);
        Assert.True((await memory.AskAsync([U("one"), A("1"), U("two")], session)).IsSuccess);
        Assert.Equal(4, (await memory.LineAsync(session)).Count);
    }

    [Fact]
    public async Task An_edited_reply_is_a_branch_and_the_old_one_stays_stored()
    {
        await using var memory = await MemoryHost.StartAsync();
        var first = await memory.ExchangeAsync("one", "1");
        var second = await memory.ExchangeAsync("two", "2", first.Session);
        await memory.AskAsync([U("one"), A("1"), U("two"), A("2, edited"), U("three")], first.Session);
        Assert.Equal(["user: one", "assistant: 1", "user: two", "assistant: 2, edited", "user: three"], await memory.LineAsync(first.Session));

        // Back to the old branch: nothing of it was lost.
        await memory.AskAsync([U("one"), A("1"), U("two"), A("2"), U("four")], first.Session);
        Assert.Equal(["user: one", "assistant: 1", "user: two", "assistant: 2", "user: four"], await memory.LineAsync(first.Session));
        Assert.NotNull(second);
    }

    [Fact]
    public async Task A_conversation_begun_elsewhere_is_taken_over_with_its_facts()
    {
        await using var memory = await MemoryHost.StartAsync();
        var answer = (await memory.AskAsync([U("I live in Porto."), A("Aye."), U("Where do I live?")])).Value!;
        Assert.Equal(3, (await memory.LineAsync(answer.Session)).Count);
        Assert.Equal("Porto", Assert.Single(await memory.FactsAsync()).Object);
        Assert.Contains((await memory.ReceiptAsync(answer)).Notes, note => note.StartsWith("2 messages of the client's transcript", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_a_character_says_is_never_learned_as_a_fact()
    {
        await using var memory = await MemoryHost.StartAsync();
        await memory.ExchangeAsync("Tell me a story.", "I live in Tortuga. My name is Brine. My cat is called Barnacle.");
        await memory.AskAsync([new("system", "My name is Bob. I live in Paris."), U("And then?")]);
        Assert.Empty(await memory.FactsAsync());
    }

    [Theory]
    [InlineData("assistant", "Arr!")]
    [InlineData("system", "Be brief.")]
    [InlineData("user", "   ")]
    public async Task Without_a_word_of_the_user_there_is_nothing_to_answer(string role, string text)
    {
        await using var memory = await MemoryHost.StartAsync();
        var error = (await memory.AskAsync([new(role, text)])).Error!;
        Assert.Equal((400, ErrorCodes.InvalidRequest, "messages"), (error.Status, error.Code, error.Param));
    }

    [Fact]
    public async Task A_session_with_another_character_is_a_conflict_and_an_unknown_one_is_not_found()
    {
        await using var memory = await MemoryHost.StartAsync();
        var session = (await memory.SayAsync("Hello!")).Session;
        Assert.Equal(409, (await memory.AskAsync([U("Hi")], session, character: "pim")).Error!.Status);
        Assert.Equal(ErrorCodes.SessionNotFound, (await memory.AskAsync([U("Hi")], "ses_none")).Error!.Code);
        Assert.Equal(ErrorCodes.CharacterNotFound, (await memory.AskAsync([U("Hi")], character: "nobody")).Error!.Code);
        Assert.Equal(ErrorCodes.NotFound, (await memory.Client.RecordReplyAsync(session, "trn_none", new RecordedReply { Content = "x", FinishReason = "stop", Model = "m", Receipt = "r" })).Error!.Code);
    }
}
