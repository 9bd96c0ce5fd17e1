using Comox.NodeAgent.Downloads;

namespace Comox.NodeAgent.ModelCache.Stores;

/// <summary>One file of one commit of a repository.</summary>
/// <param name="Repository"><c>org/repo</c>.</param>
/// <param name="Commit">40 or 64 hex digits.</param>
/// <param name="Name">Its path in the repository, with <c>/</c>.</param>
/// <param name="Digest">Of its content; names its blob.</param>
/// <param name="Size">Bytes.</param>
internal sealed record HubFile(string Repository, string Commit, string Name, ContentDigest Digest, long Size);

/// <summary>What a repository holds.</summary>
/// <param name="Commit">The newest.</param>
/// <param name="Names">Its files; words of others, not to be used as paths unchecked.</param>
internal sealed record RepositoryListing(string Commit, IReadOnlyList<string> Names);

/// <summary>
/// Somewhere that has models: the hub, neighbours, a bucket. Failures of the network are <see cref="HttpRequestException"/>, <see cref="IOException"/>,
/// <see cref="System.Text.Json.JsonException"/> or a cancellation.
/// </summary>
internal interface IModelStore
{
    /// <summary>For people.</summary>
    string Name { get; }

    Task<Outcome<RepositoryListing>> ListAsync(string repository, CancellationToken cancellation);

    Task<Outcome<HubFile>> DescribeAsync(string repository, string commit, string name, CancellationToken cancellation);

    /// <returns>Where its bytes come from; none: it is not there.</returns>
    Task<IReadOnlyList<IDownloadSource>> SourcesOfAsync(HubFile file, CancellationToken cancellation);
}
