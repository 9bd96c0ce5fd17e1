using System.Net;
using Comox.Memory.Sessions;
using Comox.Memory.Storage;
using Comox.ServiceDefaults.Contracts.Memory;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Memory.Tests;

public sealed class SqliteSessionEditTests : SessionEditTests
{
    private protected override Task<MemoryHost> StartAsync() => MemoryHost.StartAsync();
}

public sealed class PostgresSessionEditTests : SessionEditTests
{
    private protected override async Task<MemoryHost> StartAsync() => await MemoryHost.StartAsync(database: await TestDatabase.CreateAsync());
}

/// <summary>What a person does to a conversation that has been said already.</summary>
public abstract class SessionEditTests
{
    private protected abstract Task<MemoryHost> StartAsync();

    [Fact]
    public async Task A_deleted_turn_takes_its_fact_along_and_what_the_fact_had_ended_holds_again()
    {
        await using var memory = await StartAsync();
        var first = await memory.ExchangeAsync("I live in Porto.", "Ah, Porto.");
        var second = await memory.ExchangeAsync("I moved to Lyon.", "Ah, Lyon.", first.Session);
        Assert.Equal("Lyon", Assert.Single(await memory.FactsAsync()).Object);

        var receipt = (await memory.Client.DeleteTurnAsync(first.Session, second.UserTurn)).Value!;
        Assert.Equal([second.UserTurn], receipt.Turns);
        Assert.Equal((1, 1), (receipt.Removed["turns"], receipt.Removed["facts"]));
        var porto = Assert.Single(await memory.FactsAsync());
        Assert.Equal("Porto", porto.Object);
        Assert.Equal([porto.Id], receipt.Restored);
        Assert.Equal(["user: I live in Porto.", "assistant: Ah, Porto.", "assistant: Ah, Lyon."], await memory.LineAsync(first.Session));
        Assert.Contains("Mara lives in Porto.", (await memory.SayAsync("Where do I live?")).Messages[^1].Content);
    }

    [Fact]
    public async Task A_deleted_turns_words_are_in_no_table_any_more()
    {
        await using var memory = await StartAsync();
        var first = await memory.ExchangeAsync("My secret word is quixotry and I love zarzuela.", "Noted.");
        await memory.ExchangeAsync("What do I love?", "That again.", first.Session);
        await memory.SayAsync("Say, what do I love?");

        var receipt = (await memory.Client.DeleteTurnAsync(first.Session, first.UserTurn)).Value!;
        Assert.True(receipt.Removed["events"] >= 2, "The log still has the words.");
        Assert.True(receipt.Removed["receipts"] >= 3, "Receipts still have the words.");
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        Assert.Empty(await db.Events.Where(row => row.Body.Contains("zarzuela")).ToListAsync());
        Assert.Empty(await db.Turns.Where(row => row.Content.Contains("zarzuela")).ToListAsync());
        Assert.Empty(await db.Facts.Where(row => row.Quote.Contains("zarzuela") || row.Object.Contains("zarzuela")).ToListAsync());
        Assert.Empty(await db.Entities.Where(row => row.Name.Contains("zarzuela")).ToListAsync());
        Assert.Empty(await db.Receipts.Where(row => row.Json.Contains("zarzuela")).ToListAsync());
        Assert.Empty(await db.Sessions.Where(row => row.Title!.Contains("zarzuela")).ToListAsync());

        // What the prompt had been made of is gone; a repeat of the request is told so and gets no prompt without its history.
        Assert.Empty((await memory.ReceiptAsync(first)).Messages);
    }

    [Fact]
    public async Task Deleting_from_here_takes_all_that_followed_on_every_branch()
    {
        await using var memory = await StartAsync();
        var first = await memory.ExchangeAsync("One.", "First.");
        var second = await memory.ExchangeAsync("Two.", "Second.", first.Session);
        await memory.ExchangeAsync("Three.", "Third.", first.Session);
        var swipe = (await memory.AskAsync([new("user", "One."), new("assistant", "First."), new("user", "Two.")], first.Session)).Value!;
        await memory.ReplyAsync(swipe, "Another second.");

        var receipt = (await memory.Client.DeleteTurnAsync(first.Session, second.UserTurn, following: true)).Value!;
        Assert.Equal(5, receipt.Turns.Count);
        Assert.Equal(["user: One.", "assistant: First."], await memory.LineAsync(first.Session));
        Assert.Equal(2, (await memory.Client.GetTreeAsync(first.Session)).Value!.Turns.Count);
    }

