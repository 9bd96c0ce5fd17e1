using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Comox.Gateway.LoadBalancing;

namespace Comox.Benchmarks.Fleet;

/// <summary>
/// <c>fleet [--nodes 32] [--characters 300] [--minutes 60] [--talks 0.6] [--seed 1] [--pictures FOLDER]</c>: an hour of chats with 300 characters over 32 simulated RTX 3090, for each
/// routing policy with our swapping, and for each way to swap with our routing. The last line is one JSON object.
/// </summary>
internal static class FleetBenchmark
{
    public static int Run(string[] args)
    {
        var nodes = Arguments.Whole(args, "--nodes") ?? 32;
        var trace = new FleetTrace(Arguments.Whole(args, "--characters") ?? 300, Arguments.Number(args, "--talks") ?? 0.6, (Arguments.Number(args, "--minutes") ?? 60) * 60, Arguments.Whole(args, "--seed") ?? 1);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{nodes} nodes, {trace.Characters.Count} characters with {trace.Models.Count} models, {trace.Talks.Count} conversations, {trace.Talks.Sum(talk => talk.Turns.Count)} messages"));
        Console.WriteLine();
        Console.WriteLine("| routing | swapping | TTFT p50 | p95 | p99 | tokens/s | swaps | reloaded |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|");
        var results = new List<FleetResult>();
        foreach (var swapping in FleetSwapping.All)
            Add(LoadBalancingPolicies.Auto, swapping);
        foreach (var routing in LoadBalancingPolicies.Names.Where(name => name != LoadBalancingPolicies.Auto))
            Add(routing, FleetSwapping.Comox);
        if (Arguments.Option(args, "--pictures") is { } folder)
            FleetPictures.Write(folder, results);
        Console.WriteLine(Json(results));
        return 0;

        void Add(string routing, FleetSwapping swapping)
        {
            var result = new FleetRun(trace, nodes, routing, swapping).Run();
            results.Add(result);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {routing} | {swapping.Name} | {result.At(.5):F2} s | {result.At(.95):F2} s | {result.At(.99):F2} s | {result.TokensPerSecond:F0} | {result.Swaps:N0} | {result.ReloadBytes / 1e9:N0} GB |"));
        }
    }

    private static string Json(IEnumerable<FleetResult> results)
    {
        var all = new JsonObject();
        foreach (var result in results)
        {
            var name = result.Routing != LoadBalancingPolicies.Auto ? result.Routing : result.Swapping;
            all[name] = new JsonObject
            {
                ["ttft_p50"] = Math.Round(result.At(.5), 3), ["ttft_p95"] = Math.Round(result.At(.95), 3), ["ttft_p99"] = Math.Round(result.At(.99), 3),
                ["tokens_per_s"] = Math.Round(result.TokensPerSecond, 1), ["swaps"] = result.Swaps, ["reload_gb"] = Math.Round(result.ReloadBytes / 1e9, 1),
            };
        }

        return all.ToJsonString(new JsonSerializerOptions { WriteIndented = false });
    }
}
