namespace Comox.NodeAgent.ModelCache;

/// <summary>Something in the cache that can go as a whole: a GGUF model with its parts, or the other files of a repository.</summary>
/// <param name="Id">Of the cache's own.</param>
/// <param name="Bytes">What its going gives.</param>
/// <param name="ReloadSeconds">How long it would take to have it again.</param>
/// <param name="Frequency">Uses, older ones counting less.</param>
/// <param name="Pinned">It may not go: by the settings, or because it could not be had again.</param>
/// <param name="Open">It is being used or fetched.</param>
internal sealed record Evictable(string Id, long Bytes, double ReloadSeconds, double Frequency, bool Pinned, bool Open)
{
    /// <summary>
    /// Seconds of waiting that each freed byte is expected to cost. The size counts through what goes beside it: by seconds alone a drive would be cleared of many
    /// small models to keep one large one (GreedyDual-Size, Cao and Irani 1997).
    /// </summary>
    public double CostPerByte => Frequency * ReloadSeconds / Math.Max(1, Bytes);

    public bool MayGo => !Pinned && !Open && Bytes > 0;
}

/// <summary>Which models make room.</summary>
internal static class CacheEviction
{
    /// <returns>What must go to free <paramref name="bytes"/>: the cheapest to lose, and none too many; null when all that may go is not enough.</returns>
    public static IReadOnlyList<Evictable>? Choose(IEnumerable<Evictable> models, long bytes) => MakingRoom.Choose(
        models.Where(model => model.MayGo).OrderBy(model => model.CostPerByte).ThenByDescending(model => model.Bytes).ThenBy(model => model.Id, StringComparer.Ordinal),
        model => model.Bytes,
        bytes);
}
