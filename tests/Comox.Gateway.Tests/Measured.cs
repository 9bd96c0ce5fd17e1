using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Comox.Gateway.Diagnostics;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Gateway.Tests;

/// <summary>What one gateway has measured and traced.</summary>
internal sealed class Measured : IDisposable
{
    private readonly MeterListener _metrics = new();
    private readonly ActivityListener _traces;

    public Measured(GatewayUnderTest gateway)
    {
        var meters = gateway.Service.Services.GetRequiredService<IMeterFactory>();
        _metrics.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope != meters || instrument.Meter.Name != GatewayTelemetry.Name)
                return;
            Instruments.Enqueue(instrument);
            listener.EnableMeasurementEvents(instrument);
        };
        _metrics.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Values.Enqueue(new(instrument.Name, value, Text(tags))));
        _metrics.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Values.Enqueue(new(instrument.Name, value, Text(tags))));
        _metrics.Start();
        var activities = gateway.Service.Services.GetRequiredService<GatewayTelemetry>().Activities;
        _traces = new ActivityListener
        {
            ShouldListenTo = source => ReferenceEquals(source, activities),
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = Spans.Enqueue,
        };
        ActivitySource.AddActivityListener(_traces);
    }

    public ConcurrentQueue<Instrument> Instruments { get; } = [];
    public ConcurrentQueue<Value> Values { get; } = [];
    public ConcurrentQueue<Activity> Spans { get; } = [];

    public IEnumerable<Value> Of(string instrument) => Values.Where(value => value.Instrument == instrument);

    /// <summary>Waits until the outermost step has said its last: everything else has been measured before.</summary>
    public async Task<Activity> EndedAsync()
    {
        await Eventually.IsTrueAsync(() => Of("comox.gateway.request.duration").Any(), "the chat is measured");
        return Assert.Single(Spans);
    }

    public void Dispose()
    {
        _metrics.Dispose();
        _traces.Dispose();
    }

    private static string Text(ReadOnlySpan<KeyValuePair<string, object?>> tags) => string.Join(' ', tags.ToArray());

    internal sealed record Value(string Instrument, double Number, string Tags);
}
