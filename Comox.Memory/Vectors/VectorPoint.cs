namespace Comox.Memory.Vectors;

/// <summary>What was embedded. Stored as its number: never renumber.</summary>
internal enum VectorKind
{
    Turn = 1,
    Fact = 2,
    Summary = 3,
}

/// <summary>
/// The vectors of one embedding model. Spaces never mix: two models, or two sizes of one model, are two spaces, and a query sees one of them.
/// </summary>
/// <param name="Model">The model's public name, as the gateway knows it: 1 to 200 characters.</param>
/// <param name="Dimension">How many numbers a vector has: 1 to 8192.</param>
internal sealed record VectorSpace(string Model, int Dimension);

/// <summary>A vector and what it may be found by. Whose it is stands beside it: <see cref="IVectorStore.UpsertAsync"/>.</summary>
internal sealed record VectorPoint
{
    /// <summary>Unique within its subject and space; a second point with the same id replaces the first. 1 to 200 characters, as are the other names.</summary>
    public required string Id { get; init; }

    /// <summary>The character whose conversation it is.</summary>
    public required string Character { get; init; }

    public required string Session { get; init; }

    /// <summary>The turn it comes from: when that turn goes, it goes.</summary>
    public required string Turn { get; init; }

    /// <summary>The characters who perceived it, <see cref="Character"/> only if it is among them.</summary>
    public required IReadOnlyList<string> Witnesses { get; init; }

    public required VectorKind Kind { get; init; }

    /// <summary>When it was said; kept to the millisecond.</summary>
    public required DateTimeOffset SaidAt { get; init; }

    /// <summary>As the model gave it, of any length but zero; only its direction is kept.</summary>
    public required ReadOnlyMemory<float> Vector { get; init; }
}

/// <summary>Which points: those that meet every condition that is set. There is none without a subject.</summary>
internal sealed record VectorFilter
{
    /// <summary>The person: 1 to 512 characters.</summary>
    public required string Subject { get; init; }

    public string? Character { get; init; }

    /// <summary>A character that is among <see cref="VectorPoint.Witnesses"/>.</summary>
    public string? Witness { get; init; }

    public string? Session { get; init; }
    public string? Turn { get; init; }

    /// <summary>Any of these; null: every kind.</summary>
    public IReadOnlyList<VectorKind>? Kinds { get; init; }

    /// <summary>Said at this time or later.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Said before this time.</summary>
    public DateTimeOffset? Before { get; init; }
}

/// <param name="Filter">Where to look.</param>
/// <param name="Vector">What to be near to, in the space that is asked; not zero.</param>
/// <param name="Count">How many at most: 1 to 1000.</param>
internal sealed record VectorQuery(VectorFilter Filter, ReadOnlyMemory<float> Vector, int Count);

/// <param name="Id">The point's id.</param>
/// <param name="Turn">The turn it comes from.</param>
/// <param name="Similarity">The cosine of the angle between the two vectors: −1 to 1, 1 is the same direction.</param>
internal sealed record VectorMatch(string Id, string Turn, double Similarity)
{
    /// <summary>Most similar first; what is equally similar, by id, so that the same question has the same answer.</summary>
    public static readonly IComparer<VectorMatch> Order = Comparer<VectorMatch>.Create((one, other) =>
        other.Similarity.CompareTo(one.Similarity) is var nearer and not 0 ? nearer : string.CompareOrdinal(one.Id, other.Id));
}
