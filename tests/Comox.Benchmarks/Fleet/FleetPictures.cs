using System.Globalization;
using System.Security;
using System.Text;
using Comox.Gateway.LoadBalancing;

namespace Comox.Benchmarks.Fleet;

/// <summary>The table as bars: <c>fleet-first-token.svg</c> and <c>fleet-reload.svg</c>.</summary>
internal static class FleetPictures
{
    private const int Width = 760;
    private const int Left = 250;
    private const int Row = 26;
    private const int Top = 46;

    public static void Write(string folder, IReadOnlyList<FleetResult> results)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "fleet-first-token.svg"), Bars("Time to the first token, 95th percentile, seconds", results, result => result.At(.95), "F1"));
        File.WriteAllText(Path.Combine(folder, "fleet-reload.svg"), Bars("Loaded into cards, GB", results, result => result.ReloadBytes / 1e9, "N0"));
    }

    private static string Bars(string title, IReadOnlyList<FleetResult> results, Func<FleetResult, double> value, string format)
    {
        var most = results.Max(value);
        var height = Top + (Row * results.Count) + 14;
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {height}\" width=\"{Width}\" height=\"{height}\" font-family=\"system-ui, sans-serif\" font-size=\"13\">\n");
        svg.Append("<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n");
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"16\" y=\"26\" font-size=\"15\" font-weight=\"600\" fill=\"#1c2430\">{SecurityElement.Escape(title)}</text>\n");
        for (var at = 0; at < results.Count; at++)
        {
            var result = results[at];
            var ours = at == 0;
            var name = $"{(result.Routing == LoadBalancingPolicies.Auto ? "auto" : result.Routing)} + {result.Swapping}";
            var width = most <= 0 ? 0 : (Width - Left - 90) * value(result) / most;
            var y = Top + (at * Row);
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left - 10}\" y=\"{y + 15}\" text-anchor=\"end\" fill=\"#1c2430\" font-weight=\"{(ours ? 600 : 400)}\">{SecurityElement.Escape(name)}</text>");
            svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{Left}\" y=\"{y + 2}\" width=\"{Math.Max(1, width):F1}\" height=\"18\" rx=\"3\" fill=\"{(ours ? "#2f6f4f" : "#9aa7b5")}\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left + width + 8:F1}\" y=\"{y + 15}\" fill=\"#1c2430\">{value(result).ToString(format, CultureInfo.InvariantCulture)}</text>\n");
        }

        return svg.Append("</svg>\n").ToString();
    }
}
