using System.Data.Common;
using Comox.Memory.Storage;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Tests;

public sealed class SqliteContractTests : StorageContractTests
{
    private protected override Task<MemoryHost> StartAsync() => MemoryHost.StartAsync();
}

public sealed class PostgresContractTests : StorageContractTests
{
    private protected override async Task<MemoryHost> StartAsync() => await MemoryHost.StartAsync(database: await TestDatabase.CreateAsync());

    [Fact]
    public async Task A_server_that_cannot_be_reached_is_a_failure_of_the_database_and_not_a_programmers()
    {
        await using var db = new PostgresMemoryDb(MemoryDbFactory.Postgres("Host=127.0.0.1;Port=1;Username=nobody;Timeout=5"));
        await Assert.ThrowsAnyAsync<DbException>(() => db.Marks.AnyAsync(TestContext.Current.CancellationToken));
    }
}

/// <summary>What every database must do. Each test starts the module on an empty one.</summary>
public abstract class StorageContractTests
{
    private protected abstract Task<MemoryHost> StartAsync();

    [Fact]
    public async Task An_empty_database_gets_the_example_characters()
    {
        await using var memory = await StartAsync();
        var characters = (await memory.Client.ListCharactersAsync()).Value!.Data;
        Assert.Equal(["brine", "clementine", "pim"], characters.Select(character => character.Slug));
        Assert.All(characters, character => Assert.Equal(1, character.IdentityVersion));
    }

    [Fact]
    public async Task A_session_opens_with_the_greeting()
    {
        await using var memory = await StartAsync();
        var session = (await memory.Client.CreateSessionAsync(new NewSession("brine", "mara"))).Value!;
        var greeting = Assert.Single(session.Turns);
        Assert.Equal("assistant", greeting.Role);
        Assert.Contains("there ye are, Mara.", greeting.Content);
        Assert.Null(session.Title);
    }

    [Fact]
    public async Task What_is_said_in_one_session_is_recalled_in_a_new_one()
    {
        await using var memory = await StartAsync();
        var first = await memory.ExchangeAsync("My sister is called Ottilie.", "A fine name.");
        var second = await memory.SayAsync("What is my sister called?");
        Assert.NotEqual(first.Session, second.Session);
        Assert.Contains("Mara's sister is called Ottilie.", second.Messages[^1].Content);

        var receipt = await memory.ReceiptAsync(second);
        var recalled = Assert.Single(receipt.Recalled, item => item.Kind == "fact");
        Assert.True(recalled.Included);
        Assert.Equal(first.Session, recalled.Source.Session);
        Assert.Equal(first.UserTurn, recalled.Source.Turn);
        Assert.Equal("My sister is called Ottilie", recalled.Source.Quote);
        Assert.Equal(second.Messages, receipt.Messages);
    }

    [Fact]
    public async Task A_repeated_request_stores_nothing_again_and_gets_the_same_answer()
    {
        await using var memory = await StartAsync();
        ChatMessage[] messages = [new("user", "I live in Porto.")];
        var first = (await memory.AskAsync(messages, requestId: "req-1")).Value!;
        var second = (await memory.AskAsync(messages, requestId: "req-1")).Value!;
        Assert.Equal(first.Session, second.Session);
        Assert.Equal(first.ReplyTurn, second.ReplyTurn);
        Assert.Equal(first.Messages, second.Messages);
        Assert.Single(await memory.LineAsync(first.Session));
        Assert.Single((await memory.Client.ListSessionsAsync("mara")).Value!.Data);

        var other = await memory.AskAsync([new("user", "I live in Lisbon.")], requestId: "req-1");
        Assert.Equal(409, other.Error!.Status);
    }

    [Fact]
    public async Task A_reply_recorded_twice_is_one_turn()
    {
        await using var memory = await StartAsync();
        var prompt = await memory.SayAsync("Hello!");
        var first = await memory.ReplyAsync(prompt, "Arr!");
        var second = await memory.ReplyAsync(prompt, "Something else.");
        Assert.Equal(first, second);
        Assert.Equal(prompt.Receipt, first.Receipt);
        Assert.Equal(["user: Hello!", "assistant: Arr!"], await memory.LineAsync(prompt.Session));
    }

