using Comox.Memory.Sessions;
using Comox.Memory.Storage;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Ingestion;

/// <summary>
/// The facts of a session as rows, and what they mean for each other: which is still held for true, since when not, and because of which other. That is
/// computed anew, from what was said, for every group of relations in which something changed; nothing is remembered of how it was before.
/// </summary>
internal sealed class FactProjector(MemoryDb db, SessionRow session)
{
    private readonly HashSet<(string About, string Group)> _changed = [];
    private readonly Dictionary<string, FactRow> _dropped = new(StringComparer.Ordinal);
    private readonly FactGraph _graph = new(db, session);

    /// <summary>A reading takes the place of the earlier ones of its turn.</summary>
    public async Task ReadAsync(TurnRow turn, FactsRead read, CancellationToken cancellation)
    {
        var known = (await Tracked.FactsOfAsync(db, [turn.Id], cancellation)).ToDictionary(fact => fact.Id, StringComparer.Ordinal);
        foreach (var fact in read.Facts)
        {
            if (known.Remove(fact.Id, out var row))
            {
                Change(row);
            }
            else if (_dropped.Remove(fact.Id, out row) && db.Entry(row) is { State: EntityState.Deleted } leaving)
            {
                // The same place in words that were edited: it stays a row, because a row that goes takes its edge in the graph along.
                leaving.State = EntityState.Modified;
                row.Live = turn.Current;
            }
            else
            {
                row = new FactRow
                {
                    Id = fact.Id, TurnId = turn.Id, SessionId = session.Id, CharacterId = session.CharacterId, Subject = session.Subject,
                    About = "", Relation = "", Object = "", Retracts = false, QuoteStart = 0, Quote = "", SaidAt = turn.CreatedAt, TurnNumber = turn.Number,
                    Reader = "", Epistemic = "", Live = turn.Current, ValidFrom = turn.CreatedAt,
                };
                db.Add(row);
            }

            (row.About, row.Relation, row.Object, row.Retracts) = (fact.About ?? "", fact.Relation, fact.Object, fact.Retracts);
            (row.QuoteStart, row.Quote, row.Reader, row.Epistemic) = (fact.Start, fact.Quote, read.Reader, fact.Epistemic);
            (row.ValidFrom, row.ToldUntil) = (fact.ValidFrom ?? row.SaidAt, fact.ValidTo);
            Change(row);
        }

        foreach (var gone in known.Values)
            await DropAsync(gone, cancellation);
    }

    public async Task ForgetAsync(string id, CancellationToken cancellation)
    {
        if (await db.Facts.FindAsync([id], cancellation) is { } fact && fact.SessionId == session.Id)
            await DropAsync(fact, cancellation);
    }

    public async Task DropAsync(IReadOnlyList<string> turns, CancellationToken cancellation)
    {
        foreach (var fact in await Tracked.FactsOfAsync(db, turns, cancellation))
            await DropAsync(fact, cancellation);
    }

    /// <summary>These turns have joined (true) or left (false) the line.</summary>
    public async Task SetLiveAsync(IReadOnlyDictionary<string, bool> turned, CancellationToken cancellation)
    {
        foreach (var fact in await Tracked.FactsOfAsync(db, turned.Keys, cancellation))
        {
            if (fact.Live == turned[fact.TurnId])
                continue;
            fact.Live = !fact.Live;
            Change(fact);
        }
    }

    public async Task SettleAsync(CancellationToken cancellation)
    {
        // A database does not compare names as we do: it gives what is about anyone, or what is about the person. Once for all groups, which may be many.
        var changed = _changed.OrderBy(changed => changed, Comparer<(string About, string Group)>.Default).ToList();
        var relations = changed.SelectMany(key => FactFold.RelationsOf(key.Group)).Distinct(StringComparer.Ordinal).ToList();
        var (person, others) = (changed.Exists(key => key.About.Length == 0), changed.Exists(key => key.About.Length > 0));
        var groups = changed.Count == 0 ? null : (await Tracked.Async(
            db.Facts,
            fact => fact.Subject == session.Subject && fact.CharacterId == session.CharacterId && ((person && fact.About == "") || (others && fact.About != "")) && relations.Contains(fact.Relation),
            cancellation)).Where(fact => fact.About.Length == 0 || PlainName.Of(fact.About).Length > 0).ToLookup(fact => (PlainName.Of(fact.About), FactFold.GroupOf(fact.Relation)));
        foreach (var key in changed)
        {
            var told = groups![key].ToList();
            var states = FactFold.Fold(told.Where(fact => fact.Live).Select(fact => ToldFact.From(fact)));
            foreach (var fact in told)
            {
                var state = states.GetValueOrDefault(fact.Id);
                (fact.ExpiredAt, fact.ExpiredBy, fact.ValidTo) = (state?.ExpiredAt, state?.ExpiredBy, state?.ValidTo ?? fact.ToldUntil);
                await _graph.SetAsync(fact, held: fact is { Live: true, Retracts: false, ExpiredBy: null, ToldUntil: null }, cancellation);
            }
        }

        _changed.Clear();
        await _graph.SettleAsync(cancellation);
    }

    /// <summary>Has everything that the session's facts touch computed anew.</summary>
    public async Task TouchAsync(CancellationToken cancellation)
    {
        foreach (var fact in await db.Facts.AsNoTracking().Where(fact => fact.SessionId == session.Id).ToListAsync(cancellation))
            Change(fact);
    }

    private void Change(FactRow fact) => _changed.Add((PlainName.Of(fact.About), FactFold.GroupOf(fact.Relation)));

    private async Task DropAsync(FactRow fact, CancellationToken cancellation)
    {
        Change(fact);
        await _graph.DropAsync(fact, cancellation);
        db.Remove(fact);
        _dropped[fact.Id] = fact;
    }
}
