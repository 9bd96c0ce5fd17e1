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
        return TreeAlignment.Best(await db.Turns.Where(turn => turn.ParentId == parent.Id && turn.Chain == chain).ToListAsync(cancellation), says);
    }

    public static Placement NewSession(IReadOnlyList<Utterance> imported) => new(null, null, imported, null);
}

/// <summary>Finds, in a session's whole tree, the path that a transcript follows furthest.</summary>
internal static class TreeAlignment
{
    // Of an edited chat all but one turn, or all but one in so many, is as it was.
    private const int EditedShare = 8;

    /// <param name="Last">The last stored turn that the transcript contains; null when it contains none.</param>
    /// <param name="Matched">How many turns of the transcript are stored, up to and with <paramref name="Last"/>.</param>
    public readonly record struct Alignment(TurnRow? Last, int Matched);

    /// <summary>
    /// The transcript may start anywhere in the tree, because clients drop the oldest messages when their window is full. The longest run wins, then one
    /// that ends on the current line, then the one further down.
    /// </summary>
    /// <param name="tree">The session's turns.</param>
    /// <param name="transcript">What the client sent.</param>
    /// <param name="from">The first turn of it that counts: a long transcript is looked for from many places, and not copied for each.</param>
    public static Alignment Find(Tree tree, IReadOnlyList<Utterance> transcript, int from = 0)
    {
        var best = new Alignment(null, 0);
        foreach (var start in from < transcript.Count ? tree.Saying(transcript[from]) : [])
        {
            var run = new Alignment(start, 1);
            while (from + run.Matched < transcript.Count && Best(tree.After(run.Last!), transcript[from + run.Matched]) is { } next)
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
    public static Alignment FindBelowHead(Tree tree, IReadOnlyList<Utterance> transcript)
    {
        var (best, longest) = (new Alignment(null, 0), 0);
        for (var dropped = 1; transcript.Count - dropped > longest; dropped++)
        {
            var run = Find(tree, transcript, dropped);
            if (run.Matched > longest)
                (best, longest) = (new Alignment(run.Last, dropped + run.Matched), run.Matched);
        }

        return best;
    }

    /// <param name="Last">Where the transcript ends.</param>
    /// <param name="Stem">The last turn of what it begins with, where that is stored before its end; null: nothing of it is.</param>
    /// <param name="Kept">How many turns of the transcript are stored, up to and with <paramref name="Stem"/>.</param>
    /// <param name="IsLeftOut">
    /// Between the two the client left out more than a person edits or deletes, or put a summary in the place of the beginning, to save room: what it left out still belongs to the chat.
    /// </param>
    public sealed record End(TurnRow Last, TurnRow? Stem, int Kept, bool IsLeftOut);

    /// <summary>A transcript that ends as a stored line does and begins like it, with next to nothing different between; null for any other.</summary>
    /// <param name="tree">The session's turns.</param>
    /// <param name="transcript">What the client sent.</param>
    /// <param name="begin">What <see cref="Find"/> found of it there.</param>
    public static End? Ended(Tree tree, List<Utterance> transcript, Alignment begin)
    {
        var (last, run) = FindEnd(tree, transcript);
        if (last is null || transcript[^run..].TrueForAll(turn => turn.IsUser) || transcript[^run..].TrueForAll(turn => !turn.IsUser))
            return null;
        var before = last.Depth - run;
        var stem = begin.Last is { } turn && turn.Depth <= before ? turn : null;
        var kept = stem is null ? 0 : begin.Matched;
        var few = transcript.Count / EditedShare;
        if (kept + run < transcript.Count - Math.Max(1, few))
            return null;
        var (gone, put) = (before - (stem?.Depth ?? 0), transcript.Count - run - kept);
        return new End(last, stem, kept, stem is null ? (gone, put) != (1, 1) : gone - put > Math.Max(2, few));
    }

    private static Alignment FindEnd(Tree tree, IReadOnlyList<Utterance> transcript)
    {
        var best = new Alignment(null, 0);
        foreach (var last in tree.Saying(transcript[^1]))
        {
            var length = 1;
            for (var at = tree.Before(last); at is not null && length < transcript.Count && transcript[^(length + 1)].Says(at.Role, at.Content); at = tree.Before(at))
                length++;
            if (IsBetter(new Alignment(last, length), best))
                best = new Alignment(last, length);
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

    /// <summary>A session's turns by what they say and by what they follow.</summary>
    public sealed class Tree(IReadOnlyList<TurnRow> turns)
    {
        private readonly Dictionary<string, TurnRow> _turns = turns.ToDictionary(turn => turn.Id, StringComparer.Ordinal);
        private readonly ILookup<(string, string), TurnRow> _saying = turns.ToLookup(turn => (turn.Role, TurnChain.Normal(turn.Content)));
        private readonly ILookup<string, TurnRow> _after = turns.Where(turn => turn.ParentId is not null).ToLookup(turn => turn.ParentId!);

        public IEnumerable<TurnRow> Saying(Utterance said) => _saying[(said.Role, TurnChain.Normal(said.Content))];

        public IEnumerable<TurnRow> After(TurnRow turn) => _after[turn.Id];

        public TurnRow? Before(TurnRow turn) => turn.ParentId is { } parent ? _turns.GetValueOrDefault(parent) : null;
    }
}
