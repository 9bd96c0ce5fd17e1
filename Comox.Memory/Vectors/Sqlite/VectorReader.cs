using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace Comox.Memory.Vectors.Sqlite;

/// <param name="Matches">The answer; null: no copy in memory could give it.</param>
/// <param name="MayBeLoaded">Whether one could: it would fit, and would be of use.</param>
internal readonly record struct VectorScan(VectorMatch[]? Matches, bool MayBeLoaded)
{
    public static readonly VectorScan Nothing = new([], false);
}

/// <summary>Questions to the file and to the copies in memory.</summary>
internal sealed class VectorReader(SqliteConnection connection, PartitionCache cache)
{
    public const string FindSpace = "SELECT id FROM spaces WHERE model = $model AND dimension = $dimension";

    /// <summary>Answers from memory, if that is up to date. A turn has few points, which the file finds by an index.</summary>
    public VectorScan Scan(VectorSpace space, VectorQuery query, float[] unit, CancellationToken cancellation)
    {
        if (query.Filter.Turn is not null)
            return new VectorScan(null, false);
        // One state of the file for all of it: what a writer does between the scan and the reading of vectors is not seen.
        using var state = connection.BeginTransaction(deferred: true);
        if (PartitionOf(space, query.Filter.Subject) is not { } partition)
            return VectorScan.Nothing;
        if (cache.Find(partition.Space, query.Filter.Subject)?.Candidates(partition.Version, new VectorCode.Query(unit), query.Filter, query.Count, cancellation) is { } candidates)
            return new VectorScan(Nearest(partition.Space, query, unit, candidates), true);
        return new VectorScan(null, VectorPartition.SizeOf(partition.Count, space.Dimension) <= cache.MaxBytes);
    }

    /// <summary>Reads a partition into memory, unless somebody else just has. Only for whoever may write: nothing changes meanwhile.</summary>
    public void Load(VectorSpace space, string subject)
    {
        if (PartitionOf(space, subject) is not { } partition || cache.Find(partition.Space, subject)?.Version == partition.Version)
            return;
        var copy = new VectorPartition(space.Dimension, partition.Version);
        copy.Put(RowsOf(partition.Space, subject), partition.Version);
        cache.Add(partition.Space, subject, copy);
    }

    /// <summary>Answers from the file: slow, exact, and in no memory to speak of.</summary>
    public VectorMatch[] LookThrough(VectorSpace space, VectorQuery query, float[] unit, CancellationToken cancellation)
    {
        if (PartitionOf(space, query.Filter.Subject) is not { } partition)
            return [];
        var best = new TopMatches(query.Count);
        var condition = VectorCondition.Of(query.Filter);
        using var select = condition.Statement(connection, $"SELECT id, turn, vector FROM points WHERE space = $space AND {condition.Sql}", ("$space", partition.Space));
        using var reader = select.ExecuteReader();
        while (reader.Read())
        {
            cancellation.ThrowIfCancellationRequested();
            best.Offer(MatchOf(reader, unit));
        }

        return best.ToArray();
    }

    public long Count(VectorSpace space, VectorFilter filter)
    {
        if (PartitionOf(space, filter.Subject) is not { } partition)
            return 0;
        var condition = VectorCondition.Of(filter);
        using var count = condition.Statement(connection, $"SELECT count(*) FROM points WHERE space = $space AND {condition.Sql}", ("$space", partition.Space));
        return (long)count.ExecuteScalar()!;
    }

    private VectorMatch[] Nearest(long space, VectorQuery query, float[] unit, List<(long Row, double Highest)> candidates)
    {
        // The filter is asked again: whatever may be wrong with a copy in memory, nobody is told what is somebody else's.
        var condition = VectorCondition.Of(query.Filter);
        using var select = condition.Statement(connection, $"SELECT id, turn, vector FROM points WHERE row = $row AND space = $space AND {condition.Sql}", ("$space", space), ("$row", 0L));
        var row = select.Parameters["$row"];
        select.Prepare();

        var best = new TopMatches(query.Count);
        foreach (var (candidate, highest) in candidates)
        {
            if (highest < best.Floor)
                break;
            row.Value = candidate;
            using var reader = select.ExecuteReader();
            if (reader.Read())
                best.Offer(MatchOf(reader, unit));
        }

        return best.ToArray();
    }

    private (long Space, long Version, long Count)? PartitionOf(VectorSpace space, string subject)
    {
        using var select = connection.Statement(
            $"SELECT space, version, count FROM partitions WHERE space = ({FindSpace}) AND subject = $subject",
            ("$model", space.Model), ("$dimension", space.Dimension), ("$subject", subject));
        using var reader = select.ExecuteReader();
        return reader.Read() ? (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2)) : null;
    }

    private IEnumerable<VectorRow> RowsOf(long space, string subject)
    {
        using var select = connection.Statement(
            "SELECT row, character, session, witnesses, kind, said_at, vector FROM points WHERE space = $space AND subject = $subject ORDER BY row",
            ("$space", space), ("$subject", subject));
        using var reader = select.ExecuteReader();
        while (reader.Read())
        {
            yield return new VectorRow(
                reader.GetInt64(0), reader.GetString(1), reader.GetString(2),
                JsonSerializer.Deserialize(reader.GetString(3), VectorJson.Default.StringArray)!,
                (VectorKind)reader.GetInt32(4), reader.GetInt64(5), FloatsOf(reader, 6));
        }
    }

    private static VectorMatch MatchOf(SqliteDataReader reader, float[] unit) =>
        new(reader.GetString(0), reader.GetString(1), VectorMath.Similarity(unit, FloatsOf(reader, 2)));

    // Not by stream: for a row that has an id that would open a handle of its own on every blob.
    private static float[] FloatsOf(SqliteDataReader reader, int column) => MemoryMarshal.Cast<byte, float>(reader.GetFieldValue<byte[]>(column)).ToArray();
}