    [Fact]
    public async Task Twenty_requests_at_once_in_one_session_lose_and_double_nothing()
    {
        await using var memory = await StartAsync();
        var session = (await memory.Client.CreateSessionAsync(new NewSession("brine", "mara"))).Value!;
        await Task.WhenAll(Enumerable.Range(1, 20).Select(async number =>
        {
            var prompt = await memory.SayAsync($"Message {number}.", session.Id);
            await memory.ReplyAsync(prompt, $"Reply {number}.");
        }));

        var line = await memory.LineAsync(session.Id);
        Assert.Equal(41, line.Count);
        for (var at = 1; at < line.Count; at += 2)
            Assert.Equal(line[at].Replace("user: Message", "assistant: Reply"), line[at + 1]);
        Assert.Equal(41, line.Distinct().Count());
    }

    [Fact]
    public async Task A_regenerate_takes_the_old_reply_out_of_the_line()
    {
        await using var memory = await StartAsync();
        var first = await memory.ExchangeAsync("Hello!", "Arr!");
        var second = await memory.ExchangeAsync("Who are you?", "A seagull.", first.Session);
        var again = (await memory.AskAsync(
            [new("user", "Hello!"), new("assistant", "Arr!"), new("user", "Who are you?")], first.Session)).Value!;
        Assert.Equal(second.UserTurn, again.UserTurn);
        Assert.NotEqual(second.ReplyTurn, again.ReplyTurn);
        Assert.DoesNotContain(again.Messages, message => message.Content.Contains("seagull", StringComparison.Ordinal));
        await memory.ReplyAsync(again, "The captain.");
        Assert.Equal(["user: Hello!", "assistant: Arr!", "user: Who are you?", "assistant: The captain."], await memory.LineAsync(first.Session));
    }

    [Fact]
    public async Task An_edit_takes_back_what_was_said_and_what_it_had_replaced_holds_again()
    {
        await using var memory = await StartAsync();
        var first = await memory.ExchangeAsync("I live in Porto.", "Aye.");
        await memory.ExchangeAsync("I moved to Riga.", "Cold there.", first.Session);
        Assert.Equal("Riga", Assert.Single(await memory.FactsAsync()).Object);

        await memory.AskAsync([new("user", "I live in Porto."), new("assistant", "Aye."), new("user", "Nice weather.")], first.Session);
        Assert.Equal("Porto", Assert.Single(await memory.FactsAsync()).Object);
    }

    [Fact]
    public async Task One_character_does_not_know_what_another_was_told()
    {
        await using var memory = await StartAsync();
        await memory.ExchangeAsync("My sister is called Ottilie.", "Aye.", character: "brine");
        var other = await memory.SayAsync("What is my sister called?", character: "pim");
        Assert.DoesNotContain(other.Messages, message => message.Content.Contains("Ottilie", StringComparison.Ordinal));
        Assert.Empty((await memory.ReceiptAsync(other)).Recalled);
        Assert.Empty(await memory.FactsAsync(character: "pim"));
        Assert.Single(await memory.FactsAsync(character: "brine"));
    }

    [Fact]
    public async Task One_person_is_not_told_what_another_said()
    {
        await using var memory = await StartAsync();
        var first = await memory.ExchangeAsync("My sister is called Ottilie.", "Aye.", subject: "mara");
        var other = await memory.SayAsync("What is my sister called?", subject: "tomas");
        Assert.DoesNotContain(other.Messages, message => message.Content.Contains("Ottilie", StringComparison.Ordinal));
        Assert.Equal(ErrorCodes.SessionNotFound, (await memory.AskAsync([new("user", "Hello!")], first.Session, subject: "tomas")).Error!.Code);
    }

    [Fact]
    public async Task A_deleted_character_takes_its_conversations_along()
    {
        await using var memory = await StartAsync();
        var told = await memory.ExchangeAsync("I live in Porto.", "Aye.");
        await memory.ExchangeAsync("And I like tea.", "Aye.", told.Session);
        Assert.Equal(System.Net.HttpStatusCode.NoContent, (await memory.Http.DeleteAsync("/memory/characters/brine")).StatusCode);
        Assert.Equal(ErrorCodes.CharacterNotFound, (await memory.Client.GetCharacterAsync("brine")).Error!.Code);
        Assert.Equal(ErrorCodes.SessionNotFound, (await memory.Client.GetSessionAsync(told.Session)).Error!.Code);
        Assert.Equal(ErrorCodes.ReceiptNotFound, (await memory.Client.GetReceiptAsync(told.Receipt)).Error!.Code);
        Assert.Empty(await memory.FactsAsync());
    }
}
