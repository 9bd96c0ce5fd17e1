namespace Comox.Gateway.LoadBalancing;

/// <summary>
/// What the gateway remembers of where requests went, for all routes together. Policies read it; it is written when a request is really sent, not when it is
/// decided, and corrected when the engine says what its cache held.
/// </summary>
internal sealed class Affinity(SessionTable sessions, PrefixIndex prefixes)
{
    /// <summary>Below this part of kept predictions an engine's cache is not worth remembering.</summary>
    private const double LeastTrust = 0.5;

    public SessionTable Sessions { get; } = sessions;
    public PrefixIndex Prefixes { get; } = prefixes;

    /// <summary>The request is on its way. Said at once and not at the first token, so that the next request of a burst knows.</summary>
    public void Sent(BackendLoad backend, in RoutingRequest request)
    {
        if (request.Session is { } session)
            Sessions.Set(session, backend.Slot);
        if (request.Adapter is { } adapter)
            backend.Adapters.Touch(adapter);
        Prefixes.Insert(backend.Slot, request.Prefix);
    }

    /// <summary>
    /// The engine says how much of the prompt was in its cache; call it after <see cref="LoadLease.FirstToken"/>. Where little was, although much was
    /// predicted, it has read the missing blocks just now, so they are right from here on, unless such misses are its habit: a cache that is switched off, too
    /// small, or a template that changes the prompt. Then the blocks are dropped, and predictions for it are scaled by its trust.
    /// </summary>
    public void Answered(BackendLoad backend, in RoutingRequest request, int predictedTokens, int actualTokens)
    {
        if (actualTokens < predictedTokens && backend.CacheTrust < LeastTrust)
            Prefixes.Correct(backend.Slot, request.Prefix, request.Prefix.Length, request.BlocksOf(actualTokens));
    }
}
