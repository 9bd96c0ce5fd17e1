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
    private int _firstNumber;

    public BackendLoad Of(string model, string backend)
    {
        // The factory that takes an argument, so that finding what is there allocates nothing.
        var loads = _models.GetOrAdd(model, static (_, first) => new ModelLoads(first), _firstNumber);
        return loads.Backends.TryGetValue(backend, out var known) ? known : loads.Add(backend, options, time);
    }

    /// <summary>Every ledger, those included whose backend has left and which still have something in flight.</summary>
    public IEnumerable<(string Model, BackendLoad Load)> All()
    {
        foreach (var (model, loads) in _models)
        {
            foreach (var (_, load) in loads.Backends)
                yield return (model, load);
        }
    }

    /// <summary>Forgets a backend that has left the fleet. What is still in flight there ends on the ledger it began on.</summary>
    public void Forget(string model, string backend)
    {
        if (_models.TryGetValue(model, out var loads))
            loads.Backends.TryRemove(backend, out _);
    }

    /// <summary>
    /// Forgets the backends that are not among these and have nothing in flight, so that a year of changed settings leaves nothing behind. Not while another thread
    /// may be in <see cref="Of"/>: it could be given what is about to be forgotten.
    /// </summary>
    /// <returns>Those forgotten.</returns>
    public IReadOnlyList<(string Model, string Backend)> ForgetAllBut(IReadOnlySet<BackendLoad> known)
    {
        var gone = new List<(string Model, string Backend)>();
        foreach (var (model, load) in All())
        {
            if (!known.Contains(load) && load.InFlight == 0)
                gone.Add((model, load.Id));
        }

        foreach (var (model, backend) in gone)
        {
            Forget(model, backend);
            if (_models[model] is { Backends.IsEmpty: true } empty)
            {
                // Its numbers must stay given, should the model come back.
                _firstNumber = Math.Max(_firstNumber, empty.Next);
                _models.TryRemove(model, out _);
            }
        }

        return gone;
    }

    private sealed class ModelLoads(int first)
    {
        private readonly Lock _lock = new();

        public int Next { get; private set; } = first;

        public ConcurrentDictionary<string, BackendLoad> Backends { get; } = new(StringComparer.Ordinal);

        public BackendLoad Add(string backend, LoadOptions options, TimeProvider time)
        {
            lock (_lock)
            {
                // Two numbers for one backend would be two caches.
                return Backends.TryGetValue(backend, out var known) ? known : Backends[backend] = new BackendLoad(backend, Next++, options, time);
            }
        }
    }
}
