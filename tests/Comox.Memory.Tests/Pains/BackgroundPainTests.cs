using System.Text.Json;
using Comox.Memory.Storage;
using Comox.Memory.Vectors;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Memory.Tests.Pains;

/// <summary>Pains 1, 6, 7, 11, 12, 13, 17 and 18. Pain 8 is <see cref="LostUpdateTests"/>, pain 9 <see cref="WrongDateTests"/>, the others <see cref="FactPainTests"/>.</summary>
public sealed class BackgroundPainTests
{
    private static readonly PromptProfile Small = PromptProfile.Standard with { Id = "small", ContextTokens = 1200, PromptTokens = 900, ReplyTokens = 200, MemoryLines = 5 };

    [Fact]
    public async Task Pain_1_what_is_recalled_into_prompts_over_many_turns_is_never_learned_again()
    {
        await using var gateway = await StrictGateway.StartAsync(request => StrictGateway.MaterialOf(request).Contains("] USER: You know, Ana settled")
            ? """{"facts":[{"turn":1,"about":"Ana","relation":"lives_in","object":"Porto","quote":"Ana settled in Porto","retracts":false},{"turn":1,"about":"Ana","relation":"works_as","object":"a spy","quote":"Ana is a spy","retracts":false}]}"""
            : """{"facts":[{"turn":1,"about":"Ana","relation":"lives_in","object":"Porto","quote":"Ana lives in Porto.","retracts":false}]}""");
        await using var memory = await MemoryHost.StartAsync(settings: gateway.Settings(("Extract", "reader")));
        await memory.ExchangeAsync("You know, Ana settled in Porto.", "Aye.");
        await memory.SettledAsync("extract");
        for (var number = 0; number < 6; number++)
        {
            Assert.Contains("Ana lives in Porto.", (await memory.SayAsync($"Tell me number {number} about where Ana lives now.")).Messages[^1].Content);
            await memory.SettledAsync("extract");
        }

        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        Assert.Equal("Porto", (await db.Facts.SingleAsync()).Object);
    }

    [Fact]
    public async Task Pain_6_what_was_said_is_found_at_once_while_the_reader_still_reads()
    {
        using var release = new ManualResetEventSlim();
        await using var gateway = await StrictGateway.StartAsync(_ =>
        {
            release.Wait(TestContext.Current.CancellationToken);
            return """{"facts":[]}""";
        });
        await using var memory = await MemoryHost.StartAsync(settings: gateway.Settings(("Extract", "reader")));
        await memory.ExchangeAsync("We buried the brass compass. My sister is called Ottilie.", "Aye.");
        var asked = await memory.SayAsync("Where is the compass, and what is my sister called?");
        Assert.Contains("brass compass", asked.Messages[^1].Content);
        Assert.Contains("Mara's sister is called Ottilie.", asked.Messages[^1].Content);
        Assert.Contains((await memory.Client.GetStatusAsync()).Value!.Workers, worker => worker is { Name: "extract", EventsBehind: > 0 });
        release.Set();
        await memory.SettledAsync("extract");
    }

    [Fact]
    public async Task Pain_7_an_imported_chat_of_forty_messages_is_read_in_a_few_calls_and_what_was_read_is_not_paid_for_again()
    {
        await using var gateway = await StrictGateway.StartAsync(_ => """{"facts":[]}""");
        await using var memory = await MemoryHost.StartAsync(settings: gateway.Settings(("Extract", "reader")));
        var chat = Enumerable.Range(0, 41).Select(number => new ChatMessage(number % 2 == 0 ? "user" : "assistant", $"The ship number {number} sails to the harbour today.")).ToList();
        var asked = (await memory.AskAsync(chat)).Value!;
        await memory.SettledAsync("extract");
        Assert.InRange(gateway.Requests.Count, 1, 5);
        var paid = gateway.Requests.Count;
        await memory.ReplyAsync(asked, "Aye, she sails.");
        await memory.SettledAsync("extract");
        Assert.Equal(paid, gateway.Requests.Count);
    }

    [Fact]
    public async Task Pain_11_no_prompt_is_over_its_budget_however_long_the_chat_and_a_stuck_summariser_holds_up_none()
    {
        await using var gateway = await StrictGateway.StartAsync(_ => null);
        await using var memory = await MemoryHost.StartAsync(settings: gateway.Settings(("Summarize", "scribe")));
        string? session = null;
        for (var number = 0; number < 40; number++)
        {
            var said = await memory.SayAsync($"Message {number}: {string.Join(' ', Enumerable.Repeat("the sea is wide and grey", 8))}. I like thing{number}.", session, profile: Small);
            session = said.Session;
            var receipt = await memory.ReceiptAsync(said);
            Assert.InRange(receipt.Budget.EstimatedTokens, 1, Small.PromptTokens);
            Assert.Contains($"Message {number}:", said.Messages[^1].Content);
            await memory.ReplyAsync(said, string.Join(' ', Enumerable.Repeat("aye", 40)));
        }

        Assert.Equal(80, (await memory.LineAsync(session!)).Count);
    }

