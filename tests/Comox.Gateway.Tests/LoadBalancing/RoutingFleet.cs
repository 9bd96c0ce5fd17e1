using Comox.Gateway.LoadBalancing;
using Microsoft.Extensions.Time.Testing;

namespace Comox.Gateway.Tests.LoadBalancing;

/// <summary>Some backends of one model, a clock that tests move, and the policies over them.</summary>
internal sealed class RoutingFleet
{
    private readonly Dictionary<string, ILoadBalancingPolicy> _policies = [];

    public RoutingFleet(int backends, LoadOptions? load = null, LoadBalancingOptions? options = null, ulong seed = 1)
    {
        Loads = new BackendLoads(load ?? new LoadOptions(), Time);
        Backends = [.. Enumerable.Range(0, backends).Select(number => Loads.Of("m", $"gpu-{number}/chat"))];
        Candidates = [.. Backends.Select(backend => new Candidate(backend))];
        Affinity = new Affinity(new SessionTable(new SessionTableOptions(), Time), new PrefixIndex(new PrefixIndexOptions { MaxBytes = 4 << 20 }, Time));
        Options = options ?? new LoadBalancingOptions();
        Dice = new Dice(seed);
    }

    public FakeTimeProvider Time { get; } = new();
    public BackendLoads Loads { get; }
    public BackendLoad[] Backends { get; }
    public Candidate[] Candidates { get; }
    public Affinity Affinity { get; }
    public LoadBalancingOptions Options { get; }
    public Dice Dice { get; }

    public ILoadBalancingPolicy Policy(string name) =>
        _policies.TryGetValue(name, out var policy) ? policy : _policies[name] = LoadBalancingPolicies.Create(Options with { Policy = name }, Affinity, Dice, Time);

    public int Choose(string policy, in RoutingRequest request, out RouteTrace trace) => Policy(policy).Choose(Candidates, request, out trace);

    public int Choose(string policy, in RoutingRequest request) => Choose(policy, request, out _);

    /// <summary>So many decisions about the same request, none of them sent.</summary>
    public List<int> Choices(string policy, in RoutingRequest request, int count)
    {
        var choices = new List<int>();
        while (choices.Count < count)
            choices.Add(Choose(policy, request));
        return choices;
    }

    /// <summary>Chooses and sends, as the gateway does.</summary>
    public (int Backend, LoadLease Lease) Send(string policy, in RoutingRequest request)
    {
        var chosen = Choose(policy, request, out var trace);
        Affinity.Sent(Backends[chosen], request);
        return (chosen, Backends[chosen].Begin(new RequestCost(request.PromptTokens, trace.CachedTokens, request.OutputTokens)));
    }

    /// <summary>Hashes of made-up blocks: equal numbers are equal prefixes.</summary>
    public static ulong[] Blocks(int prompt, int count, int shared = 0, int sharedPrompt = 0) =>
        [.. Enumerable.Range(0, count).Select(block => Dice.Mix(((ulong)(block < shared ? sharedPrompt : prompt) << 20) + (ulong)block + 1))];

    public static double MaxOverMean(IEnumerable<int> counts) => counts.Max() / counts.Average();
}
