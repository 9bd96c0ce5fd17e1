using Comox.Memory.Storage;
using Comox.ServiceDefaults.Contracts.Memory;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Memory.Tests.Pains;

public sealed class SqliteFactPainTests : FactPainTests
{
    private protected override Task<MemoryHost> StartAsync() => MemoryHost.StartAsync();
}

public sealed class PostgresFactPainTests : FactPainTests
{
    private protected override async Task<MemoryHost> StartAsync() => await MemoryHost.StartAsync(database: await TestDatabase.CreateAsync());
}

/// <summary>Pains 2 to 5 and 10 of those who use other memories: what happens to facts.</summary>
public abstract class FactPainTests
{
    private protected abstract Task<MemoryHost> StartAsync();

    [Fact]
    public async Task Pain_2_a_fact_that_is_told_again_or_contradicted_and_told_again_is_neither_lost_nor_overwritten()
    {
        await using var memory = await StartAsync();
        string? session = null;
        foreach (var said in new[] { "I live in Porto.", "I live in Porto, you know.", "I moved to Lyon.", "I moved to Porto." })
            session = (await memory.ExchangeAsync(said, "Ah.", session)).Session;
        Assert.Equal("Porto", Assert.Single(await memory.FactsAsync()).Object);
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        Assert.Equal(["Porto", "Porto", "Lyon", "Porto"], await db.Facts.OrderBy(fact => fact.TurnNumber).Select(fact => fact.Object).ToListAsync());
    }

    [Theory]
    [InlineData("I live in Porto.", "I moved to Lyon.", "Lyon", "Porto")]
    [InlineData("I like chess.", "I hate chess.", "hates", "likes")]
    [InlineData("My sister is called Ana.", "Actually my sister is called Bea.", "Bea", "Ana")]
    [InlineData("I work as a baker.", "I became a nurse.", "nurse", "baker")]
    public async Task Pain_3_of_a_contradiction_one_side_is_live_in_the_list_the_prompt_and_the_graph(string first, string then, string holds, string ended)
    {
        await using var memory = await StartAsync();
        await memory.ExchangeAsync(first, "Ah.");
        await memory.ExchangeAsync(then, "Oh.");
        var fact = Assert.Single(await memory.FactsAsync());
        Assert.Contains(holds, fact.Text);
        var facts = (await memory.ReceiptAsync(await memory.SayAsync("What do you know of my home, my sister, my job and my chess?"))).Recalled.Where(item => item.Kind == "fact").ToList();
        Assert.Contains(holds, Assert.Single(facts).Text);
        Assert.DoesNotContain(ended, facts[0].Text);
        Assert.Equal(fact.Id, Assert.Single((await memory.Client.GetGraphAsync("mara", "brine", null, 1)).Value!.Edges).Fact);
    }

    [Fact]
    public async Task Pain_4_a_statement_ends_what_it_contradicts_and_nothing_else_names_the_cause_and_can_be_taken_back()
    {
        await using var memory = await StartAsync();
        var first = await memory.ExchangeAsync("I live in Porto. I work as a baker. I like tea. I hate noise. My sister is called Ana. My cat is called Pixel.", "Ah.");
        var before = (await memory.FactsAsync()).Select(fact => fact.Id).ToHashSet();
        var then = await memory.ExchangeAsync("I moved to Lyon.", "Oh.", first.Session);
        var lyon = Assert.Single(await memory.FactsAsync(), fact => !before.Contains(fact.Id));
        await using var stream = await memory.Http.GetStreamAsync("/memory/subjects/mara/facts?expired=true");
        var ended = Assert.Single((await System.Text.Json.JsonSerializer.DeserializeAsync(stream, MemoryJson.Default.FactList))!.Data, fact => fact.ExpiredBy is not null);
        Assert.Equal(("Porto", lyon.Id), (ended.Object, ended.ExpiredBy));
        await memory.Client.DeleteTurnAsync(first.Session, then.UserTurn);
        Assert.Equal(before, (await memory.FactsAsync()).Select(fact => fact.Id).ToHashSet());
    }

    [Theory]
    [InlineData("I like the sea.", "I like sea!")]
    [InlineData("I like Škofja Loka.", "I like skofja loka")]
    [InlineData("I like St. Ives.", "I like St Ives.")]
    [InlineData("I work as a baker.", "I work as Baker.")]
    [InlineData("My cat is called Pixel.", "My cat is called PIXEL.")]
    public async Task Pain_5_a_fact_in_other_case_article_accent_or_punctuation_is_the_same_and_so_is_its_node(string first, string again)
    {
        await using var memory = await StartAsync();
        await memory.ExchangeAsync(first, "Ah.");
        var once = await NodesAsync(memory);
        await memory.ExchangeAsync(again, "Again?");
        Assert.Single(await memory.FactsAsync());
        Assert.Equal(once, await NodesAsync(memory));
    }

    [Fact]
    public async Task Pain_5_what_only_looks_alike_stays_two()
    {
        await using var memory = await StartAsync();
        await memory.ExchangeAsync("I like C#. I like C++. I like C.", "Ah.");
        Assert.Equal(3, (await memory.FactsAsync()).Count);
    }

    [Fact]
    public async Task Pain_5_a_sentence_said_in_several_conversations_takes_one_line_the_newest_and_the_receipt_says_why()
    {
        await using var memory = await StartAsync();
        await memory.ExchangeAsync("We buried the brass compass under the lighthouse.", "Aye.");
        await memory.ExchangeAsync("Well, we buried the brass compass under the lighthouse!", "So ye said.");
        var newest = await memory.ExchangeAsync("We buried brass compass, under the Lighthouse", "Again?");
        var asked = await memory.SayAsync("Do you remember where the compass is?");
        var lines = (await memory.ReceiptAsync(asked)).Recalled.Where(item => item.Text.Contains("buried", StringComparison.Ordinal)).ToList();
        Assert.Equal(3, lines.Count);
        Assert.Equal(newest.UserTurn, Assert.Single(lines, line => line.Included).Id);
        Assert.All(lines.Where(line => !line.Included), line => Assert.EndsWith("a newer turn says the same", line.Why));
        Assert.Equal(2, asked.Messages[^1].Content.Split("buried").Length);
    }

    [Fact]
    public async Task Pain_10_every_fact_names_its_turn_and_the_words_of_that_turn_on_which_it_rests()
    {
        await using var memory = await StartAsync();
        var first = await memory.ExchangeAsync("Oh,  I live in  Porto — and I’m afraid of spiders. My sister is called Ottilie.", "Ah.");
        var swipe = (await memory.AskAsync([new("user", "Hello."), new("assistant", "Hi."), new("user", "I like tea.")])).Value!;
        var facts = await memory.FactsAsync();
        Assert.Equal(4, facts.Count);
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        foreach (var fact in facts)
        {
            var row = await db.Facts.SingleAsync(row => row.Id == fact.Id);
            var turn = await db.Turns.SingleAsync(turn => turn.Id == fact.Source.Turn);
            Assert.Contains(turn.Id, new[] { first.UserTurn, swipe.UserTurn });
            Assert.Equal(fact.Source.Quote, turn.Content.Substring(row.QuoteStart, row.Quote.Length));
            Assert.Equal(turn.CreatedAt, fact.Source.SaidAt);
        }
    }

    private static async Task<List<string>> NodesAsync(MemoryHost memory)
    {
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        return await db.Entities.Select(row => row.Name).OrderBy(name => name).ToListAsync();
    }
}
