using System.Diagnostics;
using Comox.Memory.Ingestion;
using Comox.Memory.Sessions;
using Comox.Memory.Storage;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Memory.Tests;

/// <summary>Ten times the log takes about ten times as long to replay, and ten times the transcript to import.</summary>
public sealed class ReplayScaleTests
{
    // Ten times as much, and as much again for a machine that is busy with other things; what grows with the square takes a hundred times.
    private const int AtMost = 25;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_replay_takes_time_by_the_length_of_the_log()
    {
        await using var memory = await MemoryHost.StartAsync(settings: new() { ["Comox:Memory:Drift:Enabled"] = "false" });
        await ReplayAsync(memory, 400);
        var (small, large) = (await ReplayAsync(memory, 2_000), await ReplayAsync(memory, 20_000));
        TestContext.Current.SendDiagnosticMessage($"Replay: {small.TotalMilliseconds:F0} ms for 2,000 events, {large.TotalMilliseconds:F0} ms for 20,000");
        Assert.True(large < small * AtMost, $"{large.TotalMilliseconds:F0} ms for 20,000 events, {small.TotalMilliseconds:F0} ms for 2,000.");
    }

    [Fact]
    public async Task An_import_takes_time_by_the_length_of_the_transcript()
    {
        await using var memory = await MemoryHost.StartAsync(settings: new() { ["Comox:Memory:Drift:Enabled"] = "false" });
        await ImportAsync(memory, 100);
        var (small, large) = (await ImportAsync(memory, 400), await ImportAsync(memory, 4_000));
        TestContext.Current.SendDiagnosticMessage($"Import: {small.TotalMilliseconds:F0} ms for 400 turns, {large.TotalMilliseconds:F0} ms for 4,000");
        Assert.True(large < small * AtMost, $"{large.TotalMilliseconds:F0} ms for 4,000 turns, {small.TotalMilliseconds:F0} ms for 400.");
    }

    private static async Task<TimeSpan> ReplayAsync(MemoryHost memory, int events)
    {
        var session = (await memory.Client.CreateSessionAsync(new NewSession("brine", $"person{events}"), Cancellation)).Value!.Id;
        var log = Log(session, events);
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        var start = Stopwatch.GetTimestamp();
        await SessionReplay.ProjectAsync(db, session, log, Cancellation);
        var took = Stopwatch.GetElapsedTime(start);
        var said = log.Select(SessionLog.Read).OfType<TurnSaid>().Count();
        Assert.Equal(said, await db.Turns.CountAsync(turn => turn.SessionId == session, Cancellation));
        Assert.Equal(said - log.Count(row => row.Body.Contains("Another.")), await db.Turns.CountAsync(turn => turn.SessionId == session && turn.Current, Cancellation));
        Assert.Equal(log.Count(row => row.Body.Contains("facts.read")), await db.Facts.CountAsync(fact => fact.SessionId == session && fact.Live, Cancellation));
        return took;
    }

    private static async Task<TimeSpan> ImportAsync(MemoryHost memory, int turns)
    {
        var start = Stopwatch.GetTimestamp();
        var transcript = Enumerable.Range(0, turns).Select(at => at % 2 == 0 ? new ChatMessage("user", $"I like thing{at}.") : new ChatMessage("assistant", $"Aye, {at}."));
        Assert.True((await memory.AskAsync([.. transcript, new("user", "Hello?")], subject: $"importer{turns}", whole: true)).IsSuccess);
        return Stopwatch.GetElapsedTime(start);
    }

    /// <summary>A person says something, a model finds something in it, the character replies and is scored; each tenth reply is a swipe.</summary>
    private static List<EventRow> Log(string session, int events)
    {
        var (log, last, at) = (new List<EventRow>(), (string?)null, DateTimeOffset.UnixEpoch);
        for (var exchange = 0; log.Count < events; exchange++)
        {
            var (user, reply) = ($"trn_{session[4..]}_{exchange:D6}u", $"trn_{session[4..]}_{exchange:D6}r");
            at = at.AddMinutes(1);
            Add(new TurnSaid(user, last, "user", $"I like thing{exchange}.", at));
            Add(new LineMoved(user));
            Add(new FactsRead(user, "rules/2", [new ReadFact(TurnFacts.Id(user, 0), "likes", $"thing{exchange}", false, 0, "I like", exchange % 10 == 0 ? $"Friend{exchange}" : null)]));
            if (exchange % 10 == 5)
            {
                Add(new TurnSaid(reply + "x", user, "assistant", "Another.", at));
                Add(new LineMoved(reply + "x"));
            }

            Add(new TurnSaid(reply, user, "assistant", "Aye.", at));
            Add(new LineMoved(reply));
            Add(new ReplyScored(reply, 1, "{}"));
            last = reply;
        }

        return log;

        void Add(SessionEvent entry) => log.Add(new EventRow { SessionId = session, Number = log.Count + 1, TurnId = entry.Of(), Body = SessionLog.Write(entry), At = at });
    }
}
