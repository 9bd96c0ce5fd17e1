using System.Text;

namespace Comox.Gateway.Diagnostics.Prometheus;

/// <summary>
/// OpenTelemetry's names as Prometheus writes them: <c>gen_ai.server.request.duration</c> in <c>s</c> is <c>gen_ai_server_request_duration_seconds</c>.
/// https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
/// </summary>
internal static class MetricName
{
    /// <summary>The name without <c>_total</c>, which is the sample's and not the family's.</summary>
    public static string Of(string instrument, string? unit)
    {
        var name = Sanitise(instrument, allowColon: true);
        var suffix = UnitOf(unit);
        return suffix.Length == 0 || name.EndsWith($"_{suffix}", StringComparison.Ordinal) ? name : $"{name}_{suffix}";
    }

    public static string Label(string key) => Sanitise(key, allowColon: false);

    /// <summary>The unit's whole word; empty for counts, whose unit is what is counted: <c>{request}</c>.</summary>
    public static string UnitOf(string? unit) => unit switch
    {
        null or "" or "1" => "",
        "s" => "seconds",
        "ms" => "milliseconds",
        "us" => "microseconds",
        "By" => "bytes",
        "%" => "percent",
        ['{', ..] => "",
        _ => Sanitise(unit, allowColon: false),
    };

    private static string Sanitise(string name, bool allowColon)
    {
        var clean = new StringBuilder(name.Length + 1);
        foreach (var character in name)
        {
            if (char.IsAsciiLetterOrDigit(character) || (allowColon && character == ':'))
                clean.Append(character);
            else if (clean.Length == 0 || clean[^1] != '_')
                clean.Append('_');
        }

        if (clean.Length == 0 || char.IsAsciiDigit(clean[0]))
            clean.Insert(0, '_');
        return clean.ToString();
    }
}
