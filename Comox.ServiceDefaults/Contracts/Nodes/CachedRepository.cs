namespace Comox.ServiceDefaults.Contracts.Nodes;

/// <summary><c>GET /node/models/{org}/{repo}</c>: what a node's model cache has of a repository.</summary>
/// <param name="Commit">The one that <c>main</c> was when it was fetched.</param>
/// <param name="Files">Those of that commit that are whole.</param>
public sealed record CachedRepository(string Commit, IReadOnlyList<CachedFile> Files);

/// <param name="Name">Its path in the repository.</param>
/// <param name="Blob">The hash that <c>GET /node/blobs/{hash}</c> takes: SHA-256, or git's SHA-1 of a small file.</param>
/// <param name="SizeBytes">Its length.</param>
public sealed record CachedFile(string Name, string Blob, long SizeBytes);
