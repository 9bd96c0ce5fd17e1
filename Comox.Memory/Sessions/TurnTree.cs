using System.Text.Json;
using Comox.Memory.Storage;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Sessions;

/// <summary>
/// The tree of a session's turns as rows: parents, depths, chains, and which of them are the line. Going on is quick however long the session is; what
/// changes the tree's middle (a deletion, an edit, a late reply) reads all of it.
/// </summary>
internal sealed class TurnTree(MemoryDb db, SessionRow session)
{
    private const int TitleLength = 80;

    private Dictionary<string, bool> _turned = new(StringComparer.Ordinal);

    /// <summary>The turns that joined (true) or left (false) the line since this was last called.</summary>
    public IReadOnlyDictionary<string, bool> TakeTurned()
    {
        var turned = _turned;
        _turned = new(StringComparer.Ordinal);
        return turned;
    }

    public async Task<TurnRow?> FindAsync(string id, CancellationToken cancellation) =>
        await db.Turns.FindAsync([id], cancellation) is { } turn && turn.SessionId == session.Id && db.Entry(turn).State != EntityState.Deleted ? turn : null;

    public async Task AddAsync(int number, TurnSaid said, CancellationToken cancellation)
    {
        var parent = said.Parent is null ? null : await FindAsync(said.Parent, cancellation);
        db.Add(new TurnRow
        {
            Id = said.Turn,
            SessionId = session.Id,
            ParentId = parent?.Id,
            Depth = (parent?.Depth ?? 0) + 1,
            Current = false,
            Number = number,
            Role = said.Role,
            Content = said.Content,
            Chain = TurnChain.Next(parent?.Chain ?? TurnChain.Root, said.Role, said.Content),
            CreatedAt = said.At,
            FinishReason = said.FinishReason,
            Model = said.Model,
            ReceiptId = said.Receipt,
            Heard = said.Heard is null ? null : JsonSerializer.Serialize(said.Heard),
        });
    }

    public async Task MoveLineAsync(string? headId, CancellationToken cancellation)
    {
        var head = headId is null ? null : await FindAsync(headId, cancellation);
        if (head?.Id == session.HeadId)
            return;

        // 1. Up from the new head to the line: these turns join it.
        var joining = new List<TurnRow>();
        var fork = head;
        while (fork is { Current: false })
        {
            joining.Add(fork);
            fork = fork.ParentId is null ? null : await FindAsync(fork.ParentId, cancellation);
        }

        // 2. What follows the fork leaves it. Where the fork is the line's end nothing does, and nothing needs to be read.
        var depth = fork?.Depth ?? 0;
        if (session.HeadId is not null && fork?.Id != session.HeadId)
        {
            await db.Turns.Where(turn => turn.SessionId == session.Id && turn.Current && turn.Depth > depth).LoadAsync(cancellation);
            for (var turn = await FindAsync(session.HeadId, cancellation); turn is not null && turn.Id != fork?.Id; turn = turn.ParentId is null ? null : await FindAsync(turn.ParentId, cancellation))
                Turn(turn, false);
            session.Reshaped = session.Version;
        }

        foreach (var turn in joining)
            Turn(turn, true);
        SetHead(head);
        if (session.TitleDepth == 0 || depth < session.TitleDepth)
            SetTitle(joining);
    }

    public async Task MoveTurnAsync(string id, string? parent, CancellationToken cancellation)
    {
        var turns = await AllAsync(cancellation);
        if (!turns.TryGetValue(id, out var turn) || (parent is not null && !turns.ContainsKey(parent)))
            return;
        turn.ParentId = parent;
        Rebuild(turns);
    }

    public async Task EditAsync(string id, string content, CancellationToken cancellation)
    {
        var turns = await AllAsync(cancellation);
        if (!turns.TryGetValue(id, out var turn))
            return;
        turn.Content = content;
        Rebuild(turns);
    }

    public async Task DeleteAsync(IReadOnlyList<string> ids, CancellationToken cancellation)
    {
        var turns = await AllAsync(cancellation);
        var gone = ids.Where(turns.ContainsKey).ToDictionary(id => id, id => turns[id], StringComparer.Ordinal);
        foreach (var turn in gone.Values)
        {
            turns.Remove(turn.Id);
            _turned.Remove(turn.Id);
        }

        foreach (var turn in turns.Values)
            turn.ParentId = Kept(turn.ParentId);
        session.HeadId = Kept(session.HeadId);
        db.RemoveRange(gone.Values);
        Rebuild(turns);

        string? Kept(string? id)
        {
            while (id is not null && gone.TryGetValue(id, out var turn))
                id = turn.ParentId;
            return id;
        }
    }

    private async Task<Dictionary<string, TurnRow>> AllAsync(CancellationToken cancellation) =>
        (await Tracked.Async(db.Turns, turn => turn.SessionId == session.Id, cancellation)).ToDictionary(turn => turn.Id, StringComparer.Ordinal);

    /// <summary>Depths and chains from the roots down, and the line from the head up.</summary>
    private void Rebuild(Dictionary<string, TurnRow> turns)
    {
        var children = turns.Values.ToLookup(turn => turn.ParentId ?? "", StringComparer.Ordinal);
        var open = new Queue<TurnRow?>([null]);
        while (open.TryDequeue(out var parent))
        {
            foreach (var turn in children[parent?.Id ?? ""])
            {
                turn.Depth = (parent?.Depth ?? 0) + 1;
                turn.Chain = TurnChain.Next(parent?.Chain ?? TurnChain.Root, turn.Role, turn.Content);
                open.Enqueue(turn);
            }
        }

        var line = new HashSet<string>(StringComparer.Ordinal);
        for (var id = session.HeadId; id is not null; id = turns[id].ParentId)
            line.Add(id);
        foreach (var turn in turns.Values.Where(turn => turn.Current != line.Contains(turn.Id)))
            Turn(turn, !turn.Current);
        SetHead(session.HeadId is null ? null : turns[session.HeadId]);
        SetTitle(turns.Values.Where(turn => turn.Current));
        session.Reshaped = session.Version;
    }

    private void Turn(TurnRow turn, bool current)
    {
        turn.Current = current;
        _turned[turn.Id] = current;
    }

    private void SetHead(TurnRow? head)
    {
        session.HeadId = head?.Id;
        session.TurnCount = head?.Depth ?? 0;
    }

    /// <summary>The title is the first thing the person says on the line.</summary>
    private void SetTitle(IEnumerable<TurnRow> among)
    {
        var first = among.Where(turn => turn.Role == Utterance.User).MinBy(turn => turn.Depth);
        (session.Title, session.TitleDepth) = (first is null ? null : Title(first.Content), first?.Depth ?? 0);
    }

    private static string Title(string content)
    {
        var line = string.Join(' ', content.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return ShortText.Of(line, TitleLength, TitleLength - 1);
    }
}
