using System.Globalization;
using System.Text;

namespace Comox.Gateway.Diagnostics.Prometheus;

/// <summary>
/// One page of metrics, in Prometheus' text format 0.0.4 or in OpenMetrics 1.0:
/// <code>
/// # HELP comox_gateway_requests_total Chats that are over, the refused ones included.
/// # TYPE comox_gateway_requests_total counter
/// comox_gateway_requests_total{comox_outcome="ok",gen_ai_request_model="mara"} 12
/// </code>
/// https://prometheus.io/docs/instrumenting/exposition_formats/
/// </summary>
internal sealed class PrometheusWriter(bool openMetrics)
{
    public const string PrometheusType = "text/plain; version=0.0.4; charset=utf-8";
    public const string OpenMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    private readonly StringBuilder _page = new();

    public void Write(MetricFamily family, IReadOnlyList<MetricSeries> series)
    {
        if (series.Count == 0)
            return;
        Head(family.Name, family.Kind, family.Help, family.Unit);
        foreach (var one in series)
        {
            if (family.Kind == MetricKind.Histogram)
                Histogram(family, one);
            else
                Sample(SampleName(family.Name, family.Kind), one.Labels, Number(one.Value));
        }
    }

    /// <summary>One series without labels.</summary>
    public void Write(string name, MetricKind kind, string help, string unit, double value)
    {
        Head(name, kind, help, unit);
        Sample(SampleName(name, kind), "", Number(value));
    }

    public byte[] End()
    {
        if (openMetrics)
            _page.Append("# EOF\n");
        return Encoding.UTF8.GetBytes(_page.ToString());
    }

    /// <summary>Help texts escape the backslash and the line feed, label values the quote as well; OpenMetrics escapes all three everywhere.</summary>
    public static string Escape(string text, bool quotes)
    {
        var escaped = text.Replace("\\", @"\\", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal);
        return quotes ? escaped.Replace("\"", "\\\"", StringComparison.Ordinal) : escaped;
    }

    // A counter's family is called like its samples in the one format, and without _total in the other.
    private void Head(string name, MetricKind kind, string help, string unit)
    {
        var family = openMetrics ? name : SampleName(name, kind);
        if (help.Length > 0)
            _page.Append("# HELP ").Append(family).Append(' ').Append(Escape(help, quotes: openMetrics)).Append('\n');
        _page.Append("# TYPE ").Append(family).Append(' ').Append(kind switch
        {
            MetricKind.Counter => "counter",
            MetricKind.Histogram => "histogram",
            _ => "gauge",
        }).Append('\n');
        if (openMetrics && unit.Length > 0)
            _page.Append("# UNIT ").Append(family).Append(' ').Append(unit).Append('\n');
    }

    private void Histogram(MetricFamily family, MetricSeries series)
    {
        var buckets = series.Buckets();
        var separator = series.Labels.Length == 0 ? "" : ",";
        var count = 0L;
        for (var i = 0; i < buckets.Length; i++)
        {
            count += buckets[i];
            var bound = i < family.Bounds.Length ? Bound(family.Bounds[i]) : "+Inf";
            Sample($"{family.Name}_bucket", $"{series.Labels}{separator}le=\"{bound}\"", Number(count));
        }

        Sample($"{family.Name}_sum", series.Labels, Number(series.Value));
        Sample($"{family.Name}_count", series.Labels, Number(count));
    }

    private void Sample(string name, string labels, string value)
    {
        _page.Append(name);
        if (labels.Length > 0)
            _page.Append('{').Append(labels).Append('}');
        _page.Append(' ').Append(value).Append('\n');
    }

    private static string SampleName(string family, MetricKind kind) => kind == MetricKind.Counter && !family.EndsWith("_total", StringComparison.Ordinal) ? $"{family}_total" : family;

    // OpenMetrics compares bounds as text and wants "1.0".
    private string Bound(double bound)
    {
        var text = Number(bound);
        return openMetrics && text.AsSpan().IndexOfAnyExceptInRange('0', '9') < 0 ? $"{text}.0" : text;
    }

    private static string Number(double value) =>
        double.IsPositiveInfinity(value) ? "+Inf"
        : double.IsNegativeInfinity(value) ? "-Inf"
        : value.ToString("R", CultureInfo.InvariantCulture);
}
