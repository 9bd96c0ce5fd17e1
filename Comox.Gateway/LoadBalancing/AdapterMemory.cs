namespace Comox.Gateway.LoadBalancing;

/// <summary>Which LoRA adapters a backend used last. An approximation that is read without a lock: a race costs one load of an adapter at most.</summary>
internal sealed class AdapterMemory(TimeSpan maxAge, TimeProvider time)
{
    // More than engines keep on a GPU at once (vLLM's max_loras is 1 unless set).
    private const int Places = 16;

    private readonly ulong[] _adapters = new ulong[Places];
    private readonly long[] _usedAt = new long[Places];
    private readonly long _maxAge = (long)(maxAge.TotalSeconds * time.TimestampFrequency);

    /// <summary>A request with the adapter was sent, or the engine says that it has it.</summary>
    public void Touch(ulong adapter)
    {
        var now = time.GetTimestamp();
        var place = Array.IndexOf(_adapters, adapter);
        if (place < 0)
        {
            place = 0;
            for (var at = 1; at < Places; at++)
            {
                if (_usedAt[at] < _usedAt[place])
                    place = at;
            }
        }

        Volatile.Write(ref _adapters[place], adapter);
        // Zero is a place never used.
        Volatile.Write(ref _usedAt[place], Math.Max(1, now));
    }

    /// <summary>The engine says that it does not have it.</summary>
    public void Forget(ulong adapter)
    {
        if (Array.IndexOf(_adapters, adapter) is var place and >= 0)
            Volatile.Write(ref _usedAt[place], 0);
    }

    /// <summary>Whether it is likely to have the adapter; <paramref name="now"/> is a timestamp of the time provider.</summary>
    public bool Holds(ulong adapter, long now)
    {
        var place = Array.IndexOf(_adapters, adapter);
        return place >= 0 && Volatile.Read(ref _usedAt[place]) is var usedAt and not 0 && now - usedAt <= _maxAge;
    }
}
