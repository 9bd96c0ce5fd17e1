namespace Comox.Gateway.LoadBalancing;

/// <summary>
/// Random numbers from a seed, for many threads at once and without a lock: SplitMix64 over an atomic counter. A seeded <see cref="Random"/> may be used by
/// one thread only. https://prng.di.unimi.it/splitmix64.c
/// </summary>
internal sealed class Dice(ulong seed)
{
    private ulong _state = seed;

    public ulong Next() => Mix(Interlocked.Add(ref _state, 0x9E3779B97F4A7C15));

    /// <summary>Below <paramref name="limit"/>, which is above zero.</summary>
    public int Next(int limit) => (int)Math.BigMul(Next(), (ulong)limit, out _);

    /// <summary>From 0 to below 1.</summary>
    public double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Spreads a number over all 64 bits; the same for the same number.</summary>
    public static ulong Mix(ulong number)
    {
        number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9;
        number = (number ^ (number >> 27)) * 0x94D049BB133111EB;
        return number ^ (number >> 31);
    }
}
