using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;

namespace Comox.Memory.Vectors.Qdrant;

/// <summary>
/// Vectors in Qdrant: a collection for each space, all people in it, told apart by the indexed field <c>subject</c> that every request names. A Qdrant that is down or slow is an
/// error within <see cref="VectorOptions.QdrantTimeout"/>, and after a few of them at once.
/// </summary>
internal sealed class QdrantVectorStore(QdrantClient client, VectorOptions options, ILogger<QdrantVectorStore> log) : IVectorStore
{
    /// <summary>A request stays well below Qdrant's 32 MiB: at most so many numbers, of about 12 bytes each, and so many points.</summary>
    private const int MostNumbers = 256 * 1024;
    private const int MostPoints = 500;

    /// <summary>How many more than asked for are fetched, so that equals at the end can be put in order.</summary>
    private const int Margin = 16;

    private readonly QdrantSpaces _spaces = new(client, options);

    public string Description => $"Qdrant ({client.Server})";

    public async Task<ApiError?> EnsureAsync(VectorSpace space, CancellationToken cancellation)
    {
        if (VectorChecks.Of(space) is { } fault)
            return fault;
        var (made, error) = await _spaces.EnsureAsync(space, cancellation);
        if (made)
            VectorLog.CollectionMade(log, space.Model, space.Dimension, _spaces.NameOf(space), client.Server);
        return error;
    }

    public async Task<ApiError?> UpsertAsync(VectorSpace space, string subject, IReadOnlyList<VectorPoint> points, CancellationToken cancellation)
    {
        if ((VectorChecks.Of(space, subject, points) ?? (points.Count == 0 ? null : await EnsureAsync(space, cancellation))) is { } fault)
            return fault;
        // Of two with one id the last counts, and Qdrant is not asked to know that.
        var last = new Dictionary<string, VectorPoint>(StringComparer.Ordinal);
        foreach (var point in points)
            last[point.Id] = point;
        foreach (var chunk in last.Values.Chunk(Math.Clamp(MostNumbers / space.Dimension, 1, MostPoints)))
        {
            if (await UpsertChunkAsync(space, subject, chunk, cancellation) is { } error)
                return error;
        }

        return null;
    }

    public async Task<ApiResult<VectorMatch[]>> QueryAsync(VectorSpace space, VectorQuery query, CancellationToken cancellation)
    {
        if (VectorChecks.Of(space, query) is { } fault)
            return fault;
        var unit = VectorMath.Unit(query.Vector.Span);
        var filter = QdrantFields.FilterOf(query.Filter);
        for (var limit = query.Count + Margin; ; limit *= 4)
        {
            var reply = await AskAsync(
                _spaces.NameOf(space),
                collection => client.PostAsync(
                    $"collections/{collection}/points/query",
                    new QdrantQuery(unit, filter, limit, QdrantFields.OfMatch),
                    QdrantJson.Default.QdrantQuery,
                    QdrantJson.Default.QdrantOkQdrantFound,
                    cancellation),
                cancellation);
            if (reply.IsMissing)
                return Array.Empty<VectorMatch>();
            if (reply.Error is { } error)
                return error;

            // Which of several equals Qdrant leaves out is chance: then it is asked for more, until all of them are there.
            var found = reply.Result!.Points;
            if (found.Count == limit && found[^1].Score >= found[query.Count - 1].Score && limit < 10 * VectorChecks.MostMatches)
                continue;
            return found.Where(point => point.Payload is not null)
                .Select(point => new VectorMatch(point.Payload!.Id, point.Payload.Turn, Math.Clamp(point.Score, -1, 1)))
                .Order(VectorMatch.Order).Take(query.Count).ToArray();
        }
    }

    public async Task<ApiError?> DeleteAsync(string subject, IReadOnlyCollection<string> ids, CancellationToken cancellation)
    {
        if (VectorChecks.Of(subject, ids) is { } fault)
            return fault;
        foreach (var chunk in ids.Chunk(MostPoints))
        {
            if (await DeleteAsync(QdrantFields.FilterOf(subject, chunk), cancellation) is { } error)
                return error;
        }

        return null;
    }

    public async Task<ApiError?> DeleteAsync(VectorFilter filter, CancellationToken cancellation) =>
        VectorChecks.Of(filter) ?? await DeleteAsync(QdrantFields.FilterOf(filter), cancellation);

    public async Task<ApiResult<long>> CountAsync(VectorSpace space, VectorFilter filter, CancellationToken cancellation)
    {
        if ((VectorChecks.Of(space) ?? VectorChecks.Of(filter)) is { } fault)
            return fault;
        var count = new QdrantCount(QdrantFields.FilterOf(filter), Exact: true);
        var reply = await AskAsync(
            _spaces.NameOf(space),
            collection => client.PostAsync($"collections/{collection}/points/count", count, QdrantJson.Default.QdrantCount, QdrantJson.Default.QdrantOkQdrantCounted, cancellation),
            cancellation);
        if (reply.IsMissing)
            return 0;
        return reply.Error is { } error ? error : reply.Result!.Count;
    }

    public string Kind => "qdrant";

    public async Task<(bool IsNew, ApiError? Problem)> IsNewAsync(CancellationToken cancellation)
    {
        var listed = await _spaces.ListAsync(cancellation);
        return (listed.Result is { Count: 0 }, listed.Error);
    }

    public async Task<ApiError?> CheckAsync(CancellationToken cancellation) => (await _spaces.ListAsync(cancellation)).Error;

    private async Task<ApiError?> UpsertChunkAsync(VectorSpace space, string subject, VectorPoint[] points, CancellationToken cancellation)
    {
        var body = new QdrantPoints(
            [.. points.Select(point => new QdrantPoint(QdrantNames.PointOf(subject, point.Id), VectorMath.Unit(point.Vector.Span), QdrantFields.PayloadOf(subject, point)))]);
        var reply = await PutAsync();
        if (!reply.IsMissing)
            return reply.Error;

        // Somebody has deleted the collection since it was ensured.
        _spaces.Forget(space);
        return await EnsureAsync(space, cancellation) ?? (await PutAsync()).Error;

        Task<QdrantReply<QdrantUpdated>> PutAsync() =>
            client.ChangeAsync(HttpMethod.Put, $"collections/{_spaces.NameOf(space)}/points", body, QdrantJson.Default.QdrantPoints, cancellation);
    }

    private async Task<ApiError?> DeleteAsync(QdrantFilter filter, CancellationToken cancellation)
    {
        var listed = await _spaces.ListAsync(cancellation);
        if (listed.Error is { } failed)
            return failed;
        foreach (var collection in listed.Result!)
        {
            var reply = await AskAsync(
                collection,
                name => client.ChangeAsync(HttpMethod.Post, $"collections/{name}/points/delete", new QdrantDelete(filter), QdrantJson.Default.QdrantDelete, cancellation),
                cancellation);
            if (reply is { Error: { } error, IsMissing: false })
                return error;
        }

        return null;
    }

    /// <summary>A filter needs its indexes: a process that died while it made a collection may have left some out.</summary>
    private async Task<QdrantReply<T>> AskAsync<T>(string collection, Func<string, Task<QdrantReply<T>>> ask, CancellationToken cancellation)
    {
        var indexed = await _spaces.IndexAsync(collection, cancellation);
        return indexed.Error is null ? await ask(collection) : new QdrantReply<T>(default, indexed.Status, indexed.Error);
    }
}
