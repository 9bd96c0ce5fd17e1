namespace Comox.Memory.Recall;

/// <summary>Numbers the terms of one index. It keeps keys and no words: 20 bytes a term, and nothing that could be read back.</summary>
internal sealed class TermTable
{
    private ulong[] _keys = new ulong[64];
    private int[] _slots = new int[128];

    public int Count { get; private set; }

    public ulong this[int term] => _keys[term];

    /// <returns>The term's number; -1 when it is not there.</returns>
    public int Find(ulong key) => _slots[Slot(key)] - 1;

    public int FindOrAdd(ulong key)
    {
        var slot = Slot(key);
        if (_slots[slot] > 0)
            return _slots[slot] - 1;
        if (Count == _keys.Length)
        {
            Grow();
            slot = Slot(key);
        }

        _keys[Count] = key;
        _slots[slot] = ++Count;
        return Count - 1;
    }

    // Where the key is, or would be.
    private int Slot(ulong key)
    {
        var mask = _slots.Length - 1;
        var slot = (int)(key & (uint)mask);
        while (_slots[slot] > 0 && _keys[_slots[slot] - 1] != key)
            slot = (slot + 1) & mask;
        return slot;
    }

    private void Grow()
    {
        Array.Resize(ref _keys, _keys.Length * 2);
        _slots = new int[_keys.Length * 2];
        for (var term = 0; term < Count; term++)
            _slots[Slot(_keys[term])] = term + 1;
    }
}
