using System.Text.Json;
using Comox.Memory.Sessions;
using Comox.Memory.ShortTerm;
using Comox.Memory.Storage;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Memory.Tests;

/// <summary>A summary names its own turns and the summary it stands on; what a long conversation costs does not grow with what was summarised before.</summary>
public sealed class LongSummaryTests
{
    private const int Turns = 2_000;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task In_a_session_of_2000_turns_no_summary_is_larger_than_the_first_and_an_early_turn_takes_all_above_it_along()
    {
        var told = 0;
        await using var gateway = await StrictGateway.StartAsync(_ => $"Zarzuela number {Interlocked.Increment(ref told):D4}.");
        await using var memory = await MemoryHost.StartAsync(settings: gateway.Settings(("Summarize", "scribe")));
        var session = (await memory.AskAsync([.. Enumerable.Range(0, Turns).Select(at => new ChatMessage(at % 2 == 0 ? "user" : "assistant", $"Words of number {at}.")), new ChatMessage("user", "Hello?")], whole: true)).Value!.Session;
        await memory.SettledAsync("summarize");

        await using var db = Open(memory);
        var line = await db.Turns.AsNoTracking().Where(turn => turn.SessionId == session && turn.Current).OrderBy(turn => turn.Depth).Select(turn => turn.Id).ToListAsync(Cancellation);
        var rows = await db.Summaries.AsNoTracking().OrderBy(row => row.Number).ToListAsync(Cancellation);
        Assert.True(rows.Count > 100, $"{rows.Count} summaries.");
        var bodies = await db.Events.Where(row => row.Body.Contains("summary.made")).OrderBy(row => row.Number).Select(row => row.Body).ToListAsync(Cancellation);
        // The second is the first that names another.
        Assert.All(bodies, body => Assert.InRange(body.Length, 1, bodies[1].Length + 10));
        Assert.Equal(line.Take(rows[^1].Depth), SourcesOf(rows, rows[^1].Id));

        // What a prompt reads is bounded by its window, and not by what was summarised.
        var shown = await memory.SayAsync("Go on then.", session, profile: PromptProfile.Standard with { HistoryTurns = 40 });
        Assert.Contains("Zarzuela number 0123.", shown.Messages[0].Content);
        var path = await db.Turns.AsNoTracking().Where(turn => turn.SessionId == session && turn.Current && turn.Depth > 1000).OrderBy(turn => turn.Depth).ToListAsync(Cancellation);
        Assert.InRange((await Summaries.ForWindowAsync(db, session, path, path[^1].Depth - 40, Cancellation)).Count, 1, 3);
        Assert.Equal(rows[^1].Id, Assert.Single(await Summaries.ForWindowAsync(db, session, path, path[^1].Depth, Cancellation)).Id);
        Assert.Equal(rows[^1].Id, Assert.Single(await Summaries.ForWindowAsync(db, session, path[^10..], path[^1].Depth, Cancellation)).Id);

        gateway.Answer(_ => null);
        var deleted = (await memory.Client.DeleteTurnAsync(session, line[20], cancellation: Cancellation)).Value!;
        Assert.Equal(rows.Count - 1, deleted.Removed["summaries"]);
        Assert.Equal(rows[0].Id, Assert.Single(await db.Summaries.AsNoTracking().ToListAsync(Cancellation)).Id);
        Assert.Equal(1, await db.Events.CountAsync(row => row.Body.Contains("Zarzuela"), Cancellation));
        Assert.Empty((await memory.ReceiptAsync(shown)).Messages);
    }

    [Fact]
    public async Task Summaries_from_before_they_named_another_are_read_as_they_are_and_stood_upon()
    {
        await using var memory = await MemoryHost.StartAsync();
        var first = await memory.ExchangeAsync("Message 1.", "Reply 1.");
        for (var at = 2; at <= 4; at++)
            await memory.ExchangeAsync($"Message {at}.", $"Reply {at}.", first.Session);
        await memory.SettledAsync();
        await using var db = Open(memory);
        var line = await db.Turns.AsNoTracking().Where(turn => turn.Current).OrderBy(turn => turn.Depth).ToListAsync(Cancellation);
        // 1. The second as it was written then, with all of the first's turns in it; and a third as it is written now.
        await AppendAsync(
            db, first.Session, Old("sum_1", line[1], line[..2]), Old("sum_2", line[3], line[..4]),
            new SummaryMade("sum_3", line[5].Chain, 6, [line[4].Id, line[5].Id], "Third.", "scribe", "sum_2"));
        var built = await ProjectionDump.OfAsync(memory);
        Assert.True((await memory.Client.ReplaySessionAsync(first.Session)).IsSuccess);
        Assert.Equal(built, await ProjectionDump.OfAsync(memory));
        var rows = await db.Summaries.AsNoTracking().ToListAsync(Cancellation);
        Assert.Equal(line.Take(6).Select(turn => turn.Id), SourcesOf(rows, "sum_3"));

        // 2. A turn that the second alone names for itself takes the third along, and leaves the first.
        var deleted = (await memory.Client.DeleteTurnAsync(first.Session, line[2].Id, cancellation: Cancellation)).Value!;
        Assert.Equal(2, deleted.Removed["summaries"]);
        Assert.Equal("sum_1", Assert.Single(await db.Summaries.AsNoTracking().ToListAsync(Cancellation)).Id);
        var words = (await db.Events.AsNoTracking().ToListAsync(Cancellation)).Select(SessionLog.Read).OfType<SummaryMade>().Select(made => made.Content);
        Assert.Equal(["First or second.", "", ""], words);
    }

    private static MemoryDb Open(MemoryHost memory) => memory.Services.GetRequiredService<MemoryDbFactory>().Open();

    private static async Task AppendAsync(MemoryDb db, string session, params SessionEvent[] events)
    {
        var log = new SessionLog(db, await db.Sessions.FirstAsync(row => row.Id == session, Cancellation), TimeProvider.System);
        await log.AppendAsync(Cancellation, events);
        await db.SaveChangesAsync(Cancellation);
        db.ChangeTracker.Clear();
    }

    /// <summary>The very bytes of that time.</summary>
    private static SessionEvent Old(string id, TurnRow last, IReadOnlyList<TurnRow> sources) =>
        JsonSerializer.Deserialize(
            $$"""{"kind":"summary.made","id":"{{id}}","chain":"{{last.Chain}}","depth":{{last.Depth}},"sources":{{JsonSerializer.Serialize(sources.Select(turn => turn.Id))}},"content":"First or second.","model":"scribe"}""",
            SessionEventJson.Default.SessionEvent)!;

    /// <summary>All turns that a summary was made from, by walking down.</summary>
    private static IEnumerable<string> SourcesOf(IReadOnlyList<SummaryRow> rows, string? id) =>
        rows.FirstOrDefault(row => row.Id == id) is { } summary ? [.. SourcesOf(rows, summary.Previous), .. JsonSerializer.Deserialize<List<string>>(summary.Sources)!] : [];
}
