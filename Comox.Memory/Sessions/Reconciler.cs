using System.Runtime.CompilerServices;
using Comox.Memory.Storage;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Sessions;

/// <summary>
/// Understands what a client sent in the light of what is stored. Without a reply in it, it is one new message. With replies, it is the client's whole
/// transcript, so that an edit, a regenerate or a branch made there is one here.
/// </summary>
internal static class Reconciler
{
    // A window that slid is looked for in this many of the person's latest sessions with the character, and in as many of those in which its end was said.
    private const int SessionsSearched = 8;
    private const int TurnsCompared = 4;

    /// <summary>
    /// A session was named: whatever was sent belongs to it. The last of <paramref name="dialogue"/> is the person's new message. With <paramref name="whole"/>
    /// the client says that it is all there is, even where no reply in it shows that.
    /// </summary>
    public static async Task<Placement> InSessionAsync(
        MemoryDb db, SessionRow session, IReadOnlyList<Utterance> dialogue, bool whole, CancellationToken cancellation)
    {
        var (past, message) = (dialogue.Take(dialogue.Count - 1).ToList(), dialogue[^1]);
        if (whole && past.Count == 0)
            return await AsFirstAsync(db, session, message, cancellation);
        if (!whole && past.TrueForAll(turn => turn.IsUser))
            return await Continuation.AtEndAsync(db, session, [message], cancellation);

        var chain = TurnChain.Of(past)[^1];
        var exact = await db.Turns.Where(turn => turn.SessionId == session.Id && turn.Chain == chain).ToListAsync(cancellation);
        if (exact.Count > 0)
            return await Placement.AtAsync(db, session, TreeAlignment.Best(exact, past[^1])!, [], message, cancellation);

        var tree = new TreeAlignment.Tree(await db.Turns.Where(turn => turn.SessionId == session.Id).ToListAsync(cancellation));
        var found = TreeAlignment.Find(tree, past);
        if (!whole && TreeAlignment.Ended(tree, past, found) is { IsLeftOut: true } end)
            return await Placement.AtAsync(db, session, end.Last, [], message, cancellation);
        var (last, matched) = found.Last is null && !whole ? TreeAlignment.FindBelowHead(tree, past) : found;
        return last is null
            ? new Placement(session, null, past, null)
            : await Placement.AtAsync(db, session, last, past.GetRange(matched, past.Count - matched), message, cancellation);
    }

    /// <summary>No session was named: the transcript tells which one it continues, if any. With <paramref name="another"/> it repeats none that is being answered.</summary>
    public static async Task<Placement> AnywhereAsync(
        MemoryDb db, string subject, string characterId, IReadOnlyList<Utterance> dialogue, bool another, CancellationToken cancellation)
    {
        var (past, message) = (dialogue.Take(dialogue.Count - 1).ToList(), dialogue[^1]);
        var sessions = db.Sessions.Where(session => session.Subject == subject && session.CharacterId == characterId);
        if (past.Exists(turn => turn.IsUser) && past.Exists(turn => !turn.IsUser))
            return await ContinuedAsync(db, sessions, past, message, cancellation);
        return another ? Placement.NewSession(past) : await FirstMessageAgainAsync(db, sessions, past, message, cancellation);
    }

    private static async Task<Placement> ContinuedAsync(
        MemoryDb db, IQueryable<SessionRow> sessions, List<Utterance> past, Utterance message, CancellationToken cancellation)
    {
        // 1. The transcript is a path from a root. Where several sessions have it, the one that ends with it, then the latest.
        var chains = TurnChain.Of(past);
        var chain = chains[^1];
        var exact = await PathsAsync(db, sessions, [chain], cancellation);
        if (exact.Count > 0)
        {
            var (session, turn) = exact.OrderByDescending(path => path.Session.HeadId == path.Turn.Id).ThenByDescending(path => path.Turn.Current).ThenByDescending(path => path.Session.UpdatedAt).First();
            return await Placement.AtAsync(db, session, turn, [], message, cancellation);
        }

        // 2. It is a window that slid over one: every turn of it is stored, in a row. Or, if nothing else is found, the larger part of it, with a reply.
        (SessionRow Session, string Last, int Matched)? slid = null;
        var likely = new List<(SessionRow Session, TreeAlignment.Tree Tree, TreeAlignment.Alignment Found)>();
        if (past.Count >= 2)
        {
            await foreach (var session in LikelyAsync(db, sessions, past, cancellation))
            {
                var tree = new TreeAlignment.Tree(await db.Turns.AsNoTracking().Where(turn => turn.SessionId == session.Id).ToListAsync(cancellation));
                var found = TreeAlignment.Find(tree, past);
                likely.Add((session, tree, found));
                if (found.Last is not { } last)
                    continue;
                if (found.Matched == past.Count)
                    return await Placement.AtAsync(db, session, await db.Turns.FirstAsync(turn => turn.Id == last.Id, cancellation), [], message, cancellation);
                if (found.Matched > Math.Max(past.Count / 2, slid?.Matched ?? 1) && past.Take(found.Matched).Any(turn => turn.IsUser) && past.Take(found.Matched).Any(turn => !turn.IsUser))
                    slid = (session, last.Id, found.Matched);
            }
        }

        // 3. It ends with a reply that the client has and we have not yet been told of.
        if (past.Count >= 2 && !past[^1].IsUser)
        {
            var asked = (await PathsAsync(db, sessions, [chains[^2]], cancellation)).Where(path => path.Session.HeadId == path.Turn.Id).OrderByDescending(path => path.Session.UpdatedAt);
            foreach (var (session, turn) in asked)
            {
                if (await db.Requests.AnyAsync(request => request.UserTurnId == turn.Id, cancellation))
                    return await Placement.AtAsync(db, session, turn, [past[^1]], message, cancellation);
            }
        }

        // 4. It has been edited. Two chats may well open with the same words, so a common beginning counts where it is the larger part and has a reply in it.
        var reply = past.FindIndex(past.FindIndex(turn => turn.IsUser), turn => !turn.IsUser);
        if (reply < 0)
            return Placement.NewSession(past);
        if (await EditedAsync(db, likely, past, message, cancellation) is { } edited)
            return edited;
        var prefixes = chains.Skip(Math.Max(reply, past.Count / 2)).ToList();
        var begun = await PathsAsync(db, sessions, prefixes, cancellation);
        if (begun.Count == 0)
        {
            return slid is { } window
                ? await Placement.AtAsync(db, window.Session, await db.Turns.FirstAsync(turn => turn.Id == window.Last, cancellation), past.GetRange(window.Matched, past.Count - window.Matched), message, cancellation)
                : Placement.NewSession(past);
        }

        var (nearest, stem) = begun.OrderByDescending(path => path.Turn.Depth).ThenByDescending(path => path.Turn.Current).ThenByDescending(path => path.Session.UpdatedAt).First();
        return await Placement.AtAsync(db, nearest, stem, past.GetRange(stem.Depth, past.Count - stem.Depth), message, cancellation);
    }

