using Comox.Memory.Storage;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Sessions;

/// <summary>Where in the tree of which session what a client sent belongs.</summary>
/// <param name="Session">The session; null asks for a new one.</param>
/// <param name="Parent">The turn after which the rest is appended; null: it starts a line.</param>
/// <param name="Imported">Turns between the parent and the new user turn that are not stored yet: an edit, or a conversation begun elsewhere.</param>
/// <param name="Known">The new user turn itself where it is stored already: it was sent again, for another reply or because none came.</param>
internal sealed record Placement(SessionRow? Session, TurnRow? Parent, IReadOnlyList<Utterance> Imported, TurnRow? Known)
{
    /// <summary>After a turn; the message may be there already, because it is sent again.</summary>
    /// <param name="db">The database.</param>
    /// <param name="session">The session.</param>
    /// <param name="parent">The turn.</param>
    /// <param name="imported">What comes between the two.</param>
    /// <param name="message">The person's new message.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static async Task<Placement> AtAsync(
        MemoryDb db, SessionRow session, TurnRow parent, IReadOnlyList<Utterance> imported, Utterance message, CancellationToken cancellation) =>
        new(session, parent, imported, imported.Count > 0 ? null : await ChildAsync(db, parent, message, cancellation));

    /// <summary>The turn after another that says this, if there is one.</summary>
    public static async Task<TurnRow?> ChildAsync(MemoryDb db, TurnRow parent, Utterance says, CancellationToken cancellation)
    {
        var chain = TurnChain.Next(parent.Chain, says);
        return TreeAlignment.Best(await db.Turns.Where(turn => turn.SessionId == parent.SessionId && turn.ParentId == parent.Id && turn.Chain == chain).ToListAsync(cancellation), says);
    }

    public static Placement NewSession(IReadOnlyList<Utterance> imported) => new(null, null, imported, null);
}

/// <summary>Finds, in a session's whole tree, the path that a transcript follows furthest.</summary>
internal static class TreeAlignment
{
    /// <param name="Last">The last stored turn that the transcript contains; null when it contains none.</param>
    /// <param name="Matched">How many turns of the transcript are stored, up to and with <paramref name="Last"/>.</param>
    public readonly record struct Alignment(TurnRow? Last, int Matched);

    /// <summary>
    /// The transcript may start anywhere in the tree, because clients drop the oldest messages when their window is full. The longest run wins, then one
    /// that ends on the current line, then the one further down.
    /// </summary>
    public static Alignment Find(IReadOnlyList<TurnRow> tree, IReadOnlyList<Utterance> transcript)
    {
        var children = tree.Where(turn => turn.ParentId is not null).ToLookup(turn => turn.ParentId!);
        var best = new Alignment(null, 0);
        foreach (var start in tree.Where(turn => transcript.Count > 0 && transcript[0].Says(turn.Role, turn.Content)))
        {
            var run = new Alignment(start, 1);
            while (run.Matched < transcript.Count && Best(children[run.Last!.Id], transcript[run.Matched]) is { } next)
                run = new Alignment(next, run.Matched + 1);
            if (IsBetter(run, best))
                best = run;
        }

        return best;
    }

    /// <summary>
    /// The same for a transcript whose first turns are stored nowhere, because the client put a summary in their place: the longest run below them.
    /// <c>Matched</c> counts the turns that were passed over.
    /// </summary>
    public static Alignment FindBelowHead(IReadOnlyList<TurnRow> tree, IReadOnlyList<Utterance> transcript)
    {
        var (best, longest) = (new Alignment(null, 0), 0);
        for (var dropped = 1; transcript.Count - dropped > longest; dropped++)
        {
            var run = Find(tree, [.. transcript.Skip(dropped)]);
            if (run.Matched > longest)
                (best, longest) = (new Alignment(run.Last, dropped + run.Matched), run.Matched);
        }

        return best;
    }

    /// <summary>The child that says this; several say the same only after a regenerate repeated itself.</summary>
    public static TurnRow? Best(IEnumerable<TurnRow> children, Utterance turn) =>
        children.Where(child => turn.Says(child.Role, child.Content))
            .OrderByDescending(child => child.Current)
            .ThenByDescending(child => child.CreatedAt)
            .ThenByDescending(child => child.Id, StringComparer.Ordinal)
            .FirstOrDefault();

    private static bool IsBetter(Alignment run, Alignment than)
    {
        if (run.Matched != than.Matched || than.Last is null)
            return run.Matched > than.Matched;
        if (run.Last!.Current != than.Last.Current)
            return run.Last.Current;
        return (run.Last.Depth, run.Last.CreatedAt, run.Last.Id).CompareTo((than.Last.Depth, than.Last.CreatedAt, than.Last.Id)) > 0;
    }
}
