using Comox.Memory.Ingestion;
using Comox.Memory.Storage;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Graph;

/// <summary>An edge that was reached, with its fact. <c>Hops</c>: 1 touches a name that was asked for, 2 a neighbour of it, …</summary>
internal sealed record ReachedEdge(FactRow Fact, int Hops);

/// <summary>
/// What is held for true around names, over several hops, by the database: one recursive query on SQLite and PostgreSQL alike. It stays within what one person
/// told one character, because a name's node is made of both.
/// </summary>
internal static class GraphQuery
{
    public const int MaxHops = 6;

    private const int MostNodes = 500;

    // UNION and not UNION ALL: a node that was reached over the same number of hops is walked from once. The person stands in almost every fact: a walk
    // through them would reach everything, so they are an end, unless they were asked for.
    private const string Reach =
        """
        WITH RECURSIVE reach(id, hops) AS (
            SELECT id, 0 FROM entities WHERE subject = {0} AND character_id = {1} AND name IN (SELECT value FROM NAMES)
            UNION
            SELECT CASE WHEN edge.from_id = reach.id THEN edge.to_id ELSE edge.from_id END, reach.hops + 1
            FROM reach JOIN relations AS edge ON edge.from_id = reach.id OR edge.to_id = reach.id
            WHERE reach.hops < {3} AND (reach.hops = 0 OR reach.id <> {4})
        )
        SELECT id AS "Id", MIN(hops) AS "Hops" FROM reach GROUP BY id ORDER BY MIN(hops), id LIMIT 500
        """;

    /// <param name="db">The database.</param>
    /// <param name="subject">Whose memory.</param>
    /// <param name="characterId">Who was told.</param>
    /// <param name="names">Names in any form of writing; the empty one is the person.</param>
    /// <param name="hops">1 to <see cref="MaxHops"/>.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The edges, the nearest first, then by id.</returns>
    public static async Task<IReadOnlyList<ReachedEdge>> AroundAsync(
        MemoryDb db, string subject, string characterId, IReadOnlyCollection<string> names, int hops, CancellationToken cancellation)
    {
        var normal = System.Text.Json.JsonSerializer.Serialize(names.Select(PlainName.Of).Distinct(StringComparer.Ordinal));
        var person = FactGraph.NodeId(subject, characterId, "");
        var list = db is SqliteMemoryDb ? "json_each({2})" : "jsonb_array_elements_text(CAST({2} AS jsonb)) AS names(value)";
        var reached = await db.Database.SqlQueryRaw<ReachedNode>(Reach.Replace("NAMES", list, StringComparison.Ordinal), subject, characterId, normal, hops - 1, person)
            .ToDictionaryAsync(node => node.Id, node => node.Hops, StringComparer.Ordinal, cancellation);
        if (reached.Count == 0)
            return [];

        // An edge belongs to its nearer end; the person is nobody's neighbour, unless asked for.
        var ids = reached.Where(node => node.Key != person || node.Value == 0).Select(node => node.Key).ToList();
        var edges = await db.Relations.AsNoTracking().Where(edge => ids.Contains(edge.FromId) || ids.Contains(edge.ToId))
            .Join(db.Facts.AsNoTracking(), edge => edge.FactId, fact => fact.Id, (edge, fact) => new { edge, fact }).ToListAsync(cancellation);
        return
        [
            .. edges.Select(found => new ReachedEdge(found.fact, 1 + Math.Min(HopsOf(found.edge.FromId), HopsOf(found.edge.ToId))))
                .OrderBy(edge => edge.Hops).ThenByDescending(edge => edge.Fact.SaidAt).ThenBy(edge => edge.Fact.Id, StringComparer.Ordinal)
                .Take(MostNodes),
        ];

        int HopsOf(string id) => ids.Contains(id) ? reached[id] : int.MaxValue - 1;
    }

    private sealed record ReachedNode(string Id, int Hops);
}
