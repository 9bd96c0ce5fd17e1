using System.Collections.Concurrent;

namespace Comox.Gateway.Backends;

/// <summary>Node agents that told us where they are. Each says so again while it runs; one that does not, and is not heard either, is forgotten.</summary>
internal sealed class NodeRegistrations(TimeProvider time)
{
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    /// <summary>More would be a mistake, or somebody with our key and bad manners.</summary>
    private const int Most = 4096;

    private readonly ConcurrentDictionary<Uri, long> _renewed = new();
    private volatile TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyList<Uri> Current
    {
        get
        {
            foreach (var (address, renewed) in _renewed)
            {
                if (time.GetElapsedTime(renewed) > Lease)
                    _renewed.TryRemove(KeyValuePair.Create(address, renewed));
            }

            return [.. _renewed.Keys.OrderBy(address => address.AbsoluteUri, StringComparer.Ordinal)];
        }
    }

    /// <summary>Ends when one more has come.</summary>
    public Task ChangedAsync() => _changed.Task;

    /// <returns>False: there are too many.</returns>
    public bool Register(Uri address)
    {
        if (_renewed.ContainsKey(address))
        {
            _renewed[address] = time.GetTimestamp();
            return true;
        }

        if (_renewed.Count >= Most)
            return false;
        _renewed[address] = time.GetTimestamp();
        Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        return true;
    }

    /// <summary>It is heard, which is as good as saying so.</summary>
    public void Heard(Uri address)
    {
        if (_renewed.ContainsKey(address))
            _renewed[address] = time.GetTimestamp();
    }
}