    [Fact]
    public async Task Pain_12_what_is_deleted_is_in_no_store_neither_tables_nor_vectors_nor_recall()
    {
        await using var gateway = await StrictGateway.StartAsync(
            request => StrictGateway.MaterialOf(request).Contains("zarzuela") && StrictGateway.MaterialOf(request).StartsWith('[')
                ? """{"facts":[{"turn":1,"about":"Ana","relation":"sings","object":"zarzuela","quote":"Ana sings zarzuela","retracts":false}]}""" : """{"facts":[]}""",
            text => [text.Contains("zarzuela") ? 1 : 0, 1]);
        await using var memory = await MemoryHost.StartAsync(settings: gateway.Settings(("Extract", "reader"), ("Embed", "vectors")));
        var first = await memory.ExchangeAsync("You know, Ana sings zarzuela.", "Fine.");
        await memory.ExchangeAsync("The market was crowded today.", "Aye.", first.Session);
        await memory.SettledAsync();
        var other = await memory.SayAsync("What does Ana sing?");
        Assert.Contains("zarzuela", other.Messages[^1].Content);

        var receipt = (await memory.Client.DeleteTurnAsync(first.Session, first.UserTurn)).Value!;
        Assert.All(new[] { "turns", "facts", "events", "receipts" }, store => Assert.True(receipt.Removed[store] > 0, store));
        await memory.SettledAsync();
        Assert.DoesNotContain("zarzuela", JsonSerializer.Serialize(await memory.ReceiptAsync(other)));
        Assert.DoesNotContain("zarzuela", (await memory.SayAsync("What does Ana sing, say?")).Messages[^1].Content);
        Assert.DoesNotContain("zarzuela", await ProjectionDump.OfAsync(memory));
        var count = await memory.Services.GetRequiredService<IVectorStore>().CountAsync(new VectorSpace("vectors", 2), new VectorFilter { Subject = "mara", Session = first.Session }, TestContext.Current.CancellationToken);
        Assert.Equal(3, count.Value);
        Assert.True((await memory.Client.ReplaySessionAsync(first.Session)).IsSuccess);
        Assert.DoesNotContain("zarzuela", await ProjectionDump.OfAsync(memory));
    }

    [Fact]
    public async Task Pain_13_a_reply_that_was_rejected_is_recalled_in_no_conversation()
    {
        await using var memory = await MemoryHost.StartAsync();
        var first = await memory.ExchangeAsync("Where is the treasure, captain?", "The treasure is in the volcano.");
        var swipe = (await memory.AskAsync([new("user", "Where is the treasure, captain?")], first.Session, whole: true)).Value!;
        await memory.ReplyAsync(swipe, "The treasure is in the lagoon.");
        await memory.ExchangeAsync("Then let us sail there.", "Aye.", first.Session);
        var receipt = await memory.ReceiptAsync(await memory.SayAsync("Tell me of the treasure, the volcano and the lagoon."));
        Assert.Contains(receipt.Recalled, item => item.Text.Contains("lagoon", StringComparison.Ordinal));
        Assert.DoesNotContain(receipt.Recalled, item => item.Text.Contains("in the volcano", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Pain_17_a_prompt_begins_with_the_whole_prompt_before_it_up_to_that_ones_message_whatever_is_recalled()
    {
        await using var memory = await MemoryHost.StartAsync();
        await memory.ExchangeAsync("My sister is called Ottilie. We buried the brass compass.", "Aye.");
        await memory.ExchangeAsync("The anchor rusts in Porto.", "It does.");
        IReadOnlyList<ChatMessage> before = [];
        string? session = null;
        foreach (var said in new[] { "What is my sister called?", "Where is the compass?", "What of the anchor?", "Good night." })
        {
            var answer = await memory.ExchangeAsync(said, "Aye.", session);
            session = answer.Session;
            Assert.Equal(before.SkipLast(1), answer.Messages.Take(Math.Max(0, before.Count - 1)));
            before = answer.Messages;
        }
    }

    [Theory]
    [InlineData(5)]
    [InlineData(2)]
    public async Task Pain_18_the_receipt_says_of_each_memory_whether_it_is_in_the_prompt_and_if_not_why(int lines)
    {
        await using var memory = await MemoryHost.StartAsync();
        await memory.ExchangeAsync("I live in Porto. I like tea. My sister is called Ottilie.", "Aye.");
        for (var number = 0; number < 8; number++)
            await memory.ExchangeAsync($"The compass number {number} lies {string.Join(' ', Enumerable.Repeat("deep", number * 12))} below the old lighthouse.", $"Compass {number}, aye.");
        var asked = await memory.SayAsync("Where are the compass, the lighthouse, my sister and my home?", profile: Small with { MemoryLines = lines });
        var recalled = (await memory.ReceiptAsync(asked)).Recalled;
        Assert.Contains(recalled, item => !item.Included);
        Assert.InRange(recalled.Count(item => item.Included), 1, lines);
        foreach (var item in recalled)
        {
            Assert.Equal(item.Included, asked.Messages[^1].Content.Contains("- " + item.Text, StringComparison.Ordinal));
            Assert.Equal(item.Included, !item.Why.Contains("left out: ", StringComparison.Ordinal));
        }
    }
}
