using Comox.NodeAgent.Downloads;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.Net.Http.Headers;

namespace Comox.NodeAgent.ModelCache;

/// <summary><c>/node/blobs/{hash}</c> and <c>/node/models/{org}/{repo}</c>: what neighbours ask.</summary>
internal static class CacheEndpoints
{
    public static void MapCache(this IEndpointRouteBuilder node)
    {
        // With ranges and If-Range. The content never changes under its name, so the name is the entity tag.
        node.MapMethods("/blobs/{hash}", [HttpMethods.Get, HttpMethods.Head], (HttpContext context, string hash, ModelCaches caches, BlobLeases leases) =>
        {
            if (ContentDigest.Parse(hash) is not { } digest || caches.FindBlob(digest) is not { } blob)
                return NotFound($"This node has no blob '{hash}'.");
            context.Response.RegisterForDispose(leases.Take(blob));
            return TypedResults.PhysicalFile(blob, "application/octet-stream", entityTag: new EntityTagHeaderValue($"\"{digest}\""), enableRangeProcessing: true);
        });

        node.MapGet("/models/{org}/{repo}", (string org, string repo, ModelCaches caches) =>
            caches.Describe($"{org}/{repo}") is { } found
                ? TypedResults.Json(found, NodesJson.Default.CachedRepository)
                : NotFound($"This node has no model {org}/{repo}."));
    }

    private static IResult NotFound(string words) => new ApiError(StatusCodes.Status404NotFound, ErrorCodes.BlobNotFound, words).ToResult();
}
