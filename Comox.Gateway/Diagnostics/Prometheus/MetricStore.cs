using System.Diagnostics.Metrics;

namespace Comox.Gateway.Diagnostics.Prometheus;

/// <summary>
/// What the meters of this process called <c>Comox.*</c> have measured since its start, ready to be read. A listener of our own: OpenTelemetry's
/// exporter for Prometheus is a preview, and nothing here needs its pipeline.
/// </summary>
internal sealed class MetricStore : IDisposable
{
    private const string OurMeters = "Comox.";

    // OpenTelemetry's own choice for instruments that name no bounds.
    private static readonly double[] DefaultBounds = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000];

    private readonly Lock _lock = new();
    private readonly Lock _reading = new();
    private readonly SortedDictionary<string, MetricFamily> _families = new(StringComparer.Ordinal);
    private readonly MeterListener _listener = new();

    /// <summary>Begins to listen.</summary>
    /// <param name="meters">Only its meters: a test has more than one gateway in its process.</param>
    public void Listen(IMeterFactory meters)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == meters && instrument.Meter.Name.StartsWith(OurMeters, StringComparison.Ordinal) && Add(instrument) is { } family)
                listener.EnableMeasurementEvents(instrument, family);
        };
        _listener.SetMeasurementEventCallback<byte>(static (_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<short>(static (_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<float>(static (_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<decimal>(static (_, value, tags, family) => ((MetricFamily)family!).Record((double)value, tags));
        _listener.Start();
    }

    /// <summary>Takes many measurements of a histogram at once, sorted into its buckets already.</summary>
    public void Merge(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags, ReadOnlySpan<int> buckets, double sum)
    {
        MetricFamily? family;
        lock (_lock)
            _families.TryGetValue(MetricName.Of(instrument.Name, instrument.Unit), out family);
        family?.Merge(tags, buckets, sum);
    }

    /// <summary>Every family and its series, by name. Two readers do not disturb each other.</summary>
    public IReadOnlyList<(MetricFamily Family, IReadOnlyList<MetricSeries> Series)> Read()
    {
        lock (_reading)
        {
            MetricFamily[] families;
            lock (_lock)
                families = [.. _families.Values];
            foreach (var family in families.Where(family => family.IsObserved))
                family.Forget();
            _listener.RecordObservableInstruments();
            return [.. families.Select(family => (family, family.Series()))];
        }
    }

    public void Dispose() => _listener.Dispose();

    // Two instruments that come to one name but differ cannot both be told on one page; the first one stays.
    private MetricFamily? Add(Instrument instrument)
    {
        var kind = KindOf(instrument);
        var name = MetricName.Of(instrument.Name, instrument.Unit);
        lock (_lock)
        {
            if (_families.TryGetValue(name, out var family))
                return family.Kind == kind && family.IsObserved == instrument.IsObservable ? family : null;
            return _families[name] = new MetricFamily(name, kind, kind == MetricKind.Histogram ? BoundsOf(instrument) : [])
            {
                Help = instrument.Description ?? "",
                Unit = MetricName.UnitOf(instrument.Unit),
                IsObserved = instrument.IsObservable,
                Adds = !instrument.IsObservable && !Is(instrument, typeof(Gauge<>)),
            };
        }
    }

    private static MetricKind KindOf(Instrument instrument) =>
        Is(instrument, typeof(Counter<>)) || Is(instrument, typeof(ObservableCounter<>)) ? MetricKind.Counter
        : Is(instrument, typeof(Histogram<>)) ? MetricKind.Histogram
        : MetricKind.Gauge;

    private static bool Is(Instrument instrument, Type kind) => instrument.GetType() is { IsGenericType: true } type && type.GetGenericTypeDefinition() == kind;

    private static double[] BoundsOf(Instrument instrument)
    {
        double[]? bounds = instrument switch
        {
            Histogram<double> { Advice.HistogramBucketBoundaries: { } advised } => [.. advised],
            Histogram<float> { Advice.HistogramBucketBoundaries: { } advised } => [.. advised.Select(bound => (double)bound)],
            Histogram<long> { Advice.HistogramBucketBoundaries: { } advised } => [.. advised.Select(bound => (double)bound)],
            Histogram<int> { Advice.HistogramBucketBoundaries: { } advised } => [.. advised.Select(bound => (double)bound)],
            _ => null,
        };
        return bounds ?? DefaultBounds;
    }
}
