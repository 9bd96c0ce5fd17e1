using Comox.FakeBackend.Simulation;
using Comox.Gateway.LoadBalancing;

namespace Comox.Benchmarks.Fleet;

/// <summary>What came of a run. Times in seconds.</summary>
internal sealed record FleetResult(string Routing, string Swapping, IReadOnlyList<double> FirstTokens, double TokensPerSecond, int Swaps, double ReloadBytes)
{
    public double At(double share) => FirstTokens[(int)((FirstTokens.Count - 1) * share)];
}

/// <summary>
/// One routing policy over simulated nodes: the policies, ledgers, session table and prefix index are those that serve requests, and so is the nodes' scheduler. The gateway knows of a
/// node what an event of its would tell.
/// </summary>
internal sealed class FleetRun
{
    private readonly VirtualTime _time = new();
    private readonly FleetTrace _trace;
    private readonly string _routing;
    private readonly FleetSwapping _swapping;
    private readonly FleetNode[] _nodes;
    private readonly BackendLoads _loads;
    private readonly Affinity _affinity;
    private readonly ILoadBalancingPolicy _policy;
    private readonly List<double> _firstTokens = [];
    private long _written;

    public FleetRun(FleetTrace trace, int nodes, string routing, FleetSwapping swapping)
    {
        (_trace, _routing, _swapping) = (trace, routing, swapping);
        // One box in eight has an older drive, one a riser: fleets are like that.
        _nodes = [.. Enumerable.Range(0, nodes).Select(number => new FleetNode(
            trace.Models,
            new CardModel(ReadBytesPerSecond: number % 8 == 1 ? 3.5e9 : 5e9, CopyBytesPerSecond: number % 32 == 9 ? 0.9e9 : 12e9),
            swapping,
            _time))];
        _loads = new BackendLoads(new LoadOptions(), _time);
        _affinity = new Affinity(new SessionTable(new SessionTableOptions(), _time), new PrefixIndex(new PrefixIndexOptions(), _time));
        _policy = LoadBalancingPolicies.Create(new LoadBalancingOptions { Policy = routing }, _affinity, new Dice(1), _time);
    }

    public FleetResult Run()
    {
        foreach (var talk in _trace.Talks)
            _time.After(talk.At, () => Say(talk, 0, talk.Character.SystemTokens));
        _time.Run();
        _firstTokens.Sort();
        return new FleetResult(
            _routing, _swapping.Name, _firstTokens, _written / _time.Now, _nodes.Sum(node => node.Loads), _nodes.Sum(node => (double)node.LoadedBytes));
    }

    private void Say(FleetTalk talk, int number, int before)
    {
        var turn = talk.Turns[number];
        var prompt = before + turn.NewTokens;
        var model = talk.Character.Model.Id;
        var candidates = new Candidate[_nodes.Length];
        for (var at = 0; at < _nodes.Length; at++)
        {
            candidates[at] = new Candidate(_loads.Of(model, $"gpu-{at}/{model}"));
            // The one policy that weighs it; to ask 32 nodes for each message takes most of the run.
            if (_routing == LoadBalancingPolicies.Auto)
                candidates[at].Load.SwapSeconds = _nodes[at].SwapSeconds(model);
        }

        var request = Request(talk, prompt, turn.OutputTokens);
        var chosen = _policy.Choose(candidates, request, out var why);
        var load = candidates[chosen].Load;
        _affinity.Sent(load, request);
        var lease = load.Begin(new RequestCost(prompt, why.CachedTokens, turn.OutputTokens));
        var began = _time.Now;
        _nodes[chosen].Take(new FleetCall(
            talk,
            prompt,
            turn.OutputTokens,
            cached =>
            {
                _firstTokens.Add(_time.Now - began);
                lease.FirstToken(cached);
                _affinity.Answered(load, Request(talk, prompt, turn.OutputTokens), why.CachedTokens, cached);
            },
            () =>
            {
                lease.End();
                _written += turn.OutputTokens;
                if (number + 1 < talk.Turns.Count)
                    _time.After(talk.Turns[number + 1].Think, () => Say(talk, number + 1, prompt + turn.OutputTokens));
            }));
    }

    private static RoutingRequest Request(FleetTalk talk, int promptTokens, int outputTokens)
    {
        const int BytesPerToken = 4;
        var blocks = Math.Min(PrefixHasher.MaxBlocks, PrefixHasher.BlocksIn(promptTokens * BytesPerToken));
        var system = PrefixHasher.BlocksIn(talk.Character.SystemTokens * BytesPerToken);
        var prefix = new ulong[blocks];
        for (var block = 0; block < blocks; block++)
            prefix[block] = Dice.Mix(((ulong)(block < system ? talk.Character.Number : 1_000_000 + talk.Number) << 20) + (ulong)block + 1);
        return new RoutingRequest
        {
            PromptTokens = promptTokens,
            OutputTokens = outputTokens,
            Session = (ulong)talk.Number + 1,
            Adapter = talk.Character.Model.Id.StartsWith("tuned-", StringComparison.Ordinal) ? null : (ulong)talk.Character.Number + 1,
            Prefix = prefix,
            PromptBytes = promptTokens * BytesPerToken,
        };
    }
}
