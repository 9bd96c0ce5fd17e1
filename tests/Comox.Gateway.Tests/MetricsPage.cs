using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Comox.Gateway.Tests;

/// <summary>
/// A page of metrics, read as strictly as its format is written down: whatever Prometheus might refuse fails here.
/// https://prometheus.io/docs/instrumenting/exposition_formats/ and https://prometheus.io/docs/specs/om/open_metrics_spec/
/// </summary>
internal sealed partial class MetricsPage
{
    private readonly bool _openMetrics;
    private readonly HashSet<string> _seen = [];
    private Family? _current;

    private MetricsPage(bool openMetrics) => _openMetrics = openMetrics;

    public Dictionary<string, Family> Families { get; } = [];

    public static MetricsPage Parse(string text, bool openMetrics = false)
    {
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain('\r', text);
        var lines = text[..^1].Split('\n');
        if (openMetrics)
        {
            Assert.Equal("# EOF", lines[^1]);
            lines = lines[..^1];
        }

        var page = new MetricsPage(openMetrics);
        foreach (var line in lines)
            page.Take(line);
        foreach (var family in page.Families.Values)
            page.Check(family);
        return page;
    }

    /// <summary>Value of the one sample with this name and these labels, in any order.</summary>
    public double Value(string sample, params (string Name, string Value)[] labels) => Assert.Single(
        Families.Values.SelectMany(family => family.Samples),
        candidate => candidate.Name == sample && labels.All(label => candidate.Labels.GetValueOrDefault(label.Name) == label.Value)).Value;

    private void Take(string line)
    {
        if (Meta().Match(line) is { Success: true } meta)
        {
            var (keyword, name, rest) = (meta.Groups[1].Value, meta.Groups[2].Value, meta.Groups[3].Value);
            if (_current?.Name != name)
            {
                Assert.False(Families.ContainsKey(name), $"{name} is in two places.");
                Families[name] = _current = new Family(name);
            }

            Assert.Empty(_current.Samples); // Everything about a family stands before its samples.
            switch (keyword)
            {
                case "HELP":
                    Assert.Null(_current.Help);
                    _current.Help = Unescape(rest, quotes: _openMetrics);
                    break;
                case "TYPE":
                    Assert.Null(_current.Type);
                    Assert.Contains(rest, (string[])["counter", "gauge", "histogram"]);
                    _current.Type = rest;
                    break;
                default:
                    Assert.True(_openMetrics, "UNIT is OpenMetrics' alone.");
                    Assert.EndsWith($"_{rest}", name, StringComparison.Ordinal);
                    break;
            }

            return;
        }

        var sample = SampleLine().Match(line);
        Assert.True(sample.Success, $"No line of the format: {line}");
        Assert.NotNull(_current?.Type);
        var labels = Labels(sample.Groups[2].Value);
        Assert.True(_seen.Add($"{sample.Groups[1].Value}{{{string.Join(',', labels.OrderBy(label => label.Key, StringComparer.Ordinal))}}}"), $"Twice: {line}");
        _current.Samples.Add(new Sample(sample.Groups[1].Value, labels, Number(sample.Groups[3].Value)));
    }

    private void Check(Family family)
    {
        Assert.NotEmpty(family.Samples);
        var name = family.Name;
        string[] allowed = family.Type switch
        {
            "counter" => [_openMetrics ? $"{name}_total" : name],
            "histogram" => [$"{name}_bucket", $"{name}_sum", $"{name}_count"],
            _ => [name],
        };
        Assert.All(family.Samples, sample => Assert.Contains(sample.Name, allowed));
        if (family.Type == "counter")
            Assert.All(family.Samples, sample => Assert.True(sample.Value >= 0 && sample.Name.EndsWith("_total", StringComparison.Ordinal), sample.Name));
        if (family.Type == "histogram")
            CheckHistogram(family);
    }

    private void CheckHistogram(Family family)
    {
        foreach (var series in family.Samples.GroupBy(sample => string.Join(',', sample.Labels.Where(label => label.Key != "le"))))
        {
            var buckets = series.Where(sample => sample.Name.EndsWith("_bucket", StringComparison.Ordinal)).ToList();
            var bounds = buckets.Select(bucket => Number(bucket.Labels["le"])).ToList();
            Assert.Equal(bounds.Order(), bounds);
            Assert.Equal(bounds.Distinct().Count(), bounds.Count);
            Assert.Equal("+Inf", buckets[^1].Labels["le"]);
            Assert.Equal(buckets.Select(bucket => bucket.Value).Order(), buckets.Select(bucket => bucket.Value));
            Assert.Equal(buckets[^1].Value, Assert.Single(series, sample => sample.Name.EndsWith("_count", StringComparison.Ordinal)).Value);
            Assert.Single(series, sample => sample.Name.EndsWith("_sum", StringComparison.Ordinal));
            if (_openMetrics)
                Assert.All(buckets[..^1], bucket => Assert.Contains('.', bucket.Labels["le"]));
        }
    }

    private static Dictionary<string, string> Labels(string text)
    {
        var labels = new Dictionary<string, string>();
        var rest = text;
        while (rest.Length > 0)
        {
            var label = LabelAtStart().Match(rest);
            Assert.True(label.Success, $"No labels: {text}");
            Assert.True(labels.TryAdd(label.Groups[1].Value, Unescape(label.Groups[2].Value, quotes: true)), $"A label twice: {text}");
            rest = rest[label.Length..];
            if (rest.Length == 0)
                break;
            Assert.Equal(',', rest[0]);
            rest = rest[1..];
        }

        return labels;
    }

    private static string Unescape(string text, bool quotes)
    {
        var plain = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                plain.Append(text[i]);
                continue;
            }

            plain.Append(text[++i] switch
            {
                '\\' => '\\',
                'n' => '\n',
                '"' when quotes => '"',
                var other => throw new FormatException($"\\{other} is no escape."),
            });
        }

        return plain.ToString();
    }

    private static double Number(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.Parse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture),
    };

    [GeneratedRegex(@"^# (HELP|TYPE|UNIT) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$")]
    private static partial Regex Meta();

    [GeneratedRegex("""^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")+)\})? (\S+)$""")]
    private static partial Regex SampleLine();

    [GeneratedRegex("""^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?=,|$)""")]
    private static partial Regex LabelAtStart();

    internal sealed class Family(string name)
    {
        public string Name { get; } = name;
        public string? Help { get; set; }
        public string? Type { get; set; }
        public List<Sample> Samples { get; } = [];
    }

    internal sealed record Sample(string Name, IReadOnlyDictionary<string, string> Labels, double Value);
}
