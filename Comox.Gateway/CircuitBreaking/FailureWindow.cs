namespace Comox.Gateway.CircuitBreaking;

/// <summary>Outcomes of the last so many seconds, in ten buckets. Belongs to one circuit and is used under its lock.</summary>
internal sealed class FailureWindow(TimeSpan window, TimeProvider time)
{
    private const int Buckets = 10;

    private readonly long _width = Math.Max(1, (long)(window.TotalSeconds * time.TimestampFrequency / Buckets));
    private readonly long[] _numbers = new long[Buckets];
    private readonly int[] _calls = new int[Buckets];
    private readonly int[] _failures = new int[Buckets];

    public void Add(bool failed)
    {
        var number = time.GetTimestamp() / _width;
        var at = (int)(number % Buckets);
        if (_numbers[at] != number)
            (_numbers[at], _calls[at], _failures[at]) = (number, 0, 0);
        _calls[at]++;
        if (failed)
            _failures[at]++;
    }

    public (int Calls, int Failures) Sum()
    {
        var oldest = (time.GetTimestamp() / _width) - Buckets + 1;
        var (calls, failures) = (0, 0);
        for (var at = 0; at < Buckets; at++)
        {
            if (_numbers[at] >= oldest)
                (calls, failures) = (calls + _calls[at], failures + _failures[at]);
        }

        return (calls, failures);
    }

    public void Clear()
    {
        Array.Clear(_calls);
        Array.Clear(_failures);
    }
}
