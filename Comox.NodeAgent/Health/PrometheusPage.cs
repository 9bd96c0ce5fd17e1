using System.Globalization;
using System.Text;

namespace Comox.NodeAgent.Health;

/// <summary>A value of a gauge and what it belongs to.</summary>
internal readonly record struct LabelledValue(double Value, IReadOnlyList<KeyValuePair<string, object?>> Labels);

/// <summary>Prometheus' text format 0.0.4.</summary>
internal static class PrometheusPage
{
    /// <summary>Adds a gauge; nothing, where it has no values.</summary>
    public static void Append(StringBuilder page, string name, string help, IEnumerable<LabelledValue> values)
    {
        var isFirst = true;
        foreach (var (value, labels) in values)
        {
            if (isFirst)
                page.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} gauge\n");
            isFirst = false;
            page.Append(CultureInfo.InvariantCulture, $"{name}{{{string.Join(',', labels.Select(label => $"{label.Key}=\"{Escape((string)label.Value!)}\""))}}} {value:R}\n");
        }
    }

    private static string Escape(string label) => label.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
