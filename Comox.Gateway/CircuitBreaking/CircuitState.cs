namespace Comox.Gateway.CircuitBreaking;

internal enum CircuitState
{
    Closed,
    Open,

    /// <summary>The break is over, and one request at a time may find out whether the backend is back.</summary>
    HalfOpen,
}

/// <summary>
/// Leave to send one request. Its outcome is told once: at the first token for a success, so that a long answer does not keep the canary's place. A permit of
/// the circuit's earlier life (it opened or closed in between) changes nothing.
/// </summary>
internal readonly record struct CircuitPermit(BackendCircuit Circuit, long Life, long Canary)
{
    public bool IsCanary => Canary != 0;

    public void Succeeded() => Circuit.Succeeded(this);

    /// <param name="retryAfter">How long the backend asks to be left alone; null when it does not.</param>
    public void Failed(TimeSpan? retryAfter = null) => Circuit.Failed(this, retryAfter);

    /// <summary>The client left, or the fault was the request's own: it says nothing about the backend.</summary>
    public void Ignored() => Circuit.Ignored(this);
}
