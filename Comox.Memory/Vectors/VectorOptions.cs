namespace Comox.Memory.Vectors;

/// <summary>The section <c>Comox:Memory:Vectors</c>. Where Qdrant is, if there is one, is a connection string: <see cref="Qdrant.QdrantConnection"/>.</summary>
internal sealed record VectorOptions
{
    public const string Section = "Comox:Memory:Vectors";

    /// <summary>MiB that vectors kept in a file may take in memory, all people together. 100,000 vectors of 384 numbers take 41.</summary>
    public int CacheMegabytes { get; init; } = 256;

    /// <summary>The longest wait for one answer of Qdrant, over all attempts.</summary>
    public TimeSpan QdrantTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>What the names of our collections begin with: two installations on one Qdrant need two.</summary>
    public string CollectionPrefix { get; init; } = "comox";

    /// <summary>The longest wait for the embeddings of one batch. An engine that has to load its model first takes a while.</summary>
    public TimeSpan EmbedTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How many texts are embedded with one request.</summary>
    public int EmbedBatch { get; init; } = 32;

    public IEnumerable<string> Problems()
    {
        if (CacheMegabytes is < 1 or > 1024 * 1024)
            yield return $"{Section}:{nameof(CacheMegabytes)} is {CacheMegabytes}; it must be between 1 and 1048576 MiB.";
        if (QdrantTimeout < TimeSpan.FromMilliseconds(100) || QdrantTimeout > TimeSpan.FromMinutes(5))
            yield return $"{Section}:{nameof(QdrantTimeout)} is {QdrantTimeout}; it must be between 0.1 s and 5 min.";
        // A hyphen would make "comox" own the collections of "comox-test".
        if (CollectionPrefix.Length is < 1 or > 40 || !CollectionPrefix.All(char.IsAsciiLetterOrDigit))
            yield return $"{Section}:{nameof(CollectionPrefix)} is '{CollectionPrefix}'; it must be 1 to 40 letters and digits.";
        if (EmbedTimeout < TimeSpan.FromMilliseconds(100) || EmbedTimeout > TimeSpan.FromHours(1))
            yield return $"{Section}:{nameof(EmbedTimeout)} is {EmbedTimeout}; it must be between 0.1 s and 1 h.";
        if (EmbedBatch is < 1 or > 2048)
            yield return $"{Section}:{nameof(EmbedBatch)} is {EmbedBatch}; it must be between 1 and 2048 texts.";
    }
}
