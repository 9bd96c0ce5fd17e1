using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.NodeAgent.Engines;

/// <summary>
/// What callers may ask of an engine through the agent; everything else is refused. An engine has more: vLLM's key guards <c>/v1/</c> alone and not
/// <c>/sleep</c>, <c>/collective_rpc</c> or <c>/reset_prefix_cache</c>, and adapters, slots and memory are the agent's to decide about.
/// A list of what is allowed, because every version of an engine brings new paths.
/// </summary>
internal static class EnginePaths
{
    private static readonly HashSet<string> Read = new(StringComparer.Ordinal) { "/health", "/metrics", "/props", "/slots", "/version", "/v1/models" };

    private static readonly HashSet<string> Asked = new(StringComparer.Ordinal)
    {
        "/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/messages", "/v1/messages/count_tokens", "/v1/embeddings", "/v1/rerank", "/v1/score", "/rerank", "/score", "/classify", "/pooling",
        "/v1/audio/transcriptions", "/v1/audio/translations", "/completion", "/infill", "/tokenize", "/detokenize", "/apply-template",
    };

    /// <returns>Null: it may pass.</returns>
    public static ApiError? Refusal(string method, PathString path)
    {
        var isRead = HttpMethods.IsGet(method) || HttpMethods.IsHead(method);
        var name = path.Value ?? "";
        if ((isRead ? Read : HttpMethods.IsPost(method) ? Asked : []).Contains(name))
            return null;
        return new ApiError(
            StatusCodes.Status403Forbidden,
            ErrorCodes.EnginePathRefused,
            $"{method} {(name.Length == 0 ? "/" : name)} is not for callers of an engine: what changes the engine itself (sleep, adapters, slots, caches) is the node agent's to decide. " +
            $"Allowed are GET {string.Join(", ", Read.Order(StringComparer.Ordinal))} and POST {string.Join(", ", Asked.Order(StringComparer.Ordinal))}.");
    }
}
