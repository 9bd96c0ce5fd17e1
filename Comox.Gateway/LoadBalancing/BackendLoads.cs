using System.Collections.Concurrent;

namespace Comox.Gateway.LoadBalancing;

/// <summary>
/// The ledgers of all backends, by model and name: the same object for the same name, through every reload. Each gets a number among the backends of its model
/// (its slot), which the prefix index and the session table remember it by. A number is never given twice: a backend that left and came back has an empty
/// cache.
/// </summary>
internal sealed class BackendLoads(LoadOptions options, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, ModelLoads> _models = new(StringComparer.Ordinal);

    public BackendLoad Of(string model, string backend)
    {
        // The factory that takes an argument, so that finding what is there allocates nothing.
        var loads = _models.GetOrAdd(model, static _ => new ModelLoads());
        return loads.Backends.TryGetValue(backend, out var known) ? known : loads.Add(backend, options, time);
    }

    /// <summary>Forgets a backend that has left the fleet. What is still in flight there ends on the ledger it began on.</summary>
    public void Forget(string model, string backend)
    {
        if (_models.TryGetValue(model, out var loads))
            loads.Backends.TryRemove(backend, out _);
    }

    private sealed class ModelLoads
    {
        private readonly Lock _lock = new();
        private int _next;

        public ConcurrentDictionary<string, BackendLoad> Backends { get; } = new(StringComparer.Ordinal);

        public BackendLoad Add(string backend, LoadOptions options, TimeProvider time)
        {
            lock (_lock)
            {
                // Two numbers for one backend would be two caches.
                return Backends.TryGetValue(backend, out var known) ? known : Backends[backend] = new BackendLoad(backend, _next++, options, time);
            }
        }
    }
}
