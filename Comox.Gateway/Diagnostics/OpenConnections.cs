using System.Diagnostics.Metrics;

namespace Comox.Gateway.Diagnostics;

/// <summary>
/// Connections of clients that are open, as Kestrel counts them on every transport
/// (https://learn.microsoft.com/aspnet/core/log-mon/metrics/built-in). A middleware would cost each of them a state machine for as long as it is open.
/// </summary>
internal sealed class OpenConnections : IDisposable
{
    private readonly MeterListener _listener = new();
    private long _count;

    /// <param name="meters">Only its meters: a test has more than one gateway in its process.</param>
    public OpenConnections(IMeterFactory meters)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == meters && instrument is { Name: "kestrel.active_connections", Meter.Name: "Microsoft.AspNetCore.Server.Kestrel" })
                listener.EnableMeasurementEvents(instrument, this);
        };
        _listener.SetMeasurementEventCallback<long>(static (_, change, _, owner) => Interlocked.Add(ref ((OpenConnections)owner!)._count, change));
        _listener.Start();
    }

    public int Count => (int)Math.Max(0, Volatile.Read(ref _count));

    public void Dispose() => _listener.Dispose();
}
