namespace Comox.Gateway.LoadBalancing;

/// <summary>A backend that a request may be sent to now: ready, admitted by its circuit and not tried before.</summary>
/// <param name="Load">Its ledger.</param>
/// <param name="Weight">Its share, in this route and at this moment: configured weight × the ramp of its circuit. Zero and less is never chosen.</param>
internal readonly record struct Candidate(BackendLoad Load, double Weight)
{
    public Candidate(BackendLoad load)
        : this(load, load.Weight)
    {
    }
}

/// <summary>What of a request decides where it goes.</summary>
internal readonly ref struct RoutingRequest
{
    /// <summary>Estimated.</summary>
    public int PromptTokens { get; init; }

    /// <summary>Expected; not the limit that the client names, which is seldom reached.</summary>
    public int OutputTokens { get; init; }

    /// <summary>See <see cref="SessionTable.Key"/>; null when nothing says which conversation this is.</summary>
    public ulong? Session { get; init; }

    /// <summary><see cref="PrefixHasher.Seed"/> of the LoRA adapter's name; null for the bare model.</summary>
    public ulong? Adapter { get; init; }

    /// <summary>From <see cref="PrefixHasher"/>.</summary>
    public ReadOnlySpan<ulong> Prefix { get; init; }

    /// <summary><see cref="PrefixHasher.Bytes"/>: what the whole prompt measures, of which the blocks are a part.</summary>
    public int PromptBytes { get; init; }

    /// <summary>Tokens in so many of the prompt's first blocks.</summary>
    public int TokensOf(int blocks) =>
        blocks <= 0 || PromptBytes <= 0 ? 0 : (int)Math.Min(PromptTokens, (long)PromptTokens * PrefixHasher.BytesOf(blocks) / PromptBytes);

    /// <summary>Blocks that so many tokens fill.</summary>
    public int BlocksOf(int tokens) => tokens <= 0 || PromptTokens <= 0
        ? 0
        : Math.Min(Prefix.Length, PrefixHasher.BlocksIn((int)Math.Min(int.MaxValue, (long)tokens * PromptBytes / PromptTokens)));
}

/// <summary>Why a backend was chosen.</summary>
internal enum RouteReason
{
    /// <summary>There was none to choose.</summary>
    None,
    Turn,
    Random,
    LeastLatency,

    /// <summary>Its latency is unknown, and somebody has to find out.</summary>
    Explore,
    LeastOutstanding,
    LeastWait,
    Session,

    /// <summary>Nobody knew the session, and this backend had the least work of late.</summary>
    NewSession,
    Prefix,
    Adapter,

    /// <summary>The one preferred had more than its share.</summary>
    Overfull,
}

/// <summary>What a decision was based on, for metrics, the audit and the correction of predictions.</summary>
/// <param name="Reason">Why this one.</param>
/// <param name="CachedTokens">Prompt tokens predicted to be in the chosen backend's prefix cache; zero from policies that do not predict.</param>
/// <param name="WaitSeconds">Predicted for the chosen backend; zero from policies that do not predict.</param>
/// <param name="BestWaitSeconds">The least predicted of all candidates: the difference is what stickiness costs.</param>
internal readonly record struct RouteTrace(RouteReason Reason, int CachedTokens = 0, double WaitSeconds = 0, double BestWaitSeconds = 0);