    /// <summary>The end proves which chat it is, where next to nothing else is different: what was edited or deleted may be anywhere before it.</summary>
    private static async Task<Placement?> EditedAsync(
        MemoryDb db, List<(SessionRow Session, TreeAlignment.Tree Tree, TreeAlignment.Alignment Found)> likely, List<Utterance> past, Utterance message, CancellationToken cancellation)
    {
        foreach (var (session, tree, found) in likely)
        {
            if (TreeAlignment.Ended(tree, past, found) is not { } end)
                continue;
            if ((end.IsLeftOut ? end.Last : end.Stem) is not { } after)
                return new Placement(session, null, past, null);
            var kept = end.IsLeftOut ? past.Count : end.Kept;
            return await Placement.AtAsync(db, session, await db.Turns.FirstAsync(turn => turn.Id == after.Id, cancellation), past.GetRange(kept, past.Count - kept), message, cancellation);
        }

        return null;
    }

    /// <summary>The latest; and behind them those in which one of the last things was said, for an old chat may be taken up again after many others.</summary>
    private static async IAsyncEnumerable<SessionRow> LikelyAsync(MemoryDb db, IQueryable<SessionRow> sessions, List<Utterance> past, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var newest = sessions.OrderByDescending(session => session.UpdatedAt).ThenByDescending(session => session.Id);
        var latest = await newest.Take(SessionsSearched).ToListAsync(cancellation);
        foreach (var session in latest)
            yield return session;
        var seen = latest.Select(session => session.Id).ToList();
        var ends = past.TakeLast(TurnsCompared).Select(turn => turn.Content).ToList();
        foreach (var session in await newest.Where(session => !seen.Contains(session.Id) && db.Turns.Any(turn => turn.SessionId == session.Id && ends.Contains(turn.Content)))
            .Take(SessionsSearched).ToListAsync(cancellation))
            yield return session;
    }

    /// <summary>
    /// At most the greeting precedes the message. Every chat with the character begins so, hence it is a new one, unless the latest session ends with this
    /// message, unanswered: then it is sent again. Or, where the greeting shows that it is the whole transcript, with a reply to it: then another is wanted.
    /// </summary>
    private static async Task<Placement> FirstMessageAgainAsync(
        MemoryDb db, IQueryable<SessionRow> sessions, List<Utterance> past, Utterance message, CancellationToken cancellation)
    {
        var chain = TurnChain.Of([.. past, message])[^1];
        var latest = await sessions.OrderByDescending(session => session.UpdatedAt).ThenByDescending(session => session.Id).FirstOrDefaultAsync(cancellation);
        if (latest is null || (latest.TurnCount != past.Count + 1 && (past.TrueForAll(turn => turn.IsUser) || latest.TurnCount != past.Count + 2)))
            return Placement.NewSession(past);
        var again = await db.Turns.FirstOrDefaultAsync(turn => turn.SessionId == latest.Id && turn.Chain == chain && turn.Current, cancellation);
        return again is null ? Placement.NewSession(past) : new Placement(latest, null, [], again);
    }

    private static async Task<Placement> AsFirstAsync(MemoryDb db, SessionRow session, Utterance message, CancellationToken cancellation)
    {
        var chain = TurnChain.Next(TurnChain.Root, message);
        var same = await db.Turns.Where(turn => turn.SessionId == session.Id && turn.ParentId == null && turn.Chain == chain).ToListAsync(cancellation);
        return new Placement(session, null, [], TreeAlignment.Best(same, message));
    }

    private static async Task<List<(SessionRow Session, TurnRow Turn)>> PathsAsync(
        MemoryDb db, IQueryable<SessionRow> sessions, List<string> chains, CancellationToken cancellation)
    {
        var found = await db.Turns.Where(turn => chains.Contains(turn.Chain))
            .Join(sessions, turn => turn.SessionId, session => session.Id, (turn, session) => new { session, turn })
            .ToListAsync(cancellation);
        return [.. found.Select(path => (path.session, path.turn)).OrderByDescending(path => path.session.Id, StringComparer.Ordinal)];
    }
}
