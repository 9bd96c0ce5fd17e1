namespace Comox.Benchmarks.Fleet;

/// <summary>A clock that is moved from event to event, and the events: an hour passes in seconds, and always in the same way.</summary>
internal sealed class VirtualTime : TimeProvider
{
    private readonly PriorityQueue<Action, (double At, long Number)> _events = new();
    private long _number;

    /// <summary>Seconds since the beginning.</summary>
    public double Now { get; private set; }

    public override long TimestampFrequency => 1_000_000_000;

    public override long GetTimestamp() => (long)(Now * 1e9);

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddSeconds(Now);

    public void After(double seconds, Action action) => _events.Enqueue(action, (Now + Math.Max(0, seconds), _number++));

    /// <summary>Until nothing is left to happen.</summary>
    public void Run()
    {
        while (_events.TryDequeue(out var action, out var due))
        {
            Now = Math.Max(Now, due.At);
            action();
        }
    }
}
