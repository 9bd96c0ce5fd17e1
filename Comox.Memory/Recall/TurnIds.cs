using System.Text;

namespace Comox.Memory.Recall;

/// <summary>Finds turns by their ids: numbers in an open table, four to eight bytes a turn. One that left its line stays in it and is passed over.</summary>
internal sealed class TurnIds(TurnStore turns)
{
    private int[] _slots = new int[32];
    private int _used;

    public void Add(int turn)
    {
        if (2 * ++_used > _slots.Length)
            Grow();
        Put(turn);
    }

    /// <returns>The number of the turn on its line; <see cref="TurnStore.None"/> when there is no such turn.</returns>
    public int Find(string id)
    {
        Span<byte> buffer = stackalloc byte[256];
        if (!Encoding.UTF8.TryGetBytes(id, buffer, out var length))
            return TurnStore.None;
        ReadOnlySpan<byte> bytes = buffer[..length];
        for (var slot = Slot(bytes); _slots[slot] > 0; slot = (slot + 1) & (_slots.Length - 1))
        {
            var turn = _slots[slot] - 1;
            if (turns.Audiences[turn] != TurnStore.Gone && turns.IdOf(turn).SequenceEqual(bytes))
                return turn;
        }

        return TurnStore.None;
    }

    private void Put(int turn)
    {
        var slot = Slot(turns.IdOf(turn));
        while (_slots[slot] > 0)
            slot = (slot + 1) & (_slots.Length - 1);
        _slots[slot] = turn + 1;
    }

    private int Slot(ReadOnlySpan<byte> id)
    {
        var hash = 14695981039346656037UL;
        foreach (var letter in id)
            hash = (hash ^ letter) * 1099511628211UL;
        return (int)((hash ^ (hash >> 32)) & (uint)(_slots.Length - 1));
    }

    private void Grow()
    {
        var old = _slots;
        _slots = new int[old.Length * 2];
        foreach (var held in old)
        {
            if (held > 0)
                Put(held - 1);
        }
    }
}
