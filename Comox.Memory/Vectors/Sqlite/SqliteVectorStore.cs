using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.Data.Sqlite;

namespace Comox.Memory.Vectors.Sqlite;

/// <summary>
/// Vectors in a file, found by looking at all of a person's. A query scans the codes in memory, a byte for each number, and reads the whole vectors of those that may be among
/// the nearest: the answer is exact. What would not fit into memory is read from the file. One process at a time: replicas of the service need Qdrant.
/// </summary>
internal sealed class SqliteVectorStore(VectorFile file, VectorOptions options, ILogger<SqliteVectorStore> log) : IVectorStore
{
    private readonly PartitionCache _cache = new(options.CacheMegabytes * 1024L * 1024);

    /// <summary>Held by whoever writes the file or fills the cache, so that the two stay one.</summary>
    private readonly SemaphoreSlim _writing = new(1);

    public string Description => $"SQLite ({file.Path})";

    /// <summary>The partitions in memory, in bytes.</summary>
    public long CachedBytes => _cache.Size;

    public async Task<ApiError?> EnsureAsync(VectorSpace space, CancellationToken cancellation) =>
        VectorChecks.Of(space) ?? await WriteAsync(connection => new VectorWriter(connection, _cache).Ensure(space), cancellation);

    public async Task<ApiError?> UpsertAsync(VectorSpace space, string subject, IReadOnlyList<VectorPoint> points, CancellationToken cancellation)
    {
        if (VectorChecks.Of(space, subject, points) is { } fault)
            return fault;
        return points.Count == 0 ? null : await WriteAsync(connection => new VectorWriter(connection, _cache).Upsert(space, subject, points), cancellation);
    }

    public string Kind => "sqlite";

    public Task<(bool IsNew, ApiError? Problem)> IsNewAsync(CancellationToken cancellation) => Task.FromResult<(bool, ApiError?)>((!File.Exists(file.Path), null));

    public async Task<ApiError?> DeleteAsync(string subject, IReadOnlyCollection<string> ids, CancellationToken cancellation)
    {
        if (VectorChecks.Of(subject, ids) is { } fault)
            return fault;
        return ids.Count == 0 ? null : await DeleteAsync(subject, VectorCondition.Of(subject, ids), cancellation);
    }

    public async Task<ApiError?> DeleteAsync(VectorFilter filter, CancellationToken cancellation) =>
        VectorChecks.Of(filter) ?? await DeleteAsync(filter.Subject, VectorCondition.Of(filter), cancellation);

    public async Task<ApiResult<VectorMatch[]>> QueryAsync(VectorSpace space, VectorQuery query, CancellationToken cancellation)
    {
        if (VectorChecks.Of(space, query) is { } fault)
            return fault;
        var unit = VectorMath.Unit(query.Vector.Span);

        // 1. A copy in memory of the version that is in the file answers.
        // 2. Where there is none, it is read first, and 1 is tried again: a writer may have been in between.
        // 3. Where it does not fit, or others keep pushing it out, the file itself is looked through.
        for (var attempt = 0; attempt < 2; attempt++)
        {
            var scanned = await ReadAsync(connection => new VectorReader(connection, _cache).Scan(space, query, unit, cancellation), VectorScan.Nothing, cancellation);
            if (!scanned.IsSuccess)
                return scanned.Error;
            if (scanned.Value.Matches is { } matches)
                return matches;
            if (!scanned.Value.MayBeLoaded)
                break;
            if (await LoadAsync(space, query.Filter.Subject).WaitAsync(cancellation) is { } failed)
                return failed;
        }

        return await ReadAsync(connection => new VectorReader(connection, _cache).LookThrough(space, query, unit, cancellation), [], cancellation);
    }

    public async Task<ApiResult<long>> CountAsync(VectorSpace space, VectorFilter filter, CancellationToken cancellation)
    {
        if ((VectorChecks.Of(space) ?? VectorChecks.Of(filter)) is { } fault)
            return fault;
        return await ReadAsync(connection => new VectorReader(connection, _cache).Count(space, filter), 0L, cancellation);
    }

    public async Task<ApiError?> CheckAsync(CancellationToken cancellation) =>
        (await ReadAsync(connection => connection.Scalar("SELECT value FROM clock"), null, cancellation)).Error;

    /// <summary>Goes on when nobody waits any more: whoever asks with little patience would otherwise begin it anew each time, and never have it.</summary>
    private Task<ApiError?> LoadAsync(VectorSpace space, string subject) =>
        WriteAsync(connection => new VectorReader(connection, _cache).Load(space, subject), CancellationToken.None);

    private Task<ApiError?> DeleteAsync(string subject, VectorCondition condition, CancellationToken cancellation) =>
        File.Exists(file.Path)
            ? WriteAsync(
                connection =>
                {
                    // The log keeps the pages as they were until it is begun anew, and what is to be forgotten is not to be read from there.
                    if (new VectorWriter(connection, _cache).Delete(subject, condition))
                        connection.Run("PRAGMA wal_checkpoint(TRUNCATE);");
                },
                cancellation)
            : Task.FromResult<ApiError?>(null);

    private async Task<ApiError?> WriteAsync(Action<SqliteConnection> write, CancellationToken cancellation)
    {
        await _writing.WaitAsync(cancellation);
        try
        {
            return await Task.Run(
                () => Guarded<object?>(() =>
                {
                    using var connection = file.OpenOrMake();
                    write(connection);
                    return null;
                }).Error,
                cancellation);
        }
        finally
        {
            _writing.Release();
        }
    }

    // SQLite has no asynchronous calls; on a thread of the pool, whoever waits can stop waiting.
    private Task<ApiResult<T>> ReadAsync<T>(Func<SqliteConnection, T> read, T without, CancellationToken cancellation) =>
        Task.Run(
            () => Guarded(() =>
            {
                using var connection = file.Open();
                return connection is null ? without : read(connection);
            }),
            cancellation);

    private ApiResult<T> Guarded<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception problem) when (problem is SqliteException or InvalidDataException)
        {
            VectorLog.FileFailed(log, file.Path, problem is SqliteException { SqliteExtendedErrorCode: var code } ? $"SQLite error {code}" : problem.Message);
            return new ApiError(
                StatusCodes.Status503ServiceUnavailable,
                ErrorCodes.StorageFailed,
                $"The file of vectors, {file.Path}, failed. Look at the log and at the space on the disk. " +
                "It holds nothing that cannot be made again: a damaged one may be moved away while Comox is stopped.")
            {
                RetryAfter = 2,
            };
        }
    }
}
