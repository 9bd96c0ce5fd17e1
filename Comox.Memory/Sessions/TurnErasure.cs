using System.Linq.Expressions;
using System.Text.Json;
using Comox.Memory.Storage;
using Comox.ServiceDefaults.Contracts.Memory;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Sessions;

/// <summary>
/// Takes turns away with everything made of them:
/// <list type="number">
/// <item>the log says so, and the projections follow: the tree closes over the gap, facts go, and what they had ended holds again;</item>
/// <item>the log keeps that something was there, and loses the words;</item>
/// <item>receipts that showed them, or a summary or name that came from them, lose their prompts, and what clients asked in the background, quoting the person's conversations, goes.</item>
/// </list>
/// </summary>
internal sealed class TurnErasure
{
    private const int FewSources = 8;
    private const int AtOnce = 100;
    private const string Note = "A turn that this prompt showed has been deleted; the prompt went with it.";

    /// <param name="db">The database.</param>
    /// <param name="log">The log of the session.</param>
    /// <param name="turns">Ids of the turns.</param>
    /// <param name="whole">The session's rows are deleted next, its log and its own receipts with them: no need to look into these.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task<DeletionReceipt> EraseAsync(MemoryDb db, SessionLog log, IReadOnlyList<string> turns, bool whole, CancellationToken cancellation)
    {
        var session = log.Session;
        var gone = turns.ToHashSet(StringComparer.Ordinal);
        var facts = await db.Facts.CountAsync(fact => turns.Contains(fact.TurnId), cancellation);
        var expired = await db.Facts.AsNoTracking()
            .Where(fact => fact.Subject == session.Subject && fact.CharacterId == session.CharacterId && fact.Live && fact.ExpiredBy != null)
            .Select(fact => fact.Id).ToListAsync(cancellation);

        // 1. The log and its projections.
        var summaries = SummarySources.MadeFrom(turns, await db.Summaries.AsNoTracking().Where(row => row.SessionId == session.Id)
            .Select(row => new SummarySources(row.Id, row.Number, row.Sources, row.Previous)).ToListAsync(cancellation));
        await log.AppendAsync(cancellation, new TurnsDeleted(turns));
        await log.SettleAsync(cancellation);

        // 2. The words in the log.
        var events = whole
            ? await db.Events.CountAsync(row => row.SessionId == session.Id && row.TurnId != null, cancellation)
            : await RedactAsync(db, session, gone, summaries, cancellation);

        // 3. Receipts: what one session remembers, any other of the person may have recalled, those of characters that were guests among them.
        await db.HoldReceiptsAsync(session.Subject, cancellation);
        await DeleteBackgroundAsync(db, session.Subject, cancellation);
        var receipts = await StripAsync(
            ReceiptsOf(db, owner => owner.Subject == session.Subject && !(whole && owner.Id == session.Id)), [.. turns, .. summaries], cancellation);
        if (whole)
            receipts += await db.Receipts.CountAsync(row => row.SessionId == session.Id, cancellation);
        return new DeletionReceipt
        {
            Session = session.Id,
            Turns = turns,
            Removed = new SortedDictionary<string, int>(StringComparer.Ordinal)
            {
                ["events"] = events, ["facts"] = facts, ["receipts"] = receipts, ["summaries"] = summaries.Count, ["turns"] = turns.Count,
            },
            Restored = [.. expired.Where(id => db.Facts.Local.FindEntry(id)?.Entity is { Live: true, ExpiredBy: null }).Order(StringComparer.Ordinal)],
        };
    }

    /// <summary>
    /// What a person's other characters have shown, in their receipts, of the sessions of one that is about to be deleted: they were its guests. Within the
    /// caller's transaction.
    /// </summary>
    public static async Task StripGuestsAsync(MemoryDb db, string subject, string characterId, CancellationToken cancellation)
    {
        await db.HoldReceiptsAsync(subject, cancellation);
        var sessions = await db.Sessions.Where(session => session.Subject == subject && session.CharacterId == characterId).Select(session => session.Id).ToListAsync(cancellation);
        await StripAsync(ReceiptsOf(db, owner => owner.Subject == subject && owner.CharacterId != characterId), sessions, cancellation);
        await db.SaveChangesAsync(cancellation);
    }

