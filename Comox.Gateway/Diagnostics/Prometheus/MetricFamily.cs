using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace Comox.Gateway.Diagnostics.Prometheus;

internal enum MetricKind
{
    Counter,
    Gauge,
    Histogram,
}

/// <summary>What all series of one name share.</summary>
internal sealed class MetricFamily(string name, MetricKind kind, double[] bounds)
{
    /// <summary>Series of one family; the labels of what comes after them are all <see cref="LabelValues.Other"/>.</summary>
    public const int MaxSeries = 5_000;

    private readonly Lock _creating = new();
    private readonly ConcurrentDictionary<KeyValuePair<string, object?>[], MetricSeries> _byTags = new(MetricTags.Comparer);
    private readonly SortedDictionary<string, MetricSeries> _byLabels = new(StringComparer.Ordinal);
    private readonly Dictionary<string, LabelValues> _values = new(StringComparer.Ordinal);

    /// <summary>Without <c>_total</c>.</summary>
    public string Name { get; } = name;

    public MetricKind Kind { get; } = kind;

    /// <summary>Upper bounds of a histogram's buckets, ascending.</summary>
    public ReadOnlySpan<double> Bounds => bounds;

    public string Help { get; init; } = "";

    /// <summary>Last word of the name, or empty.</summary>
    public string Unit { get; init; } = "";

    /// <summary>Measured when somebody asks, so that a series which is measured no more is gone.</summary>
    public bool IsObserved { get; init; }

    /// <summary>Whether what comes is added to what is there; else it takes its place.</summary>
    public bool Adds { get; init; }

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        // A counter that falls and a sum that is no number would spoil everything measured before.
        if (double.IsNaN(value) || (Kind == MetricKind.Counter && value < 0))
            return;
        var series = SeriesOf(tags);
        if (Kind == MetricKind.Histogram)
            series.Observe(value);
        else if (Adds)
            series.Add(value);
        else
            series.Set(value);
    }

    public void Merge(ReadOnlySpan<KeyValuePair<string, object?>> tags, ReadOnlySpan<int> buckets, double sum) => SeriesOf(tags).Merge(buckets, sum);

    /// <summary>In the order of their labels, so that two scrapes can be compared.</summary>
    public IReadOnlyList<MetricSeries> Series()
    {
        lock (_creating)
            return [.. _byLabels.Values.Where(series => !IsObserved || series.IsCurrent)];
    }

    public void Forget()
    {
        lock (_creating)
        {
            foreach (var series in _byLabels.Values)
                series.IsCurrent = false;
        }
    }

    private MetricSeries SeriesOf(ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        _byTags.GetAlternateLookup<ReadOnlySpan<KeyValuePair<string, object?>>>().TryGetValue(tags, out var known) ? known : Create(tags.ToArray());

    // The same labels in another order are the same series: Prometheus refuses a page that has it twice.
    private MetricSeries Create(KeyValuePair<string, object?>[] tags)
    {
        lock (_creating)
        {
            var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
            foreach (var (key, value) in tags)
            {
                if (Text(value) is { Length: > 0 } text)
                    labels[MetricName.Label(key)] = text;
            }

            var asTheyCame = Write(labels);
            foreach (var label in labels.Keys.ToArray())
                labels[label] = ValuesOf(label).Bound(labels[label]);
            var bounded = Write(labels);
            if (!_byLabels.ContainsKey(bounded) && _byLabels.Count >= MaxSeries)
                bounded = Write(labels.Keys.ToDictionary(label => label, _ => LabelValues.Other));

            if (!_byLabels.TryGetValue(bounded, out var series))
                _byLabels[bounded] = series = new MetricSeries(bounded, bounds);
            // What was counted together is not remembered by itself, or the memory of it would have no end.
            if (bounded == asTheyCame && _byTags.Count < 2 * MaxSeries)
                _byTags[tags] = series;
            return series;
        }
    }

    private LabelValues ValuesOf(string label) => _values.TryGetValue(label, out var values) ? values : _values[label] = new LabelValues();

    private static string? Text(object? value) => value switch
    {
        null => null,
        string text => text,
        bool flag => flag ? "true" : "false",
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString(),
    };

    private static string Write(IEnumerable<KeyValuePair<string, string>> labels)
    {
        var text = new StringBuilder();
        foreach (var (name, value) in labels)
        {
            if (text.Length > 0)
                text.Append(',');
            text.Append(name).Append("=\"").Append(PrometheusWriter.Escape(value, quotes: true)).Append('"');
        }

        return text.ToString();
    }
}
