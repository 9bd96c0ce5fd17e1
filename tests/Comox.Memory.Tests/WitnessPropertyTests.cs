using Comox.Memory.Ingestion;
using Comox.Memory.Recall;
using Comox.Memory.Sessions;
using Comox.Memory.ShortTerm;
using Comox.Memory.Storage;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Memory.Tests;

public sealed class SqliteWitnessPropertyTests : WitnessPropertyTests
{
    private protected override Task<MemoryHost> StartAsync() => MemoryHost.StartAsync();
}

public sealed class PostgresWitnessPropertyTests : WitnessPropertyTests
{
    private protected override async Task<MemoryHost> StartAsync() => await MemoryHost.StartAsync(database: await TestDatabase.CreateAsync());
}

/// <summary>Guests come and go while turns are said, swiped, edited and deleted: each knows the turns that the log says it perceived, and no other.</summary>
public abstract class WitnessPropertyTests
{
    private static readonly string[] Characters = ["brine", "pim", "clementine"];
    private static readonly string[] Said = ["I live in Porto.", "I moved to Lyon.", "I like tea.", "I hate tea.", "My sister is called Ottilie.", "Hello there!", "I have a cat called Miso."];

    private protected abstract Task<MemoryHost> StartAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_guest_knows_the_turns_that_it_perceived_and_no_other(int seed)
    {
        await using var memory = await StartAsync();
        var random = new Random(seed);
        var indexes = new RecallIndexes(new MemoryOptions());
        var sessions = new Dictionary<string, string>();
        for (var step = 0; step < 60; step++)
        {
            await StepAsync(memory, random, sessions);
            if (random.Next(2) == 0)
                continue;
            foreach (var character in Characters)
            {
                var index = await IndexView.OpenAsync(memory, indexes, character);
                Assert.Equal(await PerceivedAsync(memory, character, sessions), index.Sessions.Order(StringComparer.Ordinal).SelectMany(index.TurnsOf));
                Assert.Equal(IndexView.Of(await IndexView.OpenAsync(memory, new RecallIndexes(new MemoryOptions()), character)), IndexView.Of(index));
                Assert.All(index.Facts(), fact => Assert.Contains(fact.TurnId, index.TurnsOf(fact.SessionId)));
                Assert.Equal(index.Facts().Select(fact => fact.Id).Order(StringComparer.Ordinal), (await memory.FactsAsync(character: character)).Select(fact => fact.Id).Order(StringComparer.Ordinal));
            }
        }
    }

    [FsCheck.Xunit.Property(MaxTest = 500)]
    public void Who_was_there_is_what_the_scenes_say_one_after_the_other(int seed)
    {
        var random = new Random(seed);
        var changes = Enumerable.Range(0, random.Next(8))
            .Select(_ => (After: random.Next(12), Present: (IReadOnlyList<string>)[.. Characters.Where(_ => random.Next(2) == 0)])).ToList();
        var presence = new Presence(changes);
        for (var depth = 1; depth <= 14; depth++)
        {
            var expected = changes.Where(change => change.After < depth).Select(change => change.Present).LastOrDefault() ?? [];
            Assert.Equal(expected, presence.At(depth));
            foreach (var character in Characters)
                Assert.Equal(expected.Contains(character), presence.StretchesOf(character).Any(stretch => stretch.First <= depth && depth <= stretch.Last));
        }

        foreach (var character in Characters)
        {
            var stretches = presence.StretchesOf(character).ToList();
            Assert.All(stretches, stretch => Assert.True(stretch.First <= stretch.Last));
            Assert.All(stretches.Skip(1).Zip(stretches), pair => Assert.True(pair.Second.Last + 1 < pair.First.First));
        }
    }