    /// <summary>
    /// What clients asked on their own account about the person's conversations, which they quote: nobody can tell which of them quotes what, and nobody needs their answers any more.
    /// Within the caller's transaction.
    /// </summary>
    public static Task<int> DeleteBackgroundAsync(MemoryDb db, string subject, CancellationToken cancellation)
    {
        var hidden = BackgroundCalls.SubjectFor(subject);
        return db.Sessions.Where(session => session.Subject == hidden).ExecuteDeleteAsync(cancellation);
    }

    /// <summary>The receipts of some sessions, and by these: a look through everybody's would hold up all who write meanwhile.</summary>
    internal static IQueryable<ReceiptRow> ReceiptsOf(MemoryDb db, Expression<Func<SessionRow, bool>> whose) =>
        db.Sessions.Where(whose).Join(db.Receipts, owner => owner.Id, row => row.SessionId, (owner, row) => row);

    private static async Task<int> RedactAsync(MemoryDb db, SessionRow session, HashSet<string> turns, IReadOnlySet<string> summaries, CancellationToken cancellation)
    {
        var events = 0;
        foreach (var row in await db.Events.Where(row => row.SessionId == session.Id && (row.TurnId == null ? row.Body.Contains("summary.made") : turns.Contains(row.TurnId))).ToListAsync(cancellation))
        {
            var entry = SessionLog.Read(row);
            if (row.TurnId is null && !(entry is SummaryMade made && summaries.Contains(made.Id)))
                continue;
            var redacted = SessionLog.Write(entry.Redacted());
            if (redacted == row.Body)
                continue;
            row.Body = redacted;
            events++;
        }

        return events;
    }

    private static async Task<int> StripAsync(IQueryable<ReceiptRow> among, IReadOnlyList<string> sources, CancellationToken cancellation)
    {
        var receipts = 0;
        foreach (var some in (await ReceiptsWithAsync(among.AsNoTracking(), sources, cancellation)).Chunk(AtOnce))
        {
            foreach (var row in await among.Where(row => some.Contains(row.Id)).ToListAsync(cancellation))
            {
                var receipt = JsonSerializer.Deserialize(row.Json, MemoryJson.Default.Receipt)!;
                row.Json = JsonSerializer.Serialize(
                    receipt with
                    {
                        Messages = [],
                        // Their lines call the person by name, and the name may be what was deleted.
                        Recalled = [],
                        Notes = [.. receipt.Notes.Except([Note]), Note],
                    },
                    MemoryJson.Default.Receipt);
                row.Turns = string.Concat(row.Turns.Split(' ', StringSplitOptions.RemoveEmptyEntries).Except(sources, StringComparer.Ordinal).Select(id => id + " "));
                receipts++;
            }
        }

        return receipts;
    }

    private static async Task<IReadOnlyList<string>> ReceiptsWithAsync(IQueryable<ReceiptRow> receipts, IReadOnlyList<string> sources, CancellationToken cancellation)
    {
        var found = new List<string>();
        if (sources.Count <= FewSources)
        {
            foreach (var source in sources)
                found.AddRange(await receipts.Where(row => row.Turns.Contains(source)).Select(row => row.Id).ToListAsync(cancellation));
            return [.. found.Distinct(StringComparer.Ordinal)];
        }

        // Each look is a pass through all receipts of the person; of many, one pass that reads the lists.
        var wanted = sources.ToHashSet(StringComparer.Ordinal);
        await foreach (var row in receipts.Select(row => new { row.Id, row.Turns }).AsAsyncEnumerable().WithCancellation(cancellation))
        {
            if (row.Turns.Split(' ', StringSplitOptions.RemoveEmptyEntries).Any(wanted.Contains))
                found.Add(row.Id);
        }

        return found;
    }
}
