using System.Runtime.CompilerServices;

namespace Comox.Memory.Recall;

/// <summary>
/// For each term, the turns that have it, in the order in which they got it. One array holds the lists of all terms as slices of 2, 4, 8 … 512 entries,
/// each with a cell after it that says where the next begins, so that a word said once costs two cells and any list grows at its end.
/// </summary>
internal sealed class Postings
{
    private const int FirstSlice = 2;
    private const int LargestSlice = 512;

    // An entry is the turn's number, and in the low bits how often.
    private const int TimesBits = 6;

    public const int MaxTimes = (1 << TimesBits) - 1;
    public const int MaxTurns = 1 << (31 - TimesBits);

    private int[] _cells = new int[256];
    private TermList[] _lists = new TermList[64];
    private int _used;

    /// <summary>Cells in use, for an estimate of the memory.</summary>
    public int Cells => _used;

    public void Add(int term, int turn, int times)
    {
        if (term >= _lists.Length)
            Array.Resize(ref _lists, Math.Max(term + 1, _lists.Length + (_lists.Length / 2)));
        ref var list = ref _lists[term];
        if (list.Count == 0)
        {
            list.First = list.Next = Slice(FirstSlice);
            list.Size = FirstSlice;
            list.End = list.Next + FirstSlice;
        }
        else if (list.Next == list.End)
        {
            list.Size = Math.Min(LargestSlice, list.Size * 2);
            var slice = Slice(list.Size);
            _cells[list.End] = slice;
            list.Next = slice;
            list.End = slice + list.Size;
        }

        _cells[list.Next++] = (turn << TimesBits) | Math.Min(times, MaxTimes);
        list.Count++;
    }

    /// <summary>Says anew how often a turn has a term; 0 leaves an entry that counts for nothing. Linear in the term's turns.</summary>
    public void Set(int term, int turn, int times)
    {
        var reader = Read(term);
        while (reader.Next())
        {
            for (var at = 0; at < reader.Slice.Length; at++)
            {
                if (Entry(reader.Slice[at]).Turn != turn)
                    continue;
                _cells[reader.Start + at] = (turn << TimesBits) | Math.Min(times, MaxTimes);
                return;
            }
        }

        if (times > 0)
            Add(term, turn, times);
    }

    public int Count(int term) => term < _lists.Length ? _lists[term].Count : 0;

    public Reader Read(int term) => term < _lists.Length ? new Reader(_cells, _lists[term]) : new Reader([], default);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (int Turn, int Times) Entry(int cell) => (cell >>> TimesBits, cell & MaxTimes);

    private int Slice(int size)
    {
        var at = _used;
        _used += size + 1;
        if (_used > _cells.Length)
            Array.Resize(ref _cells, Math.Max(_used, _cells.Length + (_cells.Length / 2)));
        return at;
    }

    internal struct TermList
    {
        public int First;
        public int Next;
        public int End;
        public int Size;
        public int Count;
    }

    /// <summary>Reads a list slice by slice.</summary>
    internal ref struct Reader(int[] cells, TermList list)
    {
        private int _left = list.Count;
        private int _at = list.First;
        private int _size = FirstSlice;

        public ReadOnlySpan<int> Slice { get; private set; }

        /// <summary>The cell with which the slice begins.</summary>
        public int Start { get; private set; }

        public bool Next()
        {
            if (_left == 0)
                return false;
            var count = Math.Min(_size, _left);
            Start = _at;
            Slice = cells.AsSpan(_at, count);
            _left -= count;
            if (_left > 0)
                _at = cells[_at + _size];
            _size = Math.Min(LargestSlice, _size * 2);
            return true;
        }
    }
}