    [Fact]
    public async Task An_edit_changes_the_words_and_what_was_learned_from_them_and_keeps_what_follows()
    {
        await using var memory = await StartAsync();
        var first = await memory.ExchangeAsync("I live in Porto.", "Ah.");
        await memory.ExchangeAsync("I like tea.", "Good.", first.Session);
        var edited = await memory.Client.EditTurnAsync(first.Session, first.UserTurn, "I live in Lisbon.");
        Assert.Equal("I live in Lisbon.", edited.Value!.Content);
        Assert.Equal(["user: I live in Lisbon.", "assistant: Ah.", "user: I like tea.", "assistant: Good."], await memory.LineAsync(first.Session));
        Assert.Equal(["tea", "Lisbon"], (await memory.FactsAsync()).Select(fact => fact.Object));
        Assert.DoesNotContain("Porto", (await memory.SayAsync("Where do I live?")).Messages[^1].Content);
        Assert.Equal("I live in Lisbon.", (await memory.Client.GetSessionAsync(first.Session)).Value!.Title);
        Assert.Equal(["likes_to_drink", "lives_in"], (await memory.Client.GetGraphAsync("mara", "brine", null, 1)).Value!.Edges.Select(edge => edge.Relation).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Switching_between_swipes_switches_what_is_known_and_back()
    {
        await using var memory = await StartAsync();
        var first = await memory.ExchangeAsync("Hello.", "Hi.");
        var porto = await memory.ExchangeAsync("I live in Porto.", "Ah, Porto.", first.Session);
        var lyon = (await memory.AskAsync([new("user", "Hello."), new("assistant", "Hi."), new("user", "I live in Lyon.")], first.Session)).Value!;
        await memory.ReplyAsync(lyon, "Ah, Lyon.");
        Assert.Equal("Lyon", Assert.Single(await memory.FactsAsync()).Object);

        var moved = (await memory.Client.MoveHeadAsync(first.Session, new HeadChoice(porto.UserTurn))).Value!;
        Assert.Equal("Ah, Porto.", moved.Turns[^1].Content);
        Assert.Equal("Porto", Assert.Single(await memory.FactsAsync()).Object);
        Assert.Contains("Porto", (await memory.SayAsync("Where do I live?")).Messages[^1].Content);

        await memory.Client.MoveHeadAsync(first.Session, new HeadChoice(lyon.UserTurn, Exact: true));
        Assert.Equal(["user: Hello.", "assistant: Hi.", "user: I live in Lyon."], await memory.LineAsync(first.Session));
        Assert.Equal("Lyon", Assert.Single(await memory.FactsAsync()).Object);
    }

    [Fact]
    public async Task A_deleted_session_is_gone_with_what_other_sessions_showed_of_it()
    {
        await using var memory = await StartAsync();
        var gone = await memory.ExchangeAsync("My sister is called Ottilie.", "A fine name.");
        var other = await memory.SayAsync("What is my sister called?");
        Assert.Contains("Ottilie", other.Messages[^1].Content);
        Assert.True((await memory.Client.DeleteSessionAsync(gone.Session)).IsSuccess);
        Assert.Equal("session_not_found", (await memory.Client.GetSessionAsync(gone.Session)).Error!.Code);
        Assert.Empty(await memory.FactsAsync());
        Assert.Empty((await memory.ReceiptAsync(other)).Messages);
        Assert.DoesNotContain("Ottilie", (await memory.SayAsync("What is my sister called?")).Messages[^1].Content);
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        Assert.Empty(await db.Events.Where(row => row.SessionId == gone.Session).ToListAsync());
        Assert.Empty(await db.Entities.ToListAsync());
    }

    [Fact]
    public async Task A_reply_to_a_deleted_message_is_refused_for_good()
    {
        await using var memory = await StartAsync();
        var asked = await memory.SayAsync("Hello.");
        await memory.Client.DeleteTurnAsync(asked.Session, asked.UserTurn);
        var late = await memory.Client.RecordReplyAsync(asked.Session, asked.ReplyTurn, new RecordedReply { Content = "Hi.", FinishReason = "stop", Model = "m", Receipt = asked.Receipt });
        Assert.Equal("turn_deleted", late.Error!.Code);
        Assert.Empty(await memory.LineAsync(asked.Session));
    }

    [Fact]
    public async Task A_deleted_reply_does_not_come_back_with_its_second_delivery()
    {
        await using var memory = await StartAsync();
        var asked = await memory.ExchangeAsync("Hello.", "The hidden cove is yours.");
        await memory.Client.DeleteTurnAsync(asked.Session, asked.ReplyTurn);
        var again = await memory.Client.RecordReplyAsync(asked.Session, asked.ReplyTurn, new RecordedReply { Content = "The hidden cove is yours.", FinishReason = "stop", Model = "m", Receipt = asked.Receipt });
        Assert.Equal("turn_deleted", again.Error!.Code);
        Assert.Equal(["user: Hello."], await memory.LineAsync(asked.Session));
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        Assert.Empty(await db.Events.Where(row => row.Body.Contains("hidden cove")).ToListAsync());
    }

    [Fact]
    public async Task What_others_said_stays_in_the_log_though_it_is_called_as_an_event_is()
    {
        await using var memory = await StartAsync();
        var asked = await memory.ExchangeAsync("I like summary.made things.", "Do ye?");
        await memory.Client.DeleteTurnAsync(asked.Session, asked.ReplyTurn);
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        Assert.Contains(await db.Events.Where(row => row.TurnId == asked.UserTurn).Select(row => row.Body).ToListAsync(), body => body.Contains("I like summary.made things."));
    }

    [Fact]
    public async Task A_repeated_request_whose_prompt_was_deleted_is_told_so()
    {
        await using var memory = await StartAsync();
        var asked = (await memory.AskAsync([new("user", "Hello.")], requestId: "again")).Value!;
        await memory.ReplyAsync(asked, "Hi.");
        await memory.Client.DeleteTurnAsync(asked.Session, asked.UserTurn);
        Assert.Equal("turn_deleted", (await memory.AskAsync([new("user", "Hello.")], requestId: "again")).Error!.Code);
    }

    [Fact]
    public async Task What_is_not_there_or_not_said_is_answered_clearly()
    {
        await using var memory = await StartAsync();
        var first = await memory.ExchangeAsync("Hello.", "Hi.");
        Assert.Equal("turn_not_found", (await memory.Client.EditTurnAsync(first.Session, "trn_none", "x")).Error!.Code);
        Assert.Equal("turn_not_found", (await memory.Client.DeleteTurnAsync(first.Session, "trn_none")).Error!.Code);
        Assert.Equal("turn_not_found", (await memory.Client.MoveHeadAsync(first.Session, new HeadChoice("trn_none"))).Error!.Code);
        Assert.Equal("invalid_request", (await memory.Client.MoveHeadAsync(first.Session, new HeadChoice(""))).Error!.Code);
        Assert.Equal("invalid_request", (await memory.Client.EditTurnAsync(first.Session, first.UserTurn, "  ")).Error!.Code);
        Assert.Equal("session_not_found", (await memory.Client.DeleteTurnAsync("ses_none", first.UserTurn)).Error!.Code);
        Assert.Equal("session_not_found", (await memory.Client.DeleteSessionAsync("ses_none")).Error!.Code);
        Assert.Equal("session_not_found", (await memory.Client.GetTreeAsync("ses_none")).Error!.Code);
        Assert.Equal("session_not_found", (await memory.Client.ReplaySessionAsync("ses_none")).Error!.Code);
        var other = await memory.ExchangeAsync("Good day.", "Hi.");
        Assert.Equal("turn_not_found", (await memory.Client.DeleteTurnAsync(other.Session, first.UserTurn)).Error!.Code);
    }

    [Fact]
    public async Task A_damaged_projection_is_made_again_from_the_log()
    {
        await using var memory = await StartAsync();
        var first = await memory.ExchangeAsync("I live in Porto.", "Ah.");
        await memory.SettledAsync();
        var whole = await ProjectionDump.OfAsync(memory);
        await using (var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open())
        {
            await db.Facts.ExecuteDeleteAsync();
            await db.Turns.Where(turn => turn.Role == Utterance.Assistant).ExecuteDeleteAsync();
        }

        Assert.True((await memory.Client.ReplaySessionAsync(first.Session)).IsSuccess);
        Assert.Equal(whole, await ProjectionDump.OfAsync(memory));
    }

    [Fact]
    public async Task Sessions_from_before_the_log_get_one()
    {
        await using var memory = await StartAsync();
        var first = await memory.ExchangeAsync("I live in Porto.", "Ah.");
        await memory.ExchangeAsync("I moved to Lyon.", "Oh.", first.Session);
        await memory.SettledAsync();
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        await db.Events.ExecuteDeleteAsync();
        await LogBackfill.RunAsync(db, TestContext.Current.CancellationToken);
        Assert.Equal(4 + 2 + 1, await db.Events.CountAsync());
        Assert.Equal(["user: I live in Porto.", "assistant: Ah.", "user: I moved to Lyon.", "assistant: Oh."], await memory.LineAsync(first.Session));
        Assert.Equal("Lyon", Assert.Single(await memory.FactsAsync()).Object);
        await memory.ExchangeAsync("Hello again.", "Hi.", first.Session);
        Assert.Equal(HttpStatusCode.OK, (await memory.Http.PostAsync($"/memory/sessions/{first.Session}/replay", null)).StatusCode);
        Assert.Equal(6, (await memory.LineAsync(first.Session)).Count);
    }
}
