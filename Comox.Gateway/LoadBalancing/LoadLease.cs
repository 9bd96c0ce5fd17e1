namespace Comox.Gateway.LoadBalancing;

/// <summary>What a request is expected to cost a backend.</summary>
/// <param name="PromptTokens">Estimated; the engine alone knows.</param>
/// <param name="CachedTokens">Those of them predicted to be in this backend's prefix cache.</param>
/// <param name="OutputTokens">Expected.</param>
internal readonly record struct RequestCost(int PromptTokens, int CachedTokens, int OutputTokens)
{
    public int UncachedTokens => Math.Max(0, PromptTokens - CachedTokens);
}

/// <summary>
/// One request's entry in a backend's ledger. Every call may come at any time, from any thread and more than once; what was added is taken off exactly once.
/// An object and not a struct: copies of a struct could not know of each other's end.
/// </summary>
internal sealed class LoadLease : IDisposable
{
    private const int Reading = 0;
    private const int Answering = 1;
    private const int Ended = 2;

    private readonly BackendLoad _load;
    private readonly RequestCost _cost;
    private readonly long _aheadAtBegin;
    private readonly long _begunAt;
    private int _phase;

    internal LoadLease(BackendLoad load, in RequestCost cost, long aheadAtBegin, long begunAt) =>
        (_load, _cost, _aheadAtBegin, _begunAt) = (load, cost, aheadAtBegin, begunAt);

    public RequestCost Cost => _cost;

    /// <summary>The prompt has been read.</summary>
    /// <param name="cachedTokens">What the engine says was in its prefix cache; null when it does not say.</param>
    public void FirstToken(int? cachedTokens)
    {
        if (Interlocked.CompareExchange(ref _phase, Answering, Reading) == Reading)
            _load.FirstToken(_cost, _aheadAtBegin, _begunAt, cachedTokens);
    }

    /// <summary>The prompt has been read, at a moment that nobody has seen.</summary>
    public void Whole()
    {
        if (Interlocked.CompareExchange(ref _phase, Answering, Reading) == Reading)
            _load.Whole(_cost);
    }

    /// <summary>The engine has said so with its usage; for those that said nothing at <see cref="FirstToken"/>.</summary>
    public void Cached(int actualTokens) => _load.Cached(_cost, actualTokens);

    /// <summary>The answer is whole, failed, cut or cancelled.</summary>
    public void End()
    {
        var phase = Interlocked.Exchange(ref _phase, Ended);
        if (phase != Ended)
            _load.End(_cost, phase == Answering, _begunAt);
    }

    public void Dispose() => End();
}
