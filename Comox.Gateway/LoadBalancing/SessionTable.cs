using System.Globalization;

namespace Comox.Gateway.LoadBalancing;

/// <summary>How many sessions are remembered, and for how long.</summary>
internal sealed record SessionTableOptions
{
    /// <summary>16 bytes each, taken at start.</summary>
    public int Capacity { get; set; } = 65_536;

    /// <summary>A session silent for longer has lost its place in an engine's cache anyway.</summary>
    public TimeSpan MaxAge { get; set; } = TimeSpan.FromMinutes(30);

    public IEnumerable<string> Faults(string section)
    {
        if (Capacity is < 8 or > 16_777_216)
            yield return string.Create(CultureInfo.InvariantCulture, $"{section}:{nameof(Capacity)} must be between 8 and 16777216, not {Capacity}.");
        if (MaxAge < TimeSpan.FromSeconds(1) || MaxAge > TimeSpan.FromDays(7))
            yield return $"{section}:{nameof(MaxAge)} must be a time between 00:00:01 and 7.00:00:00, not {MaxAge}.";
    }
}

/// <summary>
/// Session → the backend that answered it last. Fixed in size, like a processor's cache: a session may lie in one of eight places, and a new one takes the
/// place of the one longest silent there. No lock: the worst that a race can do is to forget a session, which costs one reading of a prompt.
/// </summary>
internal sealed class SessionTable
{
    private const int Ways = 8;

    private readonly ulong[] _keys;

    // The second of last use above, the backend's slot below.
    private readonly ulong[] _values;
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly int _maxAge;
    private readonly uint _sets;

    public SessionTable(SessionTableOptions options, TimeProvider time)
    {
        _sets = (uint)(options.Capacity / Ways);
        _keys = new ulong[_sets * Ways];
        _values = new ulong[_sets * Ways];
        _maxAge = (int)options.MaxAge.TotalSeconds;
        _time = time;
        _start = time.GetTimestamp();
    }

    /// <summary>The key of a session: two models, or two tenants that call a session by the same name, do not meet.</summary>
    public static ulong Key(ReadOnlySpan<char> tenant, ReadOnlySpan<char> model, ReadOnlySpan<char> session) =>
        PrefixHasher.Seed(session, PrefixHasher.Seed(model, PrefixHasher.Seed(tenant)));

    /// <param name="session">See <see cref="Key"/>.</param>
    /// <param name="now">A timestamp of the time provider.</param>
    /// <returns>The slot of the backend; -1 when the session is not known.</returns>
    public int Find(ulong session, long now)
    {
        var (key, set) = Place(session);
        for (var at = set; at < set + Ways; at++)
        {
            if (Volatile.Read(ref _keys[at]) != key)
                continue;
            var value = Volatile.Read(ref _values[at]);
            // Another session may have taken the place between the two reads.
            return Volatile.Read(ref _keys[at]) == key && (int)(Second(now) - (uint)(value >> 32)) <= _maxAge ? (int)(uint)value : -1;
        }

        return -1;
    }

    public void Set(ulong session, int slot)
    {
        var (key, set) = Place(session);
        var value = ((ulong)Second(_time.GetTimestamp()) << 32) | (uint)slot;
        var oldest = set;
        for (var at = set; at < set + Ways; at++)
        {
            var found = Volatile.Read(ref _keys[at]);
            if (found == key)
            {
                Volatile.Write(ref _values[at], value);
                return;
            }

            // An empty place has the value 0 and is the oldest of all.
            if (Volatile.Read(ref _values[at]) >> 32 < Volatile.Read(ref _values[oldest]) >> 32)
                oldest = at;
        }

        Volatile.Write(ref _keys[oldest], 0);
        Volatile.Write(ref _values[oldest], value);
        Volatile.Write(ref _keys[oldest], key);
    }

    private (ulong Key, int Set) Place(ulong session)
    {
        // Zero marks an empty place.
        var key = Dice.Mix(session) | 1;
        return (key, (int)Math.BigMul(key, _sets, out _) * Ways);
    }

    // From one, so that no session in use looks like an empty place.
    private uint Second(long now) => (uint)((now - _start) / _time.TimestampFrequency) + 1;
}
