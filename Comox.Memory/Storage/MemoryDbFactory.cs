using System.Data.Common;
using Comox.ServiceDefaults;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Storage;

namespace Comox.Memory.Storage;

/// <summary>Opens the database: PostgreSQL where <c>ConnectionStrings:comoxdb</c> is set, else the SQLite file in the data folder.</summary>
internal sealed class MemoryDbFactory
{
    public const string ConnectionName = "comoxdb";

    private readonly Func<MemoryDb> _open;

    public MemoryDbFactory(IConfiguration configuration, ComoxHome home)
    {
        if (configuration.GetConnectionString(ConnectionName) is { Length: > 0 } connection)
        {
            var postgres = Postgres(connection);
            _open = () => new PostgresMemoryDb(postgres);
            Description = "PostgreSQL";
            WayOut = $"Check that the server runs and that ConnectionStrings:{ConnectionName} names it, with a user who may create tables.";
        }
        else
        {
            var file = Path.Combine(home.Folder("memory"), "memory.db");
            var sqlite = Sqlite(new SqliteConnectionStringBuilder { DataSource = file, DefaultTimeout = 30, ForeignKeys = true }.ToString());
            _open = () => new SqliteMemoryDb(sqlite);
            Description = $"SQLite ({file})";
            WayOut = $"If the file is damaged, move it away or restore a copy; {ComoxHome.Setting} names another data folder.";
        }
    }

    /// <summary>Which database it is, for a person; without secrets.</summary>
    public string Description { get; }

    /// <summary>What to do when it cannot be opened.</summary>
    public string WayOut { get; }

    public MemoryDb Open() => _open();

    /// <summary>
    /// Words that were deleted are gone from the files, too. SQLite's log keeps the pages as they were until it is begun anew, and the file those that a checkpoint has not reached. Where somebody
    /// reads at this moment, or the disk fails, the next deletion does it: the deletion itself is done, whoever waits for it or not.
    /// </summary>
    public async Task ForgetAsync()
    {
        await using var db = Open();
        if (db is not SqliteMemoryDb)
            return;
        try
        {
            await db.Database.ExecuteSqlRawAsync("PRAGMA busy_timeout=500; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA busy_timeout=10000;", CancellationToken.None);
        }
        catch (SqliteException)
        {
            // As it would be without this.
        }
    }

    internal static DbContextOptions<SqliteMemoryDb> Sqlite(string connection) =>
        new DbContextOptionsBuilder<SqliteMemoryDb>()
            // A list is one parameter, as on PostgreSQL: SQLite takes 32,766 in a statement, and a conversation may have more turns.
            .UseSqlite(connection, sqlite => sqlite.MigrationsHistoryTable("migrations").UseParameterizedCollectionMode(ParameterTranslationMode.Parameter))
            .AddInterceptors(DurableSqlite.Instance)
            .Options;

    internal static DbContextOptions<PostgresMemoryDb> Postgres(string connection) =>
        new DbContextOptionsBuilder<PostgresMemoryDb>()
            // Npgsql's own strategy tries nothing again either, but hides what is wrong in an InvalidOperationException, which nobody takes for a lost server.
            .UseNpgsql(connection, postgres => postgres.MigrationsHistoryTable("memory_migrations").ExecutionStrategy(dependencies => new NonRetryingExecutionStrategy(dependencies)))
            .Options;

    /// <summary>
    /// WAL with synchronous=FULL: a commit returns after the log is on the disk, so that an acknowledged turn survives the loss of the process
    /// and of power. Both are settings of a connection (WAL also of the file), hence on every opening. What is deleted is overwritten: a talk that a person deletes is not to be read from the file's free pages.
    /// </summary>
    private sealed class DurableSqlite : DbConnectionInterceptor
    {
        public static readonly DurableSqlite Instance = new();

        private const string Pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA busy_timeout=10000;";

        public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData)
        {
            using var command = connection.CreateCommand();
            command.CommandText = Pragmas;
            command.ExecuteNonQuery();
        }

        public override async Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
        {
            await using var command = connection.CreateCommand();
            command.CommandText = Pragmas;
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }
}
