using System.Text;
using Comox.Memory.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Memory.Tests;

/// <summary>Everything that is derived from the logs, as text: what two states that should be the same are compared by.</summary>
internal static class ProjectionDump
{
    public static async Task<string> OfAsync(MemoryHost memory)
    {
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        var text = new StringBuilder();
        foreach (var row in await db.Sessions.AsNoTracking().OrderBy(row => row.Id).ToListAsync())
            text.AppendLine($"session {row.Id} head={row.HeadId} count={row.TurnCount} title={row.Title}@{row.TitleDepth}");
        foreach (var row in (await db.Turns.AsNoTracking().ToListAsync()).OrderBy(row => row.Id, StringComparer.Ordinal))
            text.AppendLine($"turn {row.Id} #{row.Number} parent={row.ParentId} depth={row.Depth} current={row.Current} {row.Role} read={row.Extracted} {row.FinishReason} {row.Model} {row.CreatedAt:O} {row.Chain[..12]} heard={row.Heard} {row.Content}");
        foreach (var row in (await db.Facts.AsNoTracking().ToListAsync()).OrderBy(row => row.Id, StringComparer.Ordinal))
        {
            text.AppendLine(
                $"fact {row.Id} turn={row.TurnId} live={row.Live} {row.About}|{row.Relation}|{row.Object}|{row.Retracts} '{row.Quote}'@{row.QuoteStart} said={row.SaidAt:O} {row.Reader} {row.Epistemic} " +
                $"valid={row.ValidFrom:O}..{row.ValidTo:O} expired={row.ExpiredAt:O} by={row.ExpiredBy}");
        }

        foreach (var row in (await db.Relations.AsNoTracking().ToListAsync()).OrderBy(row => row.FactId, StringComparer.Ordinal))
            text.AppendLine($"edge {row.FactId} {row.FromId} -{row.Relation}-> {row.ToId}");
        foreach (var row in (await db.Entities.AsNoTracking().ToListAsync()).OrderBy(row => row.Id, StringComparer.Ordinal))
            text.AppendLine($"node {row.Id} {row.Name}");
        foreach (var row in (await db.Summaries.AsNoTracking().ToListAsync()).OrderBy(row => row.Id, StringComparer.Ordinal))
            text.AppendLine($"summary {row.Id} {row.Depth} {row.Chain} {row.Sources} on={row.Previous} {row.Content}");
        foreach (var row in (await db.Scenes.AsNoTracking().ToListAsync()).OrderBy(row => row.SessionId, StringComparer.Ordinal).ThenBy(row => row.Number))
            text.AppendLine($"scene {row.SessionId} #{row.Number} {row.TurnId} {row.Place} {row.Time} {row.Present}");
        foreach (var row in (await db.Witnesses.AsNoTracking().ToListAsync()).OrderBy(row => row.SessionId, StringComparer.Ordinal).ThenBy(row => row.CharacterId, StringComparer.Ordinal))
            text.AppendLine($"witness {row.SessionId} {row.CharacterId} {row.Subject}");
        foreach (var row in (await db.ReplyScores.AsNoTracking().ToListAsync()).OrderBy(row => row.TurnId, StringComparer.Ordinal))
            text.AppendLine($"score {row.TurnId} {row.Total} {row.Score}");
        return text.ToString();
    }
}