    private static async Task StepAsync(MemoryHost memory, Random random, Dictionary<string, string> sessions)
    {
        var owner = Characters[random.Next(3)];
        if (!sessions.TryGetValue(owner, out var session))
        {
            sessions[owner] = (await memory.ExchangeAsync(Said[random.Next(Said.Length)], "Aye.", character: owner)).Session;
            return;
        }

        var turns = (await memory.Client.GetTreeAsync(session)).Value!.Turns;
        var any = turns.Count == 0 ? null : turns[random.Next(turns.Count)].Id;
        switch (any is null ? 9 : random.Next(12))
        {
            case <= 2:
                var present = Characters.Where(_ => random.Next(2) == 0).ToList();
                Assert.True((await memory.Client.ChangeSceneAsync(session, random.Next(4) == 0 ? new SceneChange(Place: "The harbour") : new SceneChange(Present: present))).IsSuccess);
                break;
            case 3:
                await memory.Client.EditTurnAsync(session, any!, Said[random.Next(Said.Length)]);
                break;
            case 4:
                Assert.True((await memory.Client.MoveHeadAsync(session, new HeadChoice(any!, random.Next(2) == 0))).IsSuccess);
                break;
            case 5 when random.Next(2) == 0:
                await DeleteAsync(memory, session, any!, random.Next(4) == 0);
                break;
            case 6:
                await ReadAsync(memory, session, any!, random);
                break;
            case 7 when turns.LastOrDefault(turn => turn is { Current: true, Role: "user" }) is { } last:
                // A swipe.
                var line = turns.Where(turn => turn.Current && turn.Depth <= last.Depth).OrderBy(turn => turn.Depth).Select(turn => new ChatMessage(turn.Role, turn.Content)).ToList();
                await memory.ReplyAsync((await memory.AskAsync(line, session, owner)).Value!, $"Aye, once more {random.Next(9)}.");
                break;
            default:
                await memory.ExchangeAsync(Said[random.Next(Said.Length)], "So it is.", session, owner);
                break;
        }
    }

    /// <summary>Nobody has heard anything else of what is left, and who is there is there.</summary>
    private static async Task DeleteAsync(MemoryHost memory, string session, string turn, bool following)
    {
        var (before, scene) = (await HeardAsync(), (await memory.Client.GetSceneAsync(session)).Value!);
        Assert.True((await memory.Client.DeleteTurnAsync(session, turn, following)).IsSuccess);
        Assert.All(await HeardAsync(), left => Assert.Equal(before[left.Key], left.Value));
        Assert.Equal(scene.Present, (await memory.Client.GetSceneAsync(session)).Value!.Present);

        async Task<Dictionary<string, string?>> HeardAsync()
        {
            await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
            return await db.Turns.AsNoTracking().Where(row => row.SessionId == session).ToDictionaryAsync(row => row.Id, row => row.Heard);
        }
    }

    /// <summary>As the worker does it that asks a model.</summary>
    private static async Task ReadAsync(MemoryHost memory, string session, string turn, Random random)
    {
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        var owner = await db.Sessions.AsNoTracking().SingleAsync(row => row.Id == session);
        using var held = await memory.Services.GetRequiredService<ConversationLocks>().TakeAsync(db, owner.Subject, owner.CharacterId, TestContext.Current.CancellationToken);
        var log = new SessionLog(db, await db.Sessions.SingleAsync(row => row.Id == session), TimeProvider.System);
        await log.AppendAsync(TestContext.Current.CancellationToken, new FactsRead(turn, "reader", [new ReadFact(TurnFacts.Id(turn, 0), "lives_in", $"Town {random.Next(3)}", random.Next(4) == 0, 0, "")]));
        await log.SettleAsync(TestContext.Current.CancellationToken);
        await db.SaveChangesAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>
    /// By the log and the line alone: own turns, and of the others' those that were said while the character was there. Who was there is what was last said of it after the turn before, or, where
    /// nothing was, who was there for that one.
    /// </summary>
    private static async Task<IReadOnlyList<string>> PerceivedAsync(MemoryHost memory, string slug, Dictionary<string, string> sessions)
    {
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        var id = (await db.Characters.SingleAsync(row => row.Slug == slug)).Id;
        var perceived = new List<string>();
        foreach (var (owner, session) in sessions.OrderBy(pair => pair.Value, StringComparer.Ordinal))
        {
            var heard = Heard(await db.Events.AsNoTracking().Where(row => row.SessionId == session).OrderBy(row => row.Number).ToListAsync());
            var line = (await memory.Client.GetTreeAsync(session)).Value!.Turns.Where(turn => turn.Current).OrderBy(turn => turn.Depth);
            perceived.AddRange(line.Where(turn => owner == slug || heard[turn.Id].Contains(id)).Select(turn => turn.Id));
        }

        return perceived;
    }

    private static Dictionary<string, IReadOnlyList<string>> Heard(IReadOnlyList<EventRow> log)
    {
        var (scenes, heard) = (new Dictionary<string, IReadOnlyList<string>>(), new Dictionary<string, IReadOnlyList<string>>());
        foreach (var row in log)
        {
            if (SessionLog.Read(row) is SceneChanged { Present: { } present } scene)
                scenes[scene.Turn ?? ""] = present;
            else if (SessionLog.Read(row) is TurnSaid said)
                heard[said.Turn] = scenes.TryGetValue(said.Parent ?? "", out var there) ? there : said.Parent is null ? [] : heard[said.Parent];
        }

        return heard;
    }
}
