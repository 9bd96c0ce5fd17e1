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
/// <item>receipts that showed them lose their prompts.</item>
/// </list>
/// </summary>
internal sealed class TurnErasure
{
    private const string Note = "A turn that this prompt showed has been deleted; the prompt went with it.";

    public async Task<DeletionReceipt> EraseAsync(MemoryDb db, SessionLog log, IReadOnlyList<string> turns, CancellationToken cancellation)
    {
        var session = log.Session;
        var gone = turns.ToHashSet(StringComparer.Ordinal);
        var facts = await db.Facts.CountAsync(fact => turns.Contains(fact.TurnId), cancellation);
        var expired = await db.Facts.AsNoTracking()
            .Where(fact => fact.Subject == session.Subject && fact.CharacterId == session.CharacterId && fact.Live && fact.ExpiredBy != null)
            .Select(fact => fact.Id).ToListAsync(cancellation);

        // 1. The log and its projections.
        var summaries = (await db.Summaries.AsNoTracking().Where(row => row.SessionId == session.Id).ToListAsync(cancellation))
            .Where(summary => SummarySources.Of(summary).Overlaps(gone)).Select(summary => summary.Id).ToHashSet(StringComparer.Ordinal);
        await log.AppendAsync(cancellation, new TurnsDeleted(turns));
        await log.SettleAsync(cancellation);

        // 2. The words in the log.
        var events = 0;
        foreach (var row in await db.Events.Where(row => row.SessionId == session.Id && ((row.TurnId != null && turns.Contains(row.TurnId)) || row.Body.Contains("summary.made"))).ToListAsync(cancellation))
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

        // 3. Receipts.
        var receipts = 0;
        foreach (var turn in turns)
        {
            foreach (var row in await ReceiptsWithAsync(db, session, turn, cancellation))
            {
                var receipt = JsonSerializer.Deserialize(row.Json, MemoryJson.Default.Receipt)!;
                row.Json = JsonSerializer.Serialize(
                    receipt with
                    {
                        Messages = [],
                        Recalled = [.. receipt.Recalled.Where(item => !gone.Contains(item.Source.Turn))],
                        Notes = [.. receipt.Notes.Except([Note]), Note],
                    },
                    MemoryJson.Default.Receipt);
                row.Turns = row.Turns.Replace(turn + " ", "", StringComparison.Ordinal);
                receipts++;
            }
        }

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

    // What one session remembers, another of the same two may have recalled.
    private static async Task<List<ReceiptRow>> ReceiptsWithAsync(MemoryDb db, SessionRow session, string turn, CancellationToken cancellation) =>
        await db.Receipts
            .Where(row => row.Turns.Contains(turn) && db.Sessions.Any(owner => owner.Id == row.SessionId && owner.Subject == session.Subject && owner.CharacterId == session.CharacterId))
            .ToListAsync(cancellation);
}
