using System.Security.Cryptography;
using System.Text;
using Comox.Memory.Storage;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Ingestion;

/// <summary>
/// The graph of what is held for true: an edge for each held fact, from whom it is about to what it names, and a node for each end that has an edge. It is a
/// function of the held facts; a node without edges goes.
/// </summary>
internal sealed class FactGraph(MemoryDb db, SessionRow session)
{
    private readonly HashSet<string> _loosened = new(StringComparer.Ordinal);

    public async Task SetAsync(FactRow fact, bool held, CancellationToken cancellation)
    {
        var edge = await db.Relations.FindAsync([fact.Id], cancellation);
        // The edge of an earlier reading of the same turn, on its way out.
        if (edge is not null && db.Entry(edge) is { State: EntityState.Deleted } leaving)
        {
            if (!held)
                return;
            leaving.State = EntityState.Modified;
        }

        if (!held)
        {
            if (edge is not null)
                Remove(edge);
            return;
        }

        var (from, to) = (await NodeAsync(fact.About, cancellation), await NodeAsync(fact.Object, cancellation));
        if (edge is null)
        {
            db.Add(new RelationRow { FactId = fact.Id, FromId = from, ToId = to, Relation = fact.Relation });
            return;
        }

        _loosened.UnionWith([edge.FromId, edge.ToId]);
        (edge.FromId, edge.ToId, edge.Relation) = (from, to, fact.Relation);
    }

    public async Task DropAsync(FactRow fact, CancellationToken cancellation)
    {
        if (await db.Relations.FindAsync([fact.Id], cancellation) is { } edge)
            Remove(edge);
    }

    public async Task SettleAsync(CancellationToken cancellation)
    {
        if (_loosened.Count == 0)
            return;
        var ids = _loosened.ToList();
        var edges = await Tracked.Async(db.Relations, edge => ids.Contains(edge.FromId) || ids.Contains(edge.ToId), cancellation);
        foreach (var id in ids.Except(edges.SelectMany(edge => new[] { edge.FromId, edge.ToId }), StringComparer.Ordinal))
        {
            if (await db.Entities.FindAsync([id], cancellation) is { } node)
                db.Remove(node);
        }

        _loosened.Clear();
    }

    /// <summary>The id of a name's node: it is made of whose memory it is in, so that two stories' Annas are two.</summary>
    public static string NodeId(string subject, string characterId, string name) =>
        "ent_" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{subject}\n{characterId}\n{PlainName.Of(name)}")).AsSpan(0, 16));

    private async Task<string> NodeAsync(string name, CancellationToken cancellation)
    {
        var id = NodeId(session.Subject, session.CharacterId, name);
        var known = await db.Entities.FindAsync([id], cancellation);
        if (known is null)
            db.Add(new EntityRow { Id = id, Subject = session.Subject, CharacterId = session.CharacterId, Name = PlainName.Of(name) });
        else if (db.Entry(known) is { State: EntityState.Deleted } entry)
            entry.State = EntityState.Unchanged;
        return id;
    }

    private void Remove(RelationRow edge)
    {
        _loosened.UnionWith([edge.FromId, edge.ToId]);
        db.Remove(edge);
    }
}
