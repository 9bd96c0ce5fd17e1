using System.Text.Json;
using Comox.Memory.Sessions;
using Comox.Memory.ShortTerm;
using Comox.Memory.Storage;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Memory.Tests;

public sealed class SqliteRollbackTests : RollbackPropertyTests
{
    private protected override Task<MemoryHost> StartAsync() => MemoryHost.StartAsync();
}

public sealed class PostgresRollbackTests : RollbackPropertyTests
{
    private protected override async Task<MemoryHost> StartAsync() => await MemoryHost.StartAsync(database: await TestDatabase.CreateAsync());
}

/// <summary>
/// project(log minus m) = state after deleting m: random lives of two conversations of the same two, over the real module; then a random turn is deleted.
/// What is left must be, to the letter, what the log without that turn makes.
/// </summary>
public abstract class RollbackPropertyTests
{
    private static readonly string[] Said =
    [
        "I live in Porto.", "I live in Lyon.", "I moved to Ljubljana.", "I no longer live in Lyon.", "I like tea.", "I hate tea.", "I no longer like tea.", "I drink coffee.",
        "I don't drink coffee.", "My sister is called Ottilie.", "My sister is called Ana.", "I have a cat called Miso.", "I no longer have a cat.", "My favourite colour is teal.",
        "I work as a baker.", "I quit my job.", "Hello there!", "What do you think?", "My name is Mara. I live in Graz and I love olives.",
    ];

    private protected abstract Task<MemoryHost> StartAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public async Task What_is_left_after_a_deletion_is_what_the_log_without_the_turn_makes(int seed)
    {
        await using var memory = await StartAsync();
        var random = new Random(seed);
        var life = new Life(memory, random);
        for (var step = 0; step < 40; step++)
            await life.StepAsync();

        // 1. The log makes what the chat has built.
        await memory.SettledAsync();
        var sessions = life.Sessions;
        var built = await ProjectionDump.OfAsync(memory);
        foreach (var session in sessions)
            await ProjectAsync(memory, session, await LogAsync(memory, session));
        Assert.Equal(built, await ProjectionDump.OfAsync(memory));

        // 2. Delete, and project the log without the turn. In both the session's other half is as it was.
        for (var deletion = 0; deletion < 3; deletion++)
        {
            var session = sessions[random.Next(sessions.Count)];
            var tree = (await memory.Client.GetTreeAsync(session)).Value!.Turns;
            if (tree.Count == 0)
                continue;
            var turn = tree[random.Next(tree.Count)].Id;
            await memory.SettledAsync();
            var log = await LogAsync(memory, session);
            var deleted = await memory.Client.DeleteTurnAsync(session, turn);
            Assert.True(deleted.IsSuccess, deleted.Error?.Message);
            await memory.SettledAsync();
            var after = await ProjectionDump.OfAsync(memory);
            Assert.DoesNotContain($"turn {turn} ", after);

            // Who is there at the line's end is said anew where the end went.
            var said = (await LogAsync(memory, session)).Skip(log.Count).Where(row => SessionLog.Read(row) is SceneChanged);
            await ProjectAsync(memory, session, [.. LogWithout(log, turn), .. said]);
            Assert.Equal(after, await ProjectionDump.OfAsync(memory));

            // 3. The log with its wordless rest of the turn, and its deletion, makes the same.
            await ProjectAsync(memory, session, await LogAsync(memory, session));
            Assert.Equal(after, await ProjectionDump.OfAsync(memory));
        }
    }

    private static async Task<List<EventRow>> LogAsync(MemoryHost memory, string session)
    {
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        return await db.Events.AsNoTracking().Where(row => row.SessionId == session).OrderBy(row => row.Number).ToListAsync();
    }

    private static async Task ProjectAsync(MemoryHost memory, string session, IReadOnlyList<EventRow> log)
    {
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        await SessionReplay.ProjectAsync(db, session, log, TestContext.Current.CancellationToken);
    }

