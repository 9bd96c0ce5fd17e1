using System.Collections.Concurrent;
using System.Data.Common;
using Comox.Memory.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Memory.Tests;

/// <summary>Contexts on a host's database that say how many rows were read, by the table that a command begins with.</summary>
internal sealed class CountedReads : DbCommandInterceptor
{
    private readonly ConcurrentQueue<(string Command, int Rows)> _reads = new();

    /// <summary>Run before each command that reads, with its text.</summary>
    public Func<string, Task> Before { get; set; } = _ => Task.CompletedTask;

    public int Commands => _reads.Count;

    public MemoryDb Open(MemoryHost memory)
    {
        using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        var connection = db.Database.GetConnectionString()!;
        return db is SqliteMemoryDb
            ? new SqliteMemoryDb(new DbContextOptionsBuilder<SqliteMemoryDb>(MemoryDbFactory.Sqlite(connection)).AddInterceptors(this).Options)
            : new PostgresMemoryDb(new DbContextOptionsBuilder<PostgresMemoryDb>(MemoryDbFactory.Postgres(connection)).AddInterceptors(this).Options);
    }

    public int RowsOf(string table) => _reads.Where(read => Table(read.Command) == table).Sum(read => read.Rows);

    /// <summary>The same for the commands that read a column of it.</summary>
    public int RowsOf(string table, string column) => _reads.Where(read => Table(read.Command) == table && (read.Command.Contains($"\"{column}\"", StringComparison.Ordinal) || read.Command.Contains($".{column}", StringComparison.Ordinal))).Sum(read => read.Rows);

    /// <summary>Rows of the first command on a table.</summary>
    public int First(string table) => _reads.First(read => read.Command.Contains(table, StringComparison.Ordinal)).Rows;

    public void Clear() => _reads.Clear();

    public override async ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result, CancellationToken cancellationToken = default)
    {
        await Before(command.CommandText);
        return result;
    }

    public override ValueTask<InterceptionResult> DataReaderClosingAsync(DbCommand command, DataReaderClosingEventData eventData, InterceptionResult result)
    {
        // The last reading finds the end.
        _reads.Enqueue((command.CommandText, Math.Max(0, eventData.ReadCount - 1)));
        return base.DataReaderClosingAsync(command, eventData, result);
    }

    private static string Table(string command) => command.Split("FROM ", 2) is [_, var from] ? from.TrimStart('"').Split('"', ' ')[0] : "";
}
