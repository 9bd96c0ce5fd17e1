using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Comox.Gateway.LoadBalancing;

/// <summary>How much memory the prefix index may take, and how long it believes itself.</summary>
internal sealed record PrefixIndexOptions
{
    /// <summary>20 bytes a block. The memory is reserved at start and used as it fills.</summary>
    public long MaxBytes { get; set; } = 32 * 1024 * 1024;

    /// <summary>A block that no request has used for longer is taken to have left the engines' caches.</summary>
    public TimeSpan MaxAge { get; set; } = TimeSpan.FromMinutes(10);

    public IEnumerable<string> Faults(string section)
    {
        if (MaxBytes is < 64 * 1024 or > 8L * 1024 * 1024 * 1024)
            yield return string.Create(CultureInfo.InvariantCulture, $"{section}:{nameof(MaxBytes)} must be between 65536 and 8589934592, not {MaxBytes}.");
        if (MaxAge < TimeSpan.FromSeconds(1) || MaxAge > TimeSpan.FromHours(24))
            yield return $"{section}:{nameof(MaxAge)} must be a time between 00:00:01 and a day, not {MaxAge}.";
    }
}

/// <summary>
/// Which backends are likely to have a block of a prompt in their prefix cache. Approximate by design: engines do not tell what they evict, so an entry is a
/// guess that ages. Fixed in size, like a processor's cache: a block may lie in one of eight places, and a new one takes that of the oldest. Entries hold one
/// bit for each of 64 backends; a model with more of them has more entries per block. No lock: what a race can do is a wrong guess.
/// </summary>
internal sealed class PrefixIndex
{
    private const int Ways = 8;
    private const int BackendsPerEntry = 64;
    private const int GroupShift = 6;

    // One set, side by side so that a look-up touches neighbouring cache lines: eight keys, eight masks of backends, eight seconds of last use (32 bits each).
    private const int Masks = Ways;
    private const int Stamps = 2 * Ways;
    private const int SetWords = (2 * Ways) + (Ways / 2);

    private readonly ulong[] _table;
    private readonly ulong _sets;
    private readonly int _maxAge;
    private readonly TimeProvider _time;
    private readonly long _start;

    public PrefixIndex(PrefixIndexOptions options, TimeProvider time)
    {
        _sets = (ulong)(options.MaxBytes / (SetWords * sizeof(ulong)));
        _table = new ulong[_sets * SetWords];
        _maxAge = (int)options.MaxAge.TotalSeconds;
        _time = time;
        _start = time.GetTimestamp();
    }

    /// <summary>The memory it has and will ever have.</summary>
    public long Bytes => _table.LongLength * sizeof(ulong);

    /// <summary>Blocks of the chain that one backend is believed to hold, from the first on without a gap.</summary>
    public int Match(int slot, ReadOnlySpan<ulong> hashes)
    {
        var bit = 1UL << (slot & (BackendsPerEntry - 1));
        var group = slot >> GroupShift;
        var second = Second(_time.GetTimestamp());
        for (var at = 0; at < hashes.Length; at++)
        {
            if ((MaskOf(KeyOf(hashes[at], group), second) & bit) == 0)
                return at;
        }

        return hashes.Length;
    }

    /// <summary>The same for all candidates in one walk along the chain; <paramref name="blocks"/> receives the matched blocks, by candidate.</summary>
    public void Match(ReadOnlySpan<Candidate> candidates, ReadOnlySpan<ulong> hashes, long now, Span<int> blocks)
    {
        blocks = blocks[..candidates.Length];
        if (hashes.IsEmpty || candidates.IsEmpty)
        {
            blocks.Clear();
            return;
        }

        var second = Second(now);
        Span<int> bySlot = stackalloc int[BackendsPerEntry];
        for (var group = FirstGroup(candidates); group != int.MaxValue;)
        {
            // Nearly always all candidates are of one group, and this is the only round.
            var wanted = 0UL;
            var next = int.MaxValue;
            foreach (ref readonly var candidate in candidates)
            {
                var slot = candidate.Load.Slot;
                if (slot >> GroupShift == group)
                    wanted |= 1UL << (slot & (BackendsPerEntry - 1));
                else if (slot >> GroupShift > group)
                    next = Math.Min(next, slot >> GroupShift);
            }

            Walk(hashes, group, wanted, second, bySlot);
            for (var at = 0; at < candidates.Length; at++)
            {
                var slot = candidates[at].Load.Slot;
                if (slot >> GroupShift == group)
                    blocks[at] = bySlot[slot & (BackendsPerEntry - 1)];
            }

            group = next;
        }
    }

