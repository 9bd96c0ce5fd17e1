namespace Comox.Gateway.Diagnostics.Prometheus;

/// <summary>Compares the tags of two measurements as they came, so that a series is found again without making anything of them.</summary>
internal sealed class MetricTags : IEqualityComparer<KeyValuePair<string, object?>[]>, IAlternateEqualityComparer<ReadOnlySpan<KeyValuePair<string, object?>>, KeyValuePair<string, object?>[]>
{
    public static MetricTags Comparer { get; } = new();

    public bool Equals(KeyValuePair<string, object?>[]? one, KeyValuePair<string, object?>[]? other) =>
        ReferenceEquals(one, other) || (one is not null && other is not null && Equals(one.AsSpan(), other));

    public bool Equals(ReadOnlySpan<KeyValuePair<string, object?>> one, KeyValuePair<string, object?>[] other)
    {
        if (one.Length != other.Length)
            return false;
        for (var i = 0; i < other.Length; i++)
        {
            if (one[i].Key != other[i].Key || !object.Equals(one[i].Value, other[i].Value))
                return false;
        }

        return true;
    }

    public int GetHashCode(KeyValuePair<string, object?>[] tags) => GetHashCode(tags.AsSpan());

    public int GetHashCode(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var hash = default(HashCode);
        foreach (var (key, value) in tags)
        {
            hash.Add(key);
            hash.Add(value);
        }

        return hash.ToHashCode();
    }

    public KeyValuePair<string, object?>[] Create(ReadOnlySpan<KeyValuePair<string, object?>> tags) => tags.ToArray();
}
