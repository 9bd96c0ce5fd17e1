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
                Assert.True((await memory.Client.DeleteTurnAsync(session, any!, random.Next(4) == 0)).IsSuccess);
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
    /// By the log and the line alone: own turns, and of the others' those before which the last scene, of those that say it and hold on the line, has the character. A scene holds that was set
    /// before what follows it on the line was said; one of a deleted turn begins with the turn before.
    /// </summary>
    private static async Task<IReadOnlyList<string>> PerceivedAsync(MemoryHost memory, string slug, Dictionary<string, string> sessions)
    {
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        var id = (await db.Characters.SingleAsync(row => row.Slug == slug)).Id;
        var perceived = new List<string>();
        foreach (var (owner, session) in sessions.OrderBy(pair => pair.Value, StringComparer.Ordinal))
        {
            var line = (await memory.Client.GetTreeAsync(session)).Value!.Turns.Where(turn => turn.Current).OrderBy(turn => turn.Depth).ToList();
            var (scenes, numbers) = Read(await db.Events.AsNoTracking().Where(row => row.SessionId == session).OrderBy(row => row.Number).ToListAsync());
            bool Holds((int Number, string? Turn, IReadOnlyList<string> Present) scene, out int after)
            {
                after = scene.Turn is null ? 0 : line.FindIndex(turn => turn.Id == scene.Turn) + 1;
                return (scene.Turn is null || after > 0) && (after == line.Count || numbers[line[after].Id] > scene.Number);
            }

            perceived.AddRange(line
                .Where((turn, at) => owner == slug || scenes.LastOrDefault(scene => Holds(scene, out var after) && after <= at).Present?.Contains(id) == true)
                .Select(turn => turn.Id));
        }

        return perceived;
    }

    /// <summary>The scenes that say who is there, each with the turn that it begins with by now; and the number of each turn that was ever said.</summary>
    private static (List<(int Number, string? Turn, IReadOnlyList<string> Present)> Scenes, Dictionary<string, int> Numbers) Read(IReadOnlyList<EventRow> log)
    {
        var scenes = new List<(int Number, string? Turn, IReadOnlyList<string> Present)>();
        var (parents, numbers) = (new Dictionary<string, string?>(), new Dictionary<string, int>());
        foreach (var row in log)
        {
            switch (SessionLog.Read(row))
            {
                case TurnSaid said:
                    (parents[said.Turn], numbers[said.Turn]) = (said.Parent, row.Number);
                    break;
                case TurnMoved moved:
                    parents[moved.Turn] = moved.Parent;
                    break;
                case SceneChanged { Present: { } present } scene:
                    scenes.Add((row.Number, scene.Turn, present));
                    break;
                case TurnsDeleted deleted:
                    string? Kept(string? turn)
                    {
                        while (turn is not null && deleted.Turns.Contains(turn))
                            turn = parents[turn];
                        return turn;
                    }

                    scenes = [.. scenes.Select(scene => scene with { Turn = Kept(scene.Turn) })];
                    foreach (var turn in parents.Keys.Except(deleted.Turns).ToList())
                        parents[turn] = Kept(parents[turn]);
                    break;
            }
        }

        return (scenes, numbers);
    }
}
