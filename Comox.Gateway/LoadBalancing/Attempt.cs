using Comox.Gateway.Backends;
using Comox.Gateway.CircuitBreaking;

namespace Comox.Gateway.LoadBalancing;

/// <summary>One try at one backend: the permit of its circuit and the entry in its ledger, from the choice to the end. Ending it twice does nothing.</summary>
internal sealed class Attempt(Backend backend, string pool, CircuitPermit permit, LoadLease lease, RouteTrace why) : IDisposable
{
    private int _told;

    public Backend Backend { get; } = backend;

    /// <summary>Name of the pool it was chosen from.</summary>
    public string Pool { get; } = pool;

    /// <summary>Why this one.</summary>
    public RouteTrace Why { get; } = why;

    /// <summary>The backend works: told at the first token, so that a long answer does not keep a canary's place. What its cache held is told later, with the usage.</summary>
    public void FirstToken()
    {
        lease.FirstToken(cachedTokens: null);
        Works();
    }

    /// <summary>The same of an answer that has come whole: when its first token came nobody has seen.</summary>
    public void Whole()
    {
        lease.Whole();
        Works();
    }

    public void Cached(int actualTokens) => lease.Cached(actualTokens);

    public void Failed(int? retryAfter)
    {
        if (IsFirstToTell())
            permit.Failed(retryAfter is { } seconds ? TimeSpan.FromSeconds(seconds) : null);
        else
            permit.Failed(); // It broke after its first token.
    }

    public void Dispose()
    {
        lease.End();
        // The client left, the fault was the request's own, or another backend was quicker: that says nothing about this one.
        if (IsFirstToTell())
            permit.Ignored();
    }

    private void Works()
    {
        if (IsFirstToTell())
            permit.Succeeded();
    }

    private bool IsFirstToTell() => Interlocked.Exchange(ref _told, 1) == 0;
}
