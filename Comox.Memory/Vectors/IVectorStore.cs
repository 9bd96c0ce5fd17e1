using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;

namespace Comox.Memory.Vectors;

/// <summary>
/// Where vectors are kept and found by nearness. Vectors are derived: whatever is in here can be made again from the turns. Every operation names a person,
/// and touches nothing of anybody else. Failure is a value: <c>invalid_vector</c> (the caller's mistake, nothing was done), <c>storage_failed</c> or
/// <c>vectors_unavailable</c> (repeat it: every operation can be repeated). No operation waits longer than <see cref="VectorOptions.QdrantTimeout"/> for a
/// server; whoever answers a person sets a shorter limit with the token, which ends it with <see cref="OperationCanceledException"/>, and goes on without.
/// </summary>
internal interface IVectorStore
{
    /// <summary>Which store it is, for a person; without secrets.</summary>
    string Description { get; }

    /// <summary>The kind of store: vectors in one are not in the other.</summary>
    string Kind { get; }

    /// <summary>Whether it holds nothing of ours, because it is new or was lost.</summary>
    /// <returns>The problem: why that cannot be told.</returns>
    Task<(bool IsNew, ApiError? Problem)> IsNewAsync(CancellationToken cancellation);

    /// <summary>Makes room for a model's vectors, where there is none yet. Upserts do so themselves; at start it tells early whether the store works.</summary>
    /// <returns>Null, or what went wrong.</returns>
    Task<ApiError?> EnsureAsync(VectorSpace space, CancellationToken cancellation);

    /// <summary>
    /// Stores points of one person; one whose id is there already is replaced. SQLite takes a batch whole or not at all; Qdrant may have taken a part of it when it fails.
    /// Once this returns, queries see the points.
    /// </summary>
    /// <returns>Null, or what went wrong.</returns>
    Task<ApiError?> UpsertAsync(VectorSpace space, string subject, IReadOnlyList<VectorPoint> points, CancellationToken cancellation);

    /// <summary>
    /// The points nearest to a vector, in <see cref="VectorMatch.Order"/>; fewer than asked for where the filter leaves fewer. Exact on SQLite; Qdrant uses its index where a person
    /// has very many points. A space that was never made has none.
    /// </summary>
    Task<ApiResult<VectorMatch[]>> QueryAsync(VectorSpace space, VectorQuery query, CancellationToken cancellation);

    /// <summary>Removes points of one person from every space; ids that are not there are no mistake.</summary>
    /// <returns>Null, or what went wrong.</returns>
    Task<ApiError?> DeleteAsync(string subject, IReadOnlyCollection<string> ids, CancellationToken cancellation);

    /// <summary>Removes what a filter matches from every space: a turn, a session, or with the subject alone all there is about a person.</summary>
    /// <returns>Null, or what went wrong.</returns>
    Task<ApiError?> DeleteAsync(VectorFilter filter, CancellationToken cancellation);

    /// <summary>How many points of a space a filter matches, exactly.</summary>
    Task<ApiResult<long>> CountAsync(VectorSpace space, VectorFilter filter, CancellationToken cancellation);

    /// <summary>Whether it answers: null, or what is wrong. Cheap, for health.</summary>
    Task<ApiError?> CheckAsync(CancellationToken cancellation);
}
