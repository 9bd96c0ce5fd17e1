using Comox.Memory.ShortTerm;
using Comox.Memory.Storage;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Ingestion;

/// <summary>A fact and who knows it: slugs of the character that was told, and of all that heard it, that one among them.</summary>
internal sealed record KnownFact(ToldFact Fact, string Character, IReadOnlyList<string> Witnesses);

/// <summary>What a person told, on the current lines of their sessions.</summary>
internal static class ToldFacts
{
    /// <param name="db">The database.</param>
    /// <param name="subject">The person.</param>
    /// <param name="characterId">Only what this character heard, in its own sessions or as a guest; null: all.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static async Task<List<KnownFact>> OfAsync(MemoryDb db, string subject, string? characterId, CancellationToken cancellation)
    {
        var facts = await db.Facts.AsNoTracking()
            .Where(fact => fact.Subject == subject && fact.Live
                && (characterId == null || fact.CharacterId == characterId || db.Witnesses.Any(row => row.SessionId == fact.SessionId && row.CharacterId == characterId)))
            .Join(db.Turns, fact => fact.TurnId, turn => turn.Id, (fact, turn) => new { fact, turn.Depth })
            .ToListAsync(cancellation);
        var visited = await db.Witnesses.AsNoTracking().Where(row => row.Subject == subject).Select(row => row.SessionId).Distinct().ToListAsync(cancellation);
        var presences = await Presence.OfAsync(db, visited, cancellation);
        var heard = facts
            .Select(told => (told.fact, told.Depth, Heard: (presences.GetValueOrDefault(told.fact.SessionId)?.At(told.Depth) ?? []).Append(told.fact.CharacterId).ToHashSet(StringComparer.Ordinal)))
            .Where(told => characterId is null || told.Heard.Contains(characterId))
            .ToList();
        var ids = heard.SelectMany(told => told.Heard).Distinct(StringComparer.Ordinal).ToList();
        var slugs = await db.Characters.Where(row => ids.Contains(row.Id)).ToDictionaryAsync(row => row.Id, row => row.Slug, StringComparer.Ordinal, cancellation);
        // A guest may have been deleted since; a fact's own character takes its facts along.
        return
        [
            .. heard.Where(told => slugs.ContainsKey(told.fact.CharacterId)).Select(told => new KnownFact(
                ToldFact.From(told.fact, told.Depth), slugs[told.fact.CharacterId], [.. told.Heard.Select(id => slugs.GetValueOrDefault(id)).OfType<string>().Order(StringComparer.Ordinal)])),
        ];
    }
}
