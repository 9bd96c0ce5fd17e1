using Comox.ServiceDefaults;
using Microsoft.Data.Sqlite;

namespace Comox.Memory.Vectors.Sqlite;

/// <summary>
/// <c>memory/vectors.db</c> in the data folder. A file of its own: it can be thrown away and made again from the turns, it is there for those who keep turns in PostgreSQL
/// but run no Qdrant, and its writes do not wait for those of a conversation. Made with the first vector.
/// </summary>
internal sealed class VectorFile(ComoxHome home)
{
    private const int Version = 1;

    /// <summary>As for the memory's own database: what was acknowledged survives a power cut, and what was deleted is overwritten.</summary>
    private const string Pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA busy_timeout=10000; PRAGMA foreign_keys=ON;";

    /// <summary>
    /// A partition is what one person has in one space. Its version is drawn from one clock that never goes back, also not when a partition goes and comes again: who holds a
    /// partition in memory sees by it whether that is still the file's. Rows are never used twice, for the same reason.
    /// </summary>
    private const string Schema = """
        CREATE TABLE clock (value INTEGER NOT NULL);
        INSERT INTO clock VALUES (0);
        CREATE TABLE spaces (id INTEGER PRIMARY KEY, model TEXT NOT NULL, dimension INTEGER NOT NULL, UNIQUE (model, dimension));
        CREATE TABLE partitions (
            space INTEGER NOT NULL REFERENCES spaces (id), subject TEXT NOT NULL, version INTEGER NOT NULL, count INTEGER NOT NULL,
            PRIMARY KEY (space, subject)) WITHOUT ROWID;
        CREATE TABLE points (
            row INTEGER PRIMARY KEY AUTOINCREMENT, space INTEGER NOT NULL REFERENCES spaces (id), subject TEXT NOT NULL, id TEXT NOT NULL,
            character TEXT NOT NULL, session TEXT NOT NULL, turn TEXT NOT NULL, witnesses TEXT NOT NULL, kind INTEGER NOT NULL, said_at INTEGER NOT NULL,
            vector BLOB NOT NULL, UNIQUE (space, subject, id));
        CREATE INDEX points_partition ON points (space, subject);
        CREATE INDEX points_session ON points (subject, session);
        CREATE INDEX points_turn ON points (subject, turn);
        """;

    private readonly Lock _making = new();
    private volatile bool _ready;

    /// <summary>Absolute.</summary>
    public string Path { get; } = System.IO.Path.Combine(home.Folder("memory"), "vectors.db");

    /// <returns>An open connection; null where there is no file, and so no vector.</returns>
    public SqliteConnection? Open() => File.Exists(Path) ? OpenOrMake() : null;

    public SqliteConnection OpenOrMake()
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Path, DefaultTimeout = 30 }.ToString());
        try
        {
            connection.Open();
            connection.Run(Pragmas);
            if (!_ready)
                Make(connection);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private void Make(SqliteConnection connection)
    {
        lock (_making)
        {
            using var transaction = connection.BeginTransaction();
            switch (connection.Scalar("PRAGMA user_version;"))
            {
                case 0:
                    connection.Run(Schema + $"PRAGMA user_version={Version};");
                    break;
                case Version:
                    break;
                case var other:
                    throw new InvalidDataException($"{Path} has the format {other}; this version of Comox knows {Version}. Move it away, and it is made again.");
            }

            transaction.Commit();
            _ready = true;
        }
    }
}

/// <summary>The few calls that every statement here is made of.</summary>
internal static class VectorStatements
{
    public static SqliteCommand Statement(this SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object Value)> values)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in values)
            command.Parameters.AddWithValue(name, value);
        return command;
    }

    public static int Run(this SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object Value)> values)
    {
        using var command = connection.Statement(sql, values);
        return command.ExecuteNonQuery();
    }

    /// <returns>The number in the first column of the first row; null: no row.</returns>
    public static long? Scalar(this SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object Value)> values)
    {
        using var command = connection.Statement(sql, values);
        return command.ExecuteScalar() is long value ? value : null;
    }
}