    /// <summary>The log as it would be had the turn never been said: nothing of it, nothing from it, and its followers after what was before it.</summary>
    private static List<EventRow> LogWithout(IReadOnlyList<EventRow> log, string gone)
    {
        var parents = new Dictionary<string, string?>();
        var kept = new List<EventRow>();
        foreach (var row in log)
        {
            string? Kept(string? turn) => turn == gone ? parents[gone] : turn;
            switch (SessionLog.Read(row))
            {
                case TurnSaid said when said.Turn == gone:
                    parents[gone] = said.Parent;
                    continue;
                case TurnMoved moved when moved.Turn == gone:
                    var children = parents.Where(pair => pair.Value == gone).Select(pair => pair.Key).ToList();
                    parents[gone] = moved.Parent;
                    foreach (var child in children)
                        Keep(new TurnMoved(child, moved.Parent));
                    continue;
                case TurnSaid said:
                    parents[said.Turn] = said.Parent;
                    Keep(said with { Parent = Kept(said.Parent) });
                    continue;
                case TurnMoved moved:
                    parents[moved.Turn] = moved.Parent;
                    Keep(moved with { Parent = Kept(moved.Parent) });
                    continue;
                case LineMoved moved:
                    Keep(moved with { Head = Kept(moved.Head) });
                    continue;
                case TurnsDeleted deleted:
                    if (parents.GetValueOrDefault(gone) is { } above && deleted.Turns.Contains(above))
                        parents[gone] = Above(deleted.Turns, above);
                    foreach (var child in parents.Keys.Except([gone]).ToList())
                        parents[child] = Above(deleted.Turns, parents[child]);
                    Keep(deleted);
                    continue;
                case var entry when entry.Of() == gone:
                    continue;
                case SummaryMade made when made.Sources.Contains(gone):
                    continue;
                case var entry:
                    Keep(entry);
                    continue;
            }

            void Keep(SessionEvent entry) =>
                kept.Add(new EventRow { SessionId = row.SessionId, Number = row.Number, TurnId = entry.Of(), Body = SessionLog.Write(entry), At = row.At });

            string? Above(IReadOnlyList<string> deleted, string? turn)
            {
                while (turn is not null && deleted.Contains(turn))
                    turn = parents[turn];
                return turn;
            }
        }

        return kept;
    }

    /// <summary>A client that talks, swipes, branches, edits, deletes, has guests and loses replies.</summary>
    private sealed class Life(MemoryHost memory, Random random)
    {
        private readonly List<SuperPromptResponse> _late = [];

        public List<string> Sessions { get; } = [];

        public async Task StepAsync()
        {
            var session = Sessions.Count < 2 ? null : Sessions[random.Next(2)];
            var turns = session is null ? [] : (await memory.Client.GetTreeAsync(session)).Value!.Turns;
            switch (session is null || turns.Count == 0 ? 0 : random.Next(12))
            {
                case <= 3:
                    await SayAsync(session, [new("user", Text())]);
                    break;
                case 4 when turns.Where(turn => turn.Current).ToList() is { Count: > 1 } line:
                    // A swipe, or a branch with another message.
                    var cut = random.Next(line.Count);
                    while (cut >= 0 && line[cut].Role != "user")
                        cut--;
                    if (cut <= 0)
                        break;
                    var view = line.Take(cut + 1).Select(turn => new ChatMessage(turn.Role, turn.Content)).ToList();
                    if (random.Next(2) == 0)
                        view[^1] = new ChatMessage("user", Text());
                    await SayAsync(session, view);
                    break;
                case 5:
                    await memory.Client.EditTurnAsync(session!, Any(turns), Text());
                    break;
                case 6:
                    Assert.True((await memory.Client.MoveHeadAsync(session!, new HeadChoice(Any(turns), random.Next(2) == 0))).IsSuccess);
                    break;
                case 7 when _late.Count > 0:
                    var owed = _late[random.Next(_late.Count)];
                    _late.Remove(owed);
                    await memory.Client.RecordReplyAsync(owed.Session, owed.ReplyTurn, Reply(owed));
                    break;
                case 9 when random.Next(2) == 0:
                    await memory.Client.ChangeSceneAsync(session!, random.Next(4) == 0
                        ? new SceneChange(Place: "The harbour") : new SceneChange(Time: random.Next(2) == 0 ? "dusk" : null, Present: [.. new[] { "pim", "clementine" }.Where(_ => random.Next(2) == 0)]));
                    break;
                case 8 when random.Next(3) == 0:
                    Assert.True((await memory.Client.DeleteTurnAsync(session!, Any(turns), random.Next(4) == 0)).IsSuccess);
                    break;
                case >= 9 and <= 10:
                    await SummariseAsync(session!);
                    break;
                default:
                    await ImportAsync(session!, turns);
                    break;
            }
        }

