namespace Comox.Memory.Vectors.Qdrant;

/// <summary>The payload's fields that are filtered by, and filters of ours in Qdrant's words.</summary>
internal static class QdrantFields
{
    private const string Subject = "subject";
    private const string Id = "id";
    private const string Character = "character";
    private const string Session = "session";
    private const string Turn = "turn";
    private const string Witnesses = "witnesses";
    private const string Kind = "kind";
    private const string SaidAt = "said_at";

    /// <summary>
    /// Every field that a filter can name has an index; <c>is_tenant</c> stores a person's points together (https://qdrant.tech/documentation/manage-data/multitenancy/).
    /// </summary>
    public static readonly IReadOnlyList<QdrantNewIndex> Indexes =
    [
        new(Subject, new("keyword") { IsTenant = true }),
        new(Character, new("keyword")),
        new(Session, new("keyword")),
        new(Turn, new("keyword")),
        new(Witnesses, new("keyword")),
        new(Kind, new("keyword")),
        new(SaidAt, new("integer") { Lookup = false, Range = true }),
    ];

    /// <summary>What a match is told with.</summary>
    public static readonly IReadOnlyList<string> OfMatch = [Id, Turn];

    public static QdrantPayload PayloadOf(string subject, VectorPoint point) =>
        new(subject, point.Id, point.Character, point.Session, point.Turn, point.Witnesses, NameOf(point.Kind), point.SaidAt.ToUnixTimeMilliseconds());

    public static QdrantFilter FilterOf(VectorFilter filter)
    {
        List<QdrantCondition> must = [Equal(Subject, filter.Subject)];
        if (filter.Character is not null)
            must.Add(Equal(Character, filter.Character));
        if (filter.Session is not null)
            must.Add(Equal(Session, filter.Session));
        if (filter.Turn is not null)
            must.Add(Equal(Turn, filter.Turn));
        // A match on an array holds where one of its elements is equal.
        if (filter.Witness is not null)
            must.Add(Equal(Witnesses, filter.Witness));
        if (filter.Kinds is not null)
            must.Add(new QdrantCondition { Key = Kind, Match = new QdrantMatch { Any = [.. filter.Kinds.Select(NameOf).Distinct(StringComparer.Ordinal)] } });
        if (filter.From is not null || filter.Before is not null)
            must.Add(new QdrantCondition { Key = SaidAt, Range = new QdrantRange(MillisecondOf(filter.From), MillisecondOf(filter.Before)) });
        return new QdrantFilter(must);
    }

    /// <summary>The ids alone would do, as the subject is part of each; that it is asked for as well is what the store promises.</summary>
    public static QdrantFilter FilterOf(string subject, IEnumerable<string> ids) =>
        new([Equal(Subject, subject), new QdrantCondition { HasId = [.. ids.Select(id => QdrantNames.PointOf(subject, id)).Distinct()] }]);

    private static QdrantCondition Equal(string key, string value) => new() { Key = key, Match = new QdrantMatch { Value = value } };

    private static string NameOf(VectorKind kind) => kind switch
    {
        VectorKind.Turn => "turn",
        VectorKind.Fact => "fact",
        VectorKind.Summary => "summary",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "A kind without a name; give it one here."),
    };

    private static long? MillisecondOf(DateTimeOffset? time) => time is { } known ? VectorTime.FirstMillisecond(known) : null;
}
