namespace Comox.NodeAgent;

/// <summary>Who goes when room is needed, in the cache as in memory.</summary>
internal static class MakingRoom
{
    /// <param name="cheapestFirst">All that may go, in the order in which their going is least of a loss.</param>
    /// <param name="bytesOf">What the going of one gives.</param>
    /// <param name="bytes">What is needed.</param>
    /// <returns>What must go, and none too many; null when all that may go is not enough.</returns>
    public static List<T>? Choose<T>(IEnumerable<T> cheapestFirst, Func<T, long> bytesOf, long bytes)
    {
        var going = new List<T>();
        long freed = 0;
        foreach (var item in cheapestFirst)
        {
            if (freed >= bytes)
                break;
            going.Add(item);
            freed += bytesOf(item);
        }

        if (freed < bytes)
            return null;

        // The last one taken may be large enough to spare some before it; the dearest of them first.
        for (var at = going.Count - 1; at >= 0; at--)
        {
            if (freed - bytesOf(going[at]) < bytes)
                continue;
            freed -= bytesOf(going[at]);
            going.RemoveAt(at);
        }

        return going;
    }
}
