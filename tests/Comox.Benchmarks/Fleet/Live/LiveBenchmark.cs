using System.Collections.Concurrent;
using System.Globalization;

namespace Comox.Benchmarks.Fleet.Live;

/// <summary>
/// <c>fleet --live [--nodes 32] [--clients 24] [--healthy 10] [--rounds 10] [--fault NAME]</c>: real agents and the real gateway as processes on this machine, over simulated engines and cards; minutes of
/// healthy noise in which nobody may be taken out, then each fault in turn on nodes chosen by chance, and how long it takes until new requests go elsewhere. The last line is one JSON object.
/// </summary>
internal static class LiveBenchmark
{
    private const string Model = "keepsake";
    private const int FirstPort = 21_000;
    private const int FaultsAtOnce = 3;
    private const int MostTold = 40;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan Ill = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LongestToBeFound = TimeSpan.FromSeconds(20);

    public static async Task<int> RunAsync(string[] args)
    {
        var (count, clients) = (Arguments.Whole(args, "--nodes") ?? 32, Arguments.Whole(args, "--clients") ?? 24);
        var (healthy, rounds) = (Arguments.Number(args, "--healthy") ?? 10, Arguments.Whole(args, "--rounds") ?? 10);
        var faults = LiveFault.All.Where(fault => Arguments.Option(args, "--fault") is not { } named || fault.Name.Contains(named, StringComparison.Ordinal)).ToList();
        var folder = Directory.CreateTempSubdirectory("comox-fleet-").FullName;
        var nodes = Enumerable.Range(1, count).Select(number => new LiveNode(number, FirstPort + number, folder)).ToList();
        try
        {
            nodes.ForEach(node => node.Start());
            using var gateway = new LiveGateway(FirstPort, nodes, folder);
            using var stopping = new CancellationTokenSource();
            var watching = gateway.WatchAsync(stopping.Token);
            await UntilAsync(() => gateway.InUse == count, $"{count} nodes are in use", () => $"{gateway.InUse} are");
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count} nodes, {clients} people"));
            var people = new LiveClients(gateway, clients, Model);
            var talking = people.RunAsync(stopping.Token);
            await Task.Delay(TimeSpan.FromSeconds(45), TimeProvider.System); // Everything is compiled by then, and what is usual is known.

            var falsely = await HealthyAsync(gateway, people, TimeSpan.FromMinutes(healthy));
            var found = new ConcurrentQueue<LiveFinding>();
            await Task.WhenAll(Enumerable.Range(0, FaultsAtOnce).Select(worker => FaultsAsync(
                gateway, [.. nodes.Where((_, number) => number % FaultsAtOnce == worker)], [.. faults.Where((_, number) => number % FaultsAtOnce == worker)], rounds, found)));
            await stopping.CancelAsync();
            await Task.WhenAll(talking, watching);
            LiveReport.Print(found, people, falsely, healthy);
            return 0;
        }
        finally
        {
            nodes.ForEach(node => node.Dispose());
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<int> HealthyAsync(LiveGateway gateway, LiveClients people, TimeSpan time)
    {
        var falsely = 0;
        void Count(string name, Comox.ServiceDefaults.Contracts.Gateway.BackendStatus backend)
        {
            if (Interlocked.Increment(ref falsely) <= MostTold)
                Console.WriteLine($"out without a fault: {name}, circuit {backend.Circuit}, health {backend.Health}. {backend.NotWell}");
        }

        gateway.WentOut += Count;
        await Task.Delay(time, TimeProvider.System);
        gateway.WentOut -= Count;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:0.#} healthy minutes: {people.Chats.Count} chats, {people.Complaints.Count} not whole, {falsely} nodes taken out"));
        return falsely;
    }

    private static async Task FaultsAsync(LiveGateway gateway, List<LiveNode> nodes, List<LiveFault> faults, int rounds, ConcurrentQueue<LiveFinding> found)
    {
        var random = new Random(nodes.Count + faults.Count);
        for (var round = 0; round < rounds; round++)
        {
            foreach (var fault in faults)
            {
                await Task.Delay(TimeSpan.FromSeconds(random.NextDouble()), TimeProvider.System);
                found.Enqueue(await OneAsync(gateway, nodes[random.Next(nodes.Count)], fault));
            }
        }
    }

    private static async Task<LiveFinding> OneAsync(LiveGateway gateway, LiveNode node, LiveFault fault)
    {
        await UntilAsync(() => gateway.Of(node) is { } backend && !LiveGateway.IsOut(backend), $"{node.Name} is in use", () => Describe(gateway, node));
        node.Engine = LiveNode.EngineOf((await gateway.NodesAsync()).Data.FirstOrDefault(entry => entry.Status?.Node == node.Name)?.Status);
        // What nobody asks anything of cannot be seen to be slow or silent.
        await UntilAsync(() => gateway.Of(node) is { InFlightDecoding: > 0 } backend && !LiveGateway.IsOut(backend), $"{node.Name} has something to say", () => Describe(gateway, node));
        var at = TimeProvider.System.GetTimestamp();
        fault.Inflict(node);
        double? seconds = null;
        while (seconds is null && TimeProvider.System.GetElapsedTime(at) < LongestToBeFound)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System);
            if (gateway.OutSince(node) is { } since && since >= at)
                seconds = TimeProvider.System.GetElapsedTime(at, since).TotalSeconds;
        }

        if (TimeProvider.System.GetElapsedTime(at) is var ill && ill < Ill)
            await Task.Delay(Ill - ill, TimeProvider.System);
        fault.Cure(node);
        var cured = TimeProvider.System.GetTimestamp();
        await UntilAsync(() => gateway.Of(node) is { } backend && !LiveGateway.IsOut(backend), $"{node.Name} is back after: {fault.Name}", () => Describe(gateway, node));
        var back = TimeProvider.System.GetElapsedTime(cured).TotalSeconds;

        // What comes to it while it is new again, against what others have.
        var most = 0;
        for (var look = 0; look < 50; look++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(40), TimeProvider.System);
            most = Math.Max(most, gateway.Of(node)?.InFlight ?? 0);
        }

        return new LiveFinding(fault.Name, seconds, back, most);
    }

    private static string Describe(LiveGateway gateway, LiveNode node) => gateway.Of(node) is not { } backend ? "it is not known"
        : $"ready {backend.Ready} ({backend.Reason}), well {backend.Well} ({backend.NotWell}), circuit {backend.Circuit}, health {backend.Health}";

    private static async Task UntilAsync(Func<bool> condition, string what, Func<string> instead)
    {
        for (var since = TimeProvider.System.GetTimestamp(); !condition(); await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System))
        {
            if (TimeProvider.System.GetElapsedTime(since) > Patience)
                throw new TimeoutException($"Not within {Patience.TotalSeconds:0} s: {what}; {instead()}");
        }
    }
}

/// <param name="Fault">Its name.</param>
/// <param name="OutSeconds">Until new requests went elsewhere; null: they did not within the time given.</param>
/// <param name="BackSeconds">From its end until it is used as before.</param>
/// <param name="MostInFlight">In the two seconds after that.</param>
internal sealed record LiveFinding(string Fault, double? OutSeconds, double BackSeconds, int MostInFlight);
