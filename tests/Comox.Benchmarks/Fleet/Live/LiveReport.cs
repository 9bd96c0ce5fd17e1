using System.Globalization;
using System.Text.Json.Nodes;

namespace Comox.Benchmarks.Fleet.Live;

/// <summary>The table and the last line of <see cref="LiveBenchmark"/>.</summary>
internal static class LiveReport
{
    public static void Print(IReadOnlyCollection<LiveFinding> found, LiveClients people, int falsely, double healthyMinutes)
    {
        Console.WriteLine();
        Console.WriteLine("| fault | times | out p50 | p99 | longest | back p50 | most in flight after |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        foreach (var fault in LiveFault.All)
        {
            if (found.Where(finding => finding.Fault == fault.Name).ToList() is { Count: > 0 } all)
                Console.WriteLine(Row(fault.Name, all));
        }

        Console.WriteLine(Row("all", [.. found]));
        var chats = people.Chats.ToList();
        var first = chats.Where(chat => !double.IsNaN(chat.FirstSeconds)).Select(chat => chat.FirstSeconds).Order().ToList();
        Console.WriteLine();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{chats.Count} chats: {Count(LiveEnd.Whole)} whole, {Count(LiveEnd.Lost)} without a word, {Count(LiveEnd.Cut)} cut, {Count(LiveEnd.Wrong)} wrong; first token p50 {At(first, .5):F2} s, p99 {At(first, .99):F2} s"));
        foreach (var complaint in people.Complaints.Take(20))
            Console.WriteLine($"  {complaint}");
        var outs = Outs([.. found]);
        Console.WriteLine(new JsonObject
        {
            ["faults"] = found.Count, ["not_found"] = found.Count(finding => finding.OutSeconds is null), ["out_p50"] = Round(At(outs, .5)), ["out_p99"] = Round(At(outs, .99)), ["out_longest"] = Round(At(outs, 1)),
            ["healthy_minutes"] = healthyMinutes, ["false_ejections"] = falsely, ["chats"] = chats.Count, ["lost"] = Count(LiveEnd.Lost), ["cut"] = Count(LiveEnd.Cut), ["wrong"] = Count(LiveEnd.Wrong),
        }.ToJsonString());

        int Count(LiveEnd end) => chats.Count(chat => chat.End == end);
    }

    private static string Row(string name, IReadOnlyList<LiveFinding> all)
    {
        var outs = Outs(all);
        var missed = all.Count(finding => finding.OutSeconds is null);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {all.Count}{(missed > 0 ? $" ({missed} not found)" : "")} | {At(outs, .5):F2} s | {At(outs, .99):F2} s | {At(outs, 1):F2} s | {At([.. all.Select(finding => finding.BackSeconds).Order()], .5):F1} s | {all.Max(finding => finding.MostInFlight)} |");
    }

    private static List<double> Outs(IReadOnlyList<LiveFinding> all) => [.. all.Select(finding => finding.OutSeconds).OfType<double>().Order()];

    private static double At(List<double> sorted, double share) => sorted.Count == 0 ? double.NaN : sorted[(int)Math.Ceiling((sorted.Count - 1) * share)];

    private static JsonNode? Round(double seconds) => double.IsNaN(seconds) ? null : Math.Round(seconds, 3);
}
