using Comox.Memory.Storage;
using Comox.ServiceDefaults;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Sessions;

/// <summary>
/// Changes a session's current line. Works on tracked rows, so that the caller's one <c>SaveChanges</c> writes everything or nothing; the session's version
/// goes up with each change.
/// </summary>
internal sealed class SessionLine(MemoryDb db, SessionRow session, TimeProvider time)
{
    private const int TitleLength = 80;

    public SessionRow Session => session;

    /// <summary>Makes <paramref name="head"/> the end of the current line; null empties it.</summary>
    public async Task MoveToAsync(TurnRow? head, CancellationToken cancellation)
    {
        if (head?.Id == session.HeadId)
            return;

        // 1. Up from the new head to the line: these turns join it.
        var joining = new List<TurnRow>();
        var fork = head;
        while (fork is { Current: false })
        {
            joining.Add(fork);
            var parent = fork.ParentId;
            fork = parent is null ? null : await db.Turns.FirstAsync(turn => turn.Id == parent, cancellation);
        }

        // 2. What follows the fork leaves it.
        var depth = fork?.Depth ?? 0;
        foreach (var turn in await db.Turns.Where(turn => turn.SessionId == session.Id && turn.Current && turn.Depth > depth).ToListAsync(cancellation))
            turn.Current = false;
        foreach (var turn in joining)
            turn.Current = true;
        SetHead(head);
    }

    /// <summary>
    /// Adds a turn below <paramref name="parent"/>, which must be the head. A reply that was <paramref name="prompted"/> for gets the id that waits for it, so
    /// that its later recording finds it.
    /// </summary>
    public TurnRow Append(TurnRow? parent, Utterance said, RequestRow? prompted = null)
    {
        var turn = New(prompted?.ReplyTurnId ?? Ids.New("trn", time), parent, said, prompted?.ReceiptId);
        db.Add(turn);
        SetHead(turn);
        if (said.IsUser && (session.Title is null || turn.Depth <= 2))
            session.Title = Title(said.Content);
        return turn;
    }

    /// <summary>Adds a reply below its user turn. The <paramref name="latest"/> that was asked for takes the place of all that follows its turn.</summary>
    public async Task AppendReplyAsync(TurnRow question, TurnRow reply, bool latest, CancellationToken cancellation)
    {
        db.Add(reply);
        if (latest && question.Current && reply.Content.Length > 0)
            await MoveToAsync(question, cancellation);
        if (session.HeadId == question.Id)
        {
            // A reply without a word (the client left before the first) is kept, but answers nothing: the message can be sent again.
            reply.Current = reply.Content.Length > 0;
            SetHead(reply.Current ? reply : question);
            return;
        }

        // The conversation went on before this reply came. It takes its place under its turn, unless another reply has it.
        var next = question.Current
            ? await db.Turns.FirstOrDefaultAsync(turn => turn.ParentId == question.Id && turn.Current, cancellation)
            : null;
        if (next is { Role: Utterance.User } && reply.Content.Length > 0)
        {
            reply.Current = true;
            await InsertAsync(reply, next, cancellation);
        }

        session.Version++;
    }

    private TurnRow New(string id, TurnRow? parent, Utterance said, string? receipt) => new()
    {
        Id = id,
        SessionId = session.Id,
        ParentId = parent?.Id,
        Depth = (parent?.Depth ?? 0) + 1,
        Current = true,
        Role = said.Role,
        Content = said.Content,
        Chain = TurnChain.Next(parent?.Chain ?? TurnChain.Root, said),
        CreatedAt = time.Now(),
        ReceiptId = receipt,
    };

    private async Task InsertAsync(TurnRow reply, TurnRow next, CancellationToken cancellation)
    {
        var tree = await db.Turns.Where(turn => turn.SessionId == session.Id).ToListAsync(cancellation);
        var children = tree.Where(turn => turn.ParentId is not null).ToLookup(turn => turn.ParentId!);
        next.ParentId = reply.Id;
        var parents = new Queue<(TurnRow Parent, TurnRow Turn)>([(reply, next)]);
        while (parents.TryDequeue(out var pair))
        {
            pair.Turn.Depth = pair.Parent.Depth + 1;
            pair.Turn.Chain = TurnChain.Next(pair.Parent.Chain, pair.Turn.Role, pair.Turn.Content);
            foreach (var child in children[pair.Turn.Id])
                parents.Enqueue((pair.Turn, child));
        }

        session.TurnCount++;
        session.UpdatedAt = time.Now();
    }

    private void SetHead(TurnRow? head)
    {
        session.HeadId = head?.Id;
        session.TurnCount = head?.Depth ?? 0;
        session.UpdatedAt = time.Now();
        session.Version++;
    }

    private static string Title(string content)
    {
        var line = string.Join(' ', content.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= TitleLength ? line : string.Concat(line.AsSpan(0, char.IsHighSurrogate(line[TitleLength - 2]) ? TitleLength - 2 : TitleLength - 1), "…");
    }
}
