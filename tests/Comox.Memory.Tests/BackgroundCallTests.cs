using Comox.Memory.Storage;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Comox.Memory.Tests;

/// <summary>What a chat application asks for itself is no part of what the person said.</summary>
public sealed class BackgroundCallTests
{
    private const string Quotation = "<chat_history>\nUSER: I live in Porto.\nASSISTANT: I live in Tortuga. My name is Brine.\n</chat_history>";
    private const string Task = "### Task:\nGenerate a concise, 3-5 word title.\n### Chat History:\n" + Quotation;

    [Fact]
    public async Task A_title_call_is_answered_and_leaves_no_trace_in_the_persons_memory()
    {
        await using var memory = await MemoryHost.StartAsync();
        var told = await memory.ExchangeAsync("My sister is called Ottilie.", "Aye.");
        var title = (await memory.AskAsync([new ChatMessage("user", Task)], requestId: "req-1")).Value!;
        Assert.Equal(Task, title.Messages[^1].Content);
        Assert.DoesNotContain("Ottilie", title.Messages[^1].Content);
        await memory.ReplyAsync(title, "Porto and Tortuga");

        Assert.Equal(told.Session, Assert.Single((await memory.Client.ListSessionsAsync("mara")).Value!.Data).Id);
        Assert.Equal("Ottilie", Assert.Single(await memory.FactsAsync()).Object);
        Assert.DoesNotContain("Porto and Tortuga", (await memory.SayAsync("Tell me about Tortuga and Porto.")).Messages[^1].Content);
        Assert.Equal("mara", (await memory.ReceiptAsync(title)).Subject);
        Assert.Equal(title.ReplyTurn, (await memory.AskAsync([new ChatMessage("user", Task)], requestId: "req-1")).Value!.ReplyTurn);

        // A second one knows nothing of the first either, and a named session does not take it in.
        var tags = (await memory.AskAsync([new ChatMessage("user", Task.Replace("title", "tag", StringComparison.Ordinal))], told.Session)).Value!;
        Assert.DoesNotContain("Porto and Tortuga", tags.Messages[^1].Content);
        Assert.Equal(2, (await memory.LineAsync(told.Session)).Count);
    }

    [Theory]
    [InlineData("Provide a concise, 5-word-or-less title for the conversation, using title case conventions. Only return the title itself.\n\nConversation:\nUser: I live in Porto.\nAI: Arr!\nMy name is Brine. I live in Tortuga.")]
    [InlineData("Analyze this conversation and provide:\n1. The language\n2. A title\n\nUser: I live in Porto.\nAI: I live in Tortuga. My name is Brine.")]
    [InlineData("History:\nUSER: \"\"\"I live in Porto.\"\"\"\nASSISTANT: \"\"\"Arr!\nMy name is Brine. I live in Tortuga.\"\"\"\nQuery: Where do I live?")]
    public async Task So_is_one_in_the_words_of_other_clients(string task)
    {
        await using var memory = await MemoryHost.StartAsync();
        var told = await memory.ExchangeAsync("My sister is called Ottilie.", "Aye.");
        await memory.ReplyAsync((await memory.AskAsync([new ChatMessage("user", task)])).Value!, "Porto");
        Assert.Equal(told.Session, Assert.Single((await memory.Client.ListSessionsAsync("mara")).Value!.Data).Id);
        Assert.Equal("Ottilie", Assert.Single(await memory.FactsAsync()).Object);

        // Said by the person, behind words of their own, it stays in the conversation, and still it may be anybody's "I".
        await memory.ExchangeAsync($"Look: {task}", "Aye.", told.Session);
        Assert.Equal(4, (await memory.LineAsync(told.Session)).Count);
        Assert.Equal("Ottilie", Assert.Single(await memory.FactsAsync()).Object);
    }

    [Theory]
    [InlineData("conversation")]
    [InlineData("turn")]
    [InlineData("character")]
    public async Task What_it_quotes_goes_with_what_is_deleted(string what)
    {
        await using var memory = await MemoryHost.StartAsync();
        var told = await memory.ExchangeAsync("I live in Porto.", "Aye.");
        await memory.ReplyAsync((await memory.AskAsync([new ChatMessage("user", Task)])).Value!, "Porto and Tortuga");
        var others = (await memory.AskAsync([new ChatMessage("user", Task)], subject: "tom")).Value!;
        switch (what)
        {
            case "conversation":
                Assert.True((await memory.Client.DeleteSessionAsync(told.Session)).IsSuccess);
                break;
            case "turn":
                Assert.True((await memory.Client.DeleteTurnAsync(told.Session, told.UserTurn)).IsSuccess);
                break;
            default:
                Assert.True((await memory.Http.DeleteAsync("/memory/characters/brine")).IsSuccessStatusCode);
                break;
        }

        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        var sessions = await db.Sessions.Where(session => session.Subject.StartsWith("mara")).Select(session => session.Id).ToListAsync();
        Assert.Equal(what == "turn" ? [told.Session] : [], sessions);
        Assert.DoesNotContain(await db.Events.Where(row => sessions.Contains(row.SessionId)).Select(row => row.Body).ToListAsync(), body => body.Contains("Porto", StringComparison.Ordinal));
        Assert.Equal(what == "character" ? 0 : 1, await db.Sessions.CountAsync(session => session.Id == others.Session));
    }

    /// <summary>A client makes one with each message, for years.</summary>
    [Fact]
    public async Task A_later_one_takes_those_before_along_and_nothing_else()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(56));
        await using var memory = await MemoryHost.StartAsync(time: time);
        var told = await memory.ExchangeAsync("I live in Porto.", "Aye.");
        var first = await TaskAsync("title", "mara");
        var others = await TaskAsync("title", "tom");
        time.Advance(TimeSpan.FromMinutes(50));
        var second = await TaskAsync("tag", "mara");
        time.Advance(TimeSpan.FromMinutes(50));
        var third = await TaskAsync("question", "mara");

        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        Assert.Equal(new[] { told.Session, others.Session, second.Session, third.Session }.Order(), (await db.Sessions.Select(session => session.Id).ToListAsync()).Order());
        Assert.Empty(await db.Receipts.Where(row => row.SessionId == first.Session).Select(row => row.Id).ToListAsync());

        async System.Threading.Tasks.Task<SuperPromptResponse> TaskAsync(string what, string subject)
        {
            var asked = (await memory.AskAsync([new ChatMessage("user", Task.Replace("title", what, StringComparison.Ordinal))], subject: subject)).Value!;
            await memory.ReplyAsync(asked, "Porto");
            return asked;
        }
    }

    [Fact]
    public async Task A_quoted_chat_within_a_message_teaches_nothing()
    {
        await using var memory = await MemoryHost.StartAsync();
        var said = await memory.SayAsync("Look at this: I live in Riga.\n" + Quotation);
        Assert.Empty(await memory.FactsAsync());
        Assert.Single(await memory.LineAsync(said.Session));
        await memory.ExchangeAsync("### Task: I live in Graz.", "Aye.", said.Session);
        Assert.Equal("Graz", Assert.Single(await memory.FactsAsync()).Object);
    }
}
