using System.Globalization;
using System.Reflection;
using System.Text;
using Comox.Memory.Recall;

namespace Comox.Benchmarks.Locomo;

/// <summary>
/// <c>locomo FILE [--conversations A,B,…] [--set NAME=VALUE,…]</c>: the table, and one line of JSON. <c>--set</c> changes <see cref="RecallWeights"/>,
/// to see what a part is worth: <c>--set Subject=0</c>.
/// </summary>
internal static class LocomoReport
{
    private const int Resamples = 10_000;

    private static readonly (string Name, Func<LocomoScore, bool> Has)[] Rows =
    [
        ("single-hop (4)", score => score.Category == 4),
        ("multi-hop (1)", score => score.Category == 1),
        ("temporal (2)", score => score.Category == 2),
        ("open-domain (3)", score => score.Category == 3),
        ("**1–4**", score => score.Category is >= 1 and <= 4),
        ("adversarial (5), apart", score => score.Category == 5),
    ];

    public static int Run(string[] args, TextWriter output)
    {
        if (args.Length == 0 || !File.Exists(args[0]))
        {
            output.WriteLine("usage: locomo FILE [--conversations ID,ID,…] [--set NAME=VALUE,…]\nThe file is not part of this repository: https://github.com/snap-research/locomo, data/locomo10.json (CC BY-NC 4.0).");
            return 2;
        }

        var conversations = LocomoFile.Read(args[0]);
        if (Arguments.Option(args, "--conversations") is { } wanted)
        {
            var ids = wanted.Split(',', StringSplitOptions.TrimEntries).Select(id => id.StartsWith("conv-", StringComparison.Ordinal) ? id : "conv-" + id).ToHashSet(StringComparer.Ordinal);
            conversations = [.. conversations.Where(conversation => ids.Contains(conversation.Id) || ids.Contains("conv-" + conversation.Id))];
            if (conversations.Count == 0)
            {
                output.WriteLine($"The file has no conversation of {wanted}.");
                return 2;
            }
        }

        var weights = Weights(Arguments.Option(args, "--set"));
        Write(
            output,
            [.. conversations.Select(conversation => conversation.Id)],
            [.. conversations.SelectMany(conversation => LocomoRun.Recall(conversation, weights))],
            [.. conversations.SelectMany(LocomoRun.Bm25)]);
        return 0;
    }

    private static void Write(TextWriter output, IReadOnlyList<string> conversations, IReadOnlyList<LocomoScore> ours, IReadOnlyList<LocomoScore> plain)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"Turn recall on {string.Join(", ", conversations)}; in percent of the evidence, mean over questions.");
        text.AppendLine();
        text.AppendLine("| | n | R@5 | R@10 | R@20 | 1,000 tokens | BM25 R@5 | R@10 | R@20 | 1,000 tokens |");
        text.AppendLine("|---|---|---|---|---|---|---|---|---|---|");
        foreach (var (name, has) in Rows)
        {
            var (of, ofPlain) = (ours.Where(has).ToList(), plain.Where(has).ToList());
            if (of.Count > 0)
                text.AppendLine(CultureInfo.InvariantCulture, $"| {name} | {of.Count} | {Cells(of)} | {Cells(ofPlain)} |");
        }

        var scored = ours.Where(Rows[4].Has).ToList();
        text.AppendLine();
        foreach (var group in scored.GroupBy(score => score.Conversation))
            text.AppendLine(CultureInfo.InvariantCulture, $"{group.Key}: {Cells([.. group])}");
        text.AppendLine();
        foreach (var (name, of) in new (string, Func<LocomoScore, double>)[] { ("R@5", score => score.At5), ("R@10", score => score.At10), ("R@20", score => score.At20), ("1,000 tokens", score => score.InTokens) })
        {
            var (low, high) = Interval(scored, of);
            text.AppendLine(CultureInfo.InvariantCulture, $"{name}: {Percent(scored, of):F1}, 95 % of resampled sets of conversations between {low:F1} and {high:F1}");
        }

        output.Write(text);
        var multiHop = ours.Where(score => score.Category == 1).ToList();
        var plainScored = plain.Where(Rows[4].Has).ToList();
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"n":{{scored.Count}},"r5":{{Percent(scored, s => s.At5):F2}},"r10":{{Percent(scored, s => s.At10):F2}},"r20":{{Percent(scored, s => s.At20):F2}},"multihop_r10":{{Percent(multiHop, s => s.At10):F2}},"tokens1000":{{Percent(scored, s => s.InTokens):F2}},"bm25_r10":{{Percent(plainScored, s => s.At10):F2}}}"""));
    }

    /// <summary>What the mean may be with other conversations: whole conversations are drawn again, for the questions of one are not independent.</summary>
    private static (double Low, double High) Interval(IReadOnlyList<LocomoScore> scores, Func<LocomoScore, double> of)
    {
        var random = new Random(1);
        var clusters = scores.GroupBy(score => score.Conversation).Select(group => (Sum: group.Sum(of), Count: group.Count())).ToList();
        var means = new double[Resamples];
        for (var sample = 0; sample < Resamples; sample++)
        {
            var (sum, count) = (0.0, 0);
            for (var draw = 0; draw < clusters.Count; draw++)
            {
                var cluster = clusters[random.Next(clusters.Count)];
                sum += cluster.Sum;
                count += cluster.Count;
            }

            means[sample] = 100 * sum / count;
        }

        Array.Sort(means);
        return (means[Resamples * 25 / 1000], means[Resamples * 975 / 1000]);
    }

    public static RecallWeights Weights(string? settings)
    {
        var weights = RecallWeights.Default with { };
        foreach (var setting in settings?.Split(',', StringSplitOptions.RemoveEmptyEntries) ?? [])
        {
            var (name, value) = (setting[..setting.IndexOf('=', StringComparison.Ordinal)], setting[(setting.IndexOf('=', StringComparison.Ordinal) + 1)..]);
            var property = typeof(RecallWeights).GetProperty(name, BindingFlags.Public | BindingFlags.Instance) ?? throw new ArgumentException($"There is no weight '{name}'.");
            property.SetValue(weights, Convert.ChangeType(value, property.PropertyType, CultureInfo.InvariantCulture));
        }

        return weights;
    }

    private static string Cells(IReadOnlyList<LocomoScore> of) =>
        string.Create(CultureInfo.InvariantCulture, $"{Percent(of, s => s.At5):F1} | {Percent(of, s => s.At10):F1} | {Percent(of, s => s.At20):F1} | {Percent(of, s => s.InTokens):F1}");

    private static double Percent(IReadOnlyList<LocomoScore> scores, Func<LocomoScore, double> of) => scores.Count == 0 ? 0 : 100 * scores.Average(of);

}
