using System.Collections.Concurrent;
using Comox.Gateway.LoadBalancing;

namespace Comox.Gateway.CircuitBreaking;

/// <summary>The circuits of all backends, by model and name: the same object for the same name, through every reload.</summary>
internal sealed class BackendCircuits(CircuitOptions options, Dice dice, TimeProvider time)
{
    // By model first: one engine may fail with one model and be well with the other.
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<string, BackendCircuit>> _models = new(StringComparer.Ordinal);

    public int Count => _models.Values.Sum(circuits => circuits.Count);

    public BackendCircuit Of(string model, string backend)
    {
        var circuits = _models.GetOrAdd(model, static _ => new(StringComparer.Ordinal));
        return circuits.TryGetValue(backend, out var known) ? known : circuits.GetOrAdd(backend, new BackendCircuit(options, dice, time));
    }

    /// <summary>Forgets a backend that has left the fleet.</summary>
    public void Forget(string model, string backend)
    {
        if (!_models.TryGetValue(model, out var circuits))
            return;
        circuits.TryRemove(backend, out _);
        if (circuits.IsEmpty)
            _models.TryRemove(model, out _);
    }
}