        private async Task SayAsync(string? session, IReadOnlyList<ChatMessage> messages)
        {
            var asked = await memory.AskAsync(messages, session);
            Assert.True(asked.IsSuccess, asked.Error?.Message);
            var answer = asked.Value;
            if (!Sessions.Contains(answer.Session))
                Sessions.Add(answer.Session);
            if (random.Next(3) == 0)
                _late.Add(answer);
            else
                await memory.ReplyAsync(answer, $"Aye {random.Next(3)}.");
        }

        /// <summary>A transcript with turns that were said elsewhere.</summary>
        private Task ImportAsync(string session, IReadOnlyList<TreeTurn> turns) =>
            SayAsync(session, [.. turns.Where(turn => turn.Current).Take(2).Select(turn => new ChatMessage(turn.Role, turn.Content)), new("assistant", $"Imported {random.Next(3)}."), new("user", Text()), new("assistant", "Imported too."), new("user", Text())]);

        /// <summary>What the worker writes; now and then as it did before a summary named the one it stands on.</summary>
        private async Task SummariseAsync(string session)
        {
            var cancellation = TestContext.Current.CancellationToken;
            await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
            var owner = await db.Sessions.AsNoTracking().FirstAsync(row => row.Id == session, cancellation);
            using var held = await memory.Services.GetRequiredService<ConversationLocks>().TakeAsync(db, owner.Subject, owner.CharacterId, cancellation);
            var before = await Summaries.OfLineAsync(db, session, cancellation);
            var turns = await db.Turns.AsNoTracking().Where(turn => turn.SessionId == session && turn.Current && turn.Depth > (before == null ? 0 : before.Depth))
                .OrderBy(turn => turn.Depth).Take(2).ToListAsync(cancellation);
            if (turns.Count == 0)
                return;
            var whole = before is null or { Previous: null } && random.Next(3) == 0;
            var sources = (whole && before is not null ? JsonSerializer.Deserialize<List<string>>(before.Sources)! : []).Concat(turns.Select(turn => turn.Id)).ToList();
            var log = new SessionLog(db, await db.Sessions.FirstAsync(row => row.Id == session, cancellation), TimeProvider.System);
            await log.AppendAsync(cancellation, new SummaryMade(Ids.New("sum", TimeProvider.System), turns[^1].Chain, turns[^1].Depth, sources, "So far.", "scribe", whole ? null : before?.Id), new TurnsRead(sources));
            await db.SaveChangesAsync(cancellation);
        }

        private RecordedReply Reply(SuperPromptResponse to) => new() { Content = random.Next(4) == 0 ? "" : "A late aye.", FinishReason = "stop", Model = "m", Receipt = to.Receipt };

        private string Text() => Said[random.Next(Said.Length)];

        private string Any(IReadOnlyList<TreeTurn> turns) => turns[random.Next(turns.Count)].Id;
    }
}
