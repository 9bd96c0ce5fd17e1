using System.Text.Json.Nodes;
using Comox.Memory.Ingestion;
using Comox.Memory.Storage;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Memory.Tests;

public sealed class SqliteExtractBranchTests : ExtractBranchTests
{
    private protected override Task<MemoryHost> StartAsync(StrictGateway gateway) => MemoryHost.StartAsync(settings: gateway.Settings(("Extract", "reader")));

    [Fact]
    public async Task What_is_not_read_is_found_without_a_look_at_the_whole_line()
    {
        await using var gateway = await StrictGateway.StartAsync(_ => """{"facts":[]}""");
        await using var memory = await StartAsync(gateway);
        await using var db = Open(memory);
        var query = ExtractWorker.Unread(db, "ses", 9).ToQueryString();
        Assert.Contains("IX_turns_unread", Assert.Single(await QueryPlan.OfAsync(db, query)));
    }
}

public sealed class PostgresExtractBranchTests : ExtractBranchTests
{
    private protected override async Task<MemoryHost> StartAsync(StrictGateway gateway) =>
        await MemoryHost.StartAsync(database: await TestDatabase.CreateAsync(), settings: gateway.Settings(("Extract", "reader")));
}

/// <summary>What is on the line is read by the model once, by whatever way it came there.</summary>
public abstract class ExtractBranchTests
{
    private const string Nothing = """{"facts":[]}""";

    private protected abstract Task<MemoryHost> StartAsync(StrictGateway gateway);

