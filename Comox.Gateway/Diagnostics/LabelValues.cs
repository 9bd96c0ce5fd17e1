using System.Collections.Concurrent;

namespace Comox.Gateway.Diagnostics;

/// <summary>
/// The values one label has had. Every value is a time series that the gateway and every database behind it keep, so their number has an end:
/// what comes after it is counted together.
/// </summary>
internal sealed class LabelValues(int limit = LabelValues.Limit)
{
    public const int Limit = 1_000;
    public const string Other = "other";

    private readonly ConcurrentDictionary<string, string> _known = new(StringComparer.Ordinal);
    private int _count;

    /// <returns>The value itself, or <see cref="Other"/> where the label has too many.</returns>
    public string Bound(string value)
    {
        if (_known.TryGetValue(value, out var known))
            return known;
        if (Interlocked.Increment(ref _count) > limit)
        {
            Interlocked.Decrement(ref _count);
            return Other;
        }

        if (_known.TryAdd(value, value))
            return value;
        Interlocked.Decrement(ref _count);
        return value;
    }
}
