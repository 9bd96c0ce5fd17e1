namespace Comox.Gateway.Fallback;

/// <summary>
/// One budget for every second attempt of the whole gateway: retries, fallbacks, continuations and hedges. Limits per request multiply (three retries of four
/// pools are twelve attempts, just when everything is failing); a share of the real traffic cannot. Safe for all threads; counting a request takes no lock.
/// </summary>
internal sealed class RetryBudget(RetryBudgetOptions options, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly long _start = time.GetTimestamp();

    // One per second of the window: the second above, what was counted in it below.
    private readonly long[] _requests = new long[(int)options.Window.TotalSeconds];
    private readonly long[] _attempts = new long[(int)options.Window.TotalSeconds];

    /// <summary>Second attempts that may be made at this moment.</summary>
    public int Left
    {
        get
        {
            var second = Second();
            return (int)Math.Max(0, Math.Floor(Allowed(second)) - Sum(_attempts, second));
        }
    }

    /// <summary>A request came; once for each, however often it is attempted.</summary>
    public void CountRequest() => Count(_requests, Second());

    /// <returns>Whether a second attempt may be made; it is then counted.</returns>
    public bool TryTake()
    {
        lock (_lock)
        {
            var second = Second();
            if (Sum(_attempts, second) + 1 > Allowed(second))
                return false;
            Count(_attempts, second);
            return true;
        }
    }

    private double Allowed(uint second) => (options.Ratio * Sum(_requests, second)) + (options.MinPerSecond * _requests.Length);

    private static void Count(long[] buckets, uint second)
    {
        ref var bucket = ref buckets[second % buckets.Length];
        var seen = Volatile.Read(ref bucket);
        while (true)
        {
            // A thread that was held up must not wipe a later second with an earlier one.
            if ((uint)(seen >> 32) > second)
                return;
            var next = (uint)(seen >> 32) == second ? seen + 1 : ((long)second << 32) | 1;
            var found = Interlocked.CompareExchange(ref bucket, next, seen);
            if (found == seen)
                return;
            seen = found;
        }
    }

    private static long Sum(long[] buckets, uint second)
    {
        var sum = 0L;
        for (var at = 0; at < buckets.Length; at++)
        {
            var bucket = Volatile.Read(ref buckets[at]);
            if ((long)(uint)(bucket >> 32) > (long)second - buckets.Length)
                sum += (uint)bucket;
        }

        return sum;
    }

    // From the window's length on, so that an empty bucket is never one of the window.
    private uint Second() => (uint)(time.GetElapsedTime(_start).Ticks / TimeSpan.TicksPerSecond) + (uint)_requests.Length;
}