    [Fact]
    public async Task A_turn_that_was_off_the_line_when_its_time_came_is_read_once_when_its_branch_comes_back()
    {
        // The model thinks about the first turn while the conversation goes on, and back, and on another way.
        var (begun, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var gateway = await StrictGateway.StartAsync(_ =>
        {
            begun.TrySetResult();
            release.Task.Wait();
            return Nothing;
        });
        await using var memory = await StartAsync(gateway);
        var ana = await memory.ExchangeAsync("You know, Ana settled in Porto.", "Porto has the best of all harbours, they say.");
        await begun.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        var bea = await memory.ExchangeAsync("You know, Bea settled in Lyon.", "Lyon has two rivers, they say.", ana.Session);
        Assert.True((await memory.Client.MoveHeadAsync(ana.Session, new HeadChoice(ana.ReplyTurn, Exact: true))).IsSuccess);
        var cleo = await memory.ExchangeAsync("You know, Cleo settled in Graz.", "Graz has a clock tower, they say.", ana.Session);
        release.SetResult();
        await memory.SettledAsync("extract");
        Assert.Equal((1, 0, 1), (Read(gateway, "Ana"), Read(gateway, "Bea"), Read(gateway, "Cleo")));

        await MoveAsync(memory, bea);
        Assert.Equal((1, 1, 1), (Read(gateway, "Ana"), Read(gateway, "Bea"), Read(gateway, "Cleo")));
        var asked = gateway.Requests.Count;
        await MoveAsync(memory, cleo);
        await MoveAsync(memory, bea);
        Assert.Equal(asked, gateway.Requests.Count);

        // The reply that both branches have in common was read with the first; theirs were not, because nobody has gone on from them.
        Assert.Equal((1, 0, 0), (Read(gateway, "best of all harbours"), Read(gateway, "two rivers"), Read(gateway, "clock tower")));
        await memory.SayAsync("You know, Dora settled in Brest.", ana.Session);
        await memory.SettledAsync("extract");
        Assert.Equal((1, 1, 0, 1), (Read(gateway, "best of all harbours"), Read(gateway, "two rivers"), Read(gateway, "clock tower"), Read(gateway, "Dora")));
    }

    [Fact]
    public async Task A_turn_is_read_again_once_it_is_edited_and_what_follows_it_is_not()
    {
        await using var gateway = await StrictGateway.StartAsync(_ => Nothing);
        await using var memory = await StartAsync(gateway);
        var ana = await memory.ExchangeAsync("You know, Ana settled in Porto.", "Aye.");
        await memory.ExchangeAsync("You know, Bea settled in Lyon.", "Aye.", ana.Session);
        await memory.SettledAsync("extract");
        Assert.True((await memory.Client.EditTurnAsync(ana.Session, ana.UserTurn, "You know, Ana settled in Lisbon.")).IsSuccess);
        await memory.SettledAsync("extract");
        Assert.Equal((1, 1, 1), (Read(gateway, "Ana settled in Porto"), Read(gateway, "Ana settled in Lisbon"), Read(gateway, "Bea")));
        Assert.True((await memory.Client.ReplaySessionAsync(ana.Session)).IsSuccess);
        await memory.ExchangeAsync("You know, Cleo settled in Graz.", "Aye.", ana.Session);
        await memory.SettledAsync("extract");
        Assert.Equal((1, 1, 1, 1), (Read(gateway, "Ana settled in Porto"), Read(gateway, "Ana settled in Lisbon"), Read(gateway, "Bea"), Read(gateway, "Cleo")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_forgotten_is_forgotten_on_every_line_that_has_its_words(bool before)
    {
        const string Told = "I live in Porto. You know, Ana settled in Lyon.";
        await using var gateway = await StrictGateway.StartAsync(asked =>
            asked.ToJsonString().Contains(Told, StringComparison.Ordinal) ? """{"facts":[{"turn":1,"about":"Ana","relation":"lives_in","object":"Lyon","quote":"Ana settled in Lyon"}]}""" : Nothing);
        await using var memory = await StartAsync(gateway);
        var first = await memory.ExchangeAsync("Hello!", "Arr!");
        var told = await memory.ExchangeAsync(Told, "Ah.", first.Session);
        await memory.SettledAsync("extract");
        Assert.Equal(2, (await memory.FactsAsync()).Count);
        if (before)
            await ForgetAllAsync();

        // The client changes its first message and says the rest again.
        IReadOnlyList<ChatMessage> rest = [new("assistant", "Arr!"), new("user", Told), new("assistant", "Ah."), new("user", "Well?")];
        var branch = (await memory.AskAsync([new("user", "Good day!"), .. rest], first.Session, whole: true)).Value!;
        Assert.Equal(first.Session, branch.Session);
        await memory.SettledAsync("extract");
        Assert.Equal(before ? 0 : 2, (await memory.FactsAsync()).Count);
        if (!before)
            await ForgetAllAsync();
        await MoveAsync(memory, told);
        Assert.Empty(await memory.FactsAsync());
        var whole = await ProjectionDump.OfAsync(memory);
        Assert.True((await memory.Client.ReplaySessionAsync(first.Session)).IsSuccess);
        Assert.Equal(whole, await ProjectionDump.OfAsync(memory));

        async Task ForgetAllAsync()
        {
            foreach (var fact in await memory.FactsAsync())
                Assert.Null(await memory.Client.ForgetFactAsync("mara", fact.Id));
            Assert.Empty(await memory.FactsAsync());
        }
    }

    [Fact]
    public async Task What_was_read_before_there_was_a_note_of_it_is_not_read_again()
    {
        await using var gateway = await StrictGateway.StartAsync(_ => Nothing);
        await using var memory = await StartAsync(gateway);
        var ana = await memory.ExchangeAsync("You know, Ana settled in Porto.", "Porto has the best of all harbours, they say.");
        await memory.SettledAsync("extract");
        await using (var db = Open(memory))
        {
            await db.Events.Where(row => row.Body.Contains("turns.read")).ExecuteDeleteAsync();
            var migrations = db.GetService<IMigrationsAssembly>().Migrations.Keys.Order(StringComparer.Ordinal).ToList();
            var at = migrations.FindIndex(name => name.EndsWith("TurnsExtracted", StringComparison.Ordinal));
            await db.GetService<IMigrator>().MigrateAsync(migrations[at - 1]);
            await db.GetService<IMigrator>().MigrateAsync(migrations[^1]);
        }

        await memory.ExchangeAsync("You know, Bea settled in Lyon.", "Aye.", ana.Session);
        await memory.SettledAsync("extract");
        Assert.Equal((1, 1, 1), (Read(gateway, "Ana"), Read(gateway, "best of all harbours"), Read(gateway, "Bea")));
    }

    private protected static MemoryDb Open(MemoryHost memory) => memory.Services.GetRequiredService<MemoryDbFactory>().Open();

    private static async Task MoveAsync(MemoryHost memory, SuperPromptResponse to)
    {
        Assert.True((await memory.Client.MoveHeadAsync(to.Session, new HeadChoice(to.ReplyTurn))).IsSuccess);
        await memory.SettledAsync("extract");
    }

    /// <summary>How often a turn's words were to be read.</summary>
    private static int Read(StrictGateway gateway, string words) => gateway.Requests.Select(Numbered).Count(lines => lines.Contains(words, StringComparison.Ordinal));

    private static string Numbered(JsonObject request) => string.Join('\n', StrictGateway.MaterialOf(request).Split('\n').Where(line => line.StartsWith('[')));
}