    /// <summary>The backend is sent a prompt with these blocks and will have read them soon; also keeps them young.</summary>
    public void Insert(int slot, ReadOnlySpan<ulong> hashes)
    {
        var bit = 1UL << (slot & (BackendsPerEntry - 1));
        var second = Second(_time.GetTimestamp());
        foreach (var hash in hashes)
            Insert(KeyOf(hash, slot >> GroupShift), bit, second);
    }

    /// <summary>The engine had fewer blocks in its cache than predicted: those between are not to be believed again.</summary>
    public void Correct(int slot, ReadOnlySpan<ulong> hashes, int predicted, int actual)
    {
        var bit = 1UL << (slot & (BackendsPerEntry - 1));
        for (var at = Math.Max(0, actual); at < Math.Min(predicted, hashes.Length); at++)
        {
            var key = KeyOf(hashes[at], slot >> GroupShift);
            var set = SetOf(key);
            if (WayOf(set, key) is var way and >= 0)
                Interlocked.And(ref set[Masks + way], ~bit);
        }
    }

    private void Walk(ReadOnlySpan<ulong> hashes, int group, ulong wanted, uint second, Span<int> bySlot)
    {
        for (var at = 0; at < hashes.Length; at++)
        {
            var mask = MaskOf(KeyOf(hashes[at], group), second);
            for (var lost = wanted & ~mask; lost != 0; lost &= lost - 1)
                bySlot[BitOperations.TrailingZeroCount(lost)] = at;
            wanted &= mask;
            if (wanted == 0)
                return;
        }

        for (; wanted != 0; wanted &= wanted - 1)
            bySlot[BitOperations.TrailingZeroCount(wanted)] = hashes.Length;
    }

    private ulong MaskOf(ulong key, uint second)
    {
        var set = SetOf(key);
        var way = WayOf(set, key);
        if (way < 0 || Age(second, StampsOf(set)[way]) > _maxAge)
            return 0;
        return set[Masks + way];
    }

    private void Insert(ulong key, ulong bit, uint second)
    {
        var set = SetOf(key);
        var stamps = StampsOf(set);
        var way = WayOf(set, key);
        if (way >= 0)
        {
            if (Age(second, stamps[way]) > _maxAge)
                set[Masks + way] = bit;
            else if ((set[Masks + way] & bit) == 0)
                Interlocked.Or(ref set[Masks + way], bit);
        }
        else
        {
            way = 0;
            for (var at = 1; at < Ways; at++)
            {
                if (stamps[at] < stamps[way])
                    way = at;
            }

            // Nobody may read the new key with the old mask.
            Volatile.Write(ref set[Masks + way], 0);
            Volatile.Write(ref set[way], key);
            Interlocked.Or(ref set[Masks + way], bit);
        }

        // A hot prefix is written to once a second and not at every request, so that its cache line stays with its readers.
        if (stamps[way] != second)
            stamps[way] = second;
    }

    // Below zero where another thread has read the clock later.
    private static int Age(uint second, uint stamp) => (int)(second - stamp);

    private static int FirstGroup(ReadOnlySpan<Candidate> candidates)
    {
        var first = int.MaxValue;
        foreach (ref readonly var candidate in candidates)
            first = Math.Min(first, candidate.Load.Slot >> GroupShift);
        return first;
    }

    private static ulong KeyOf(ulong hash, int group)
    {
        var key = group == 0 ? hash : Dice.Mix(hash + (ulong)group);
        return key == 0 ? 1 : key;
    }

    private Span<ulong> SetOf(ulong key) => _table.AsSpan((int)Math.BigMul(key, _sets, out _) * SetWords, SetWords);

    // All eight at once; -1 when it is in none.
    private static int WayOf(ReadOnlySpan<ulong> set, ulong key)
    {
        var equal = Vector512.Equals(Vector512.Create(set[..Ways]), Vector512.Create(key)).ExtractMostSignificantBits();
        return equal == 0 ? -1 : BitOperations.TrailingZeroCount(equal);
    }

    private static Span<uint> StampsOf(Span<ulong> set) => MemoryMarshal.Cast<ulong, uint>(set[Stamps..]);

    // From one, so that no block in use looks like an empty place.
    private uint Second(long now) => (uint)((now - _start) / _time.TimestampFrequency) + 1;
}
