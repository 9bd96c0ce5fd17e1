using System.Collections.Concurrent;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Memory.Vectors.Qdrant;

/// <summary>The collections that spaces are kept in: made with their indexes, once for each.</summary>
internal sealed class QdrantSpaces(QdrantClient client, VectorOptions options)
{
    private const string Cosine = "Cosine";

    /// <summary>Those that this process has seen with all their indexes.</summary>
    private readonly ConcurrentDictionary<string, bool> _ready = new(StringComparer.Ordinal);

    public string NameOf(VectorSpace space) => QdrantNames.CollectionOf(options.CollectionPrefix, space);

    /// <summary>The next use looks again whether it is there.</summary>
    public void Forget(VectorSpace space) => _ready.TryRemove(NameOf(space), out _);

    /// <summary>Makes the collection of a space if it is missing. Several may do so at once.</summary>
    /// <returns>Whether this call made it, and what went wrong.</returns>
    public async Task<(bool Made, ApiError? Error)> EnsureAsync(VectorSpace space, CancellationToken cancellation)
    {
        var name = NameOf(space);
        var indexed = await IndexAsync(name, cancellation);
        if (!indexed.IsMissing)
            return (false, indexed.Error ?? Mismatch(name, space, indexed.Result));

        var wanted = new QdrantNewCollection(
            new QdrantVectorParams(space.Dimension, Cosine),
            new QdrantHnsw(M: 0, PayloadM: 16),
            new QdrantStrictMode(true, UnindexedFilteringRetrieve: false, UnindexedFilteringUpdate: false));
        var made = await client.PutAsync($"collections/{name}", wanted, QdrantJson.Default.QdrantNewCollection, QdrantJson.Default.QdrantOkBoolean, cancellation);
        if (made is { Error: { } error, Status: not StatusCodes.Status409Conflict })
            return (false, error);
        var after = await IndexAsync(name, cancellation);
        return (made.Error is null, after.Error ?? Mismatch(name, space, after.Result));
    }

    /// <summary>Adds what indexes a collection lacks.</summary>
    /// <returns>The collection as it was found; null: it is known to be whole. Missing: there is none.</returns>
    public async Task<QdrantReply<QdrantCollection?>> IndexAsync(string name, CancellationToken cancellation)
    {
        if (_ready.ContainsKey(name))
            return default;
        var found = await client.GetAsync($"collections/{name}", QdrantJson.Default.QdrantOkQdrantCollection, cancellation);
        if (found.Error is not null)
            return new QdrantReply<QdrantCollection?>(null, found.Status, found.Error);
        foreach (var index in QdrantFields.Indexes.Where(index => !found.Result!.PayloadSchema.ContainsKey(index.FieldName)))
        {
            var made = await client.ChangeAsync(HttpMethod.Put, $"collections/{name}/index", index, QdrantJson.Default.QdrantNewIndex, cancellation);
            if (made.Error is not null)
                return new QdrantReply<QdrantCollection?>(null, made.Status, made.Error);
        }

        _ready[name] = true;
        return new QdrantReply<QdrantCollection?>(found.Result, found.Status, null);
    }

    /// <summary>Every collection of ours, also those of models that are no longer in use.</summary>
    public async Task<QdrantReply<IReadOnlyList<string>>> ListAsync(CancellationToken cancellation)
    {
        var reply = await client.GetAsync("collections", QdrantJson.Default.QdrantOkQdrantCollections, cancellation);
        var ours = reply.Result?.Collections.Select(collection => collection.Name)
            .Where(name => name.StartsWith(options.CollectionPrefix + "-", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();
        return new QdrantReply<IReadOnlyList<string>>(ours, reply.Status, reply.Error);
    }

    private ApiError? Mismatch(string name, VectorSpace space, QdrantCollection? found)
    {
        if (found is null || found.Config.Params.Vectors is { Distance: Cosine } vectors && vectors.Size == space.Dimension)
            return null;
        _ready.TryRemove(name, out _);
        var has = found.Config.Params.Vectors;
        return new ApiError(
            StatusCodes.Status503ServiceUnavailable,
            ErrorCodes.VectorsUnavailable,
            $"Qdrant's collection {name} holds vectors of {has.Size} numbers compared by {has.Distance}; it must be {space.Dimension} and {Cosine}. " +
            $"Somebody else made it: delete it there, or set another {VectorOptions.Section}:{nameof(VectorOptions.CollectionPrefix)}.");
    }
}
