using System.Data.Common;
using Comox.Memory.Diagnostics;
using Comox.Memory.Identity;
using Comox.Memory.Sessions;
using Comox.ServiceDefaults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Comox.Memory.Storage;

/// <summary>Brings the database to the current schema before the first request is taken.</summary>
internal sealed class DatabaseStart(MemoryDbFactory databases, ExampleCharacters examples, ILogger<DatabaseStart> log) : IHostedLifecycleService
{
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var db = databases.Open();
            await MigrateAsync(db, cancellationToken);
            await LogBackfill.RunAsync(db, cancellationToken);
        }
        catch (DbException problem)
        {
            throw new StartupProblem($"The memory database, {databases.Description}, cannot be opened: {problem.Message}", databases.WayOut, problem);
        }

        MemoryLog.DatabaseReady(log, databases.Description);
        await examples.AddOnceAsync(cancellationToken);
    }

    private static async Task MigrateAsync(MemoryDb db, CancellationToken cancellation)
    {
        // On SQLite the migrator's lock is a row, which a killed process leaves behind for every later start to wait on. The data folder is ours alone, so
        // nobody can be holding it.
        if (db is SqliteMemoryDb)
        {
            if (!(await db.Database.GetPendingMigrationsAsync(cancellation)).Any())
                return;
            await db.Database.ExecuteSqlRawAsync("""DROP TABLE IF EXISTS "__EFMigrationsLock";""", cancellation);
        }

        await db.Database.MigrateAsync(cancellation);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>Ready while the database answers a query.</summary>
internal sealed class MemoryDbCheck(MemoryDbFactory databases) : IHealthCheck
{
    public const string Name = "memory-db";

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await using var db = databases.Open();
            await db.Marks.AnyAsync(cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (DbException problem)
        {
            return HealthCheckResult.Unhealthy($"{databases.Description} does not answer.", problem);
        }
    }
}
