using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace Comox.Memory.Vectors.Sqlite;

/// <summary>Changes of the file, each one transaction, and then of the copies in memory. One writer at a time.</summary>
internal sealed class VectorWriter(SqliteConnection connection, PartitionCache cache)
{
    public void Ensure(VectorSpace space) => SpaceOf(space);

    public void Upsert(VectorSpace space, string subject, IReadOnlyList<VectorPoint> points)
    {
        using var transaction = connection.BeginTransaction();
        var spaceId = SpaceOf(space);
        var before = connection.Scalar("SELECT version FROM partitions WHERE space = $space AND subject = $subject", ("$space", spaceId), ("$subject", subject));
        var highest = connection.Scalar("SELECT seq FROM sqlite_sequence WHERE name = 'points'") ?? 0;
        var rows = Put(spaceId, subject, points);

        // A row is never used twice, so one that is higher than all before is new.
        var added = rows.Keys.Count(row => row > highest);
        var version = Tick();
        connection.Run(
            """
            INSERT INTO partitions (space, subject, version, count) VALUES ($space, $subject, $version, $added)
            ON CONFLICT (space, subject) DO UPDATE SET version = $version, count = count + $added
            """,
            ("$space", spaceId), ("$subject", subject), ("$version", version), ("$added", added));
        transaction.Commit();

        if (cache.Find(spaceId, subject) is not { } copy)
            return;
        if (copy.Version == before)
            copy.Put(rows.Values, version);
        cache.Trim();
    }

    public bool Delete(string subject, VectorCondition condition)
    {
        using var transaction = connection.BeginTransaction();
        var rows = new List<(long Space, long Row)>();
        // Naming the spaces lets the index on space, subject and id be used for ids.
        using (var delete = condition.Statement(connection, $"DELETE FROM points WHERE space IN (SELECT id FROM spaces) AND {condition.Sql} RETURNING space, row"))
        using (var reader = delete.ExecuteReader())
        {
            while (reader.Read())
                rows.Add((reader.GetInt64(0), reader.GetInt64(1)));
        }

        var changes = rows.GroupBy(row => row.Space, row => row.Row)
            .Select(space => (Space: space.Key, Rows: space.ToList(), Before: VersionOf(space.Key, subject), After: Tick()))
            .ToList();
        foreach (var (space, gone, _, after) in changes)
        {
            connection.Run(
                "UPDATE partitions SET version = $version, count = count - $gone WHERE space = $space AND subject = $subject",
                ("$space", space), ("$subject", subject), ("$version", after), ("$gone", gone.Count));
        }

        // Not even the name of somebody who is to be forgotten stays.
        connection.Run("DELETE FROM partitions WHERE subject = $subject AND count = 0", ("$subject", subject));
        transaction.Commit();

        foreach (var (space, gone, before, after) in changes)
        {
            if (VersionOf(space, subject) is null || cache.Find(space, subject) is not { } copy || copy.Version != before || !copy.Remove(gone, after))
                cache.Remove(space, subject);
        }

        return rows.Count > 0;
    }

    private long? VersionOf(long space, string subject) =>
        connection.Scalar("SELECT version FROM partitions WHERE space = $space AND subject = $subject", ("$space", space), ("$subject", subject));

    private long SpaceOf(VectorSpace space) =>
        connection.Scalar(VectorReader.FindSpace, ("$model", space.Model), ("$dimension", space.Dimension))
        ?? connection.Scalar("INSERT INTO spaces (model, dimension) VALUES ($model, $dimension) RETURNING id", ("$model", space.Model), ("$dimension", space.Dimension))!.Value;

    private long Tick() => connection.Scalar("UPDATE clock SET value = value + 1 RETURNING value")!.Value;

    private SortedDictionary<long, VectorRow> Put(long space, string subject, IReadOnlyList<VectorPoint> points)
    {
        using var put = connection.Statement(
            """
            INSERT INTO points (space, subject, id, character, session, turn, witnesses, kind, said_at, vector)
            VALUES ($space, $subject, $id, $character, $session, $turn, $witnesses, $kind, $said_at, $vector)
            ON CONFLICT (space, subject, id) DO UPDATE SET
                character = $character, session = $session, turn = $turn, witnesses = $witnesses, kind = $kind, said_at = $said_at, vector = $vector
            RETURNING row
            """,
            ("$space", space), ("$subject", subject));
        var rows = new SortedDictionary<long, VectorRow>();
        foreach (var point in points)
        {
            var unit = VectorMath.Unit(point.Vector.Span);
            var saidAt = point.SaidAt.ToUnixTimeMilliseconds();
            Set("$id", point.Id);
            Set("$character", point.Character);
            Set("$session", point.Session);
            Set("$turn", point.Turn);
            Set("$witnesses", JsonSerializer.Serialize(point.Witnesses, VectorJson.Default.IReadOnlyListString));
            Set("$kind", (long)point.Kind);
            Set("$said_at", saidAt);
            Set("$vector", MemoryMarshal.AsBytes<float>(unit).ToArray());
            var row = (long)put.ExecuteScalar()!;
            rows[row] = new VectorRow(row, point.Character, point.Session, point.Witnesses, point.Kind, saidAt, unit);
        }

        return rows;

        void Set(string name, object value)
        {
            if (put.Parameters.Contains(name))
                put.Parameters[name].Value = value;
            else
                put.Parameters.AddWithValue(name, value);
        }
    }
}
