using BenchmarkDotNet.Attributes;
using Comox.Gateway.CircuitBreaking;
using Comox.Gateway.LoadBalancing;

namespace Comox.Benchmarks;

/// <summary>One routing decision over 32 backends, with a session and 32 prefix blocks, in a gateway that knows 200 models on each of them.</summary>
public class RoutingBenchmarks
{
    private const int Models = 200;
    private const int Backends = 32;
    private const int Blocks = 32;

    // More prompts than a decision's data fits into a processor's cache, so that a look-up is paid for as in a busy gateway.
    private const int Prompts = 4096;

    private static readonly Dice Dice = new(1);

    private readonly string[] _models = [.. Enumerable.Range(0, Models).Select(model => $"org/model-{model}-instruct")];
    private readonly string[] _names = [.. Enumerable.Range(0, Backends).Select(backend => $"gpu-{backend}/chat")];
    private readonly BackendLoads _loads = new(new LoadOptions(), TimeProvider.System);
    private readonly BackendCircuits _circuits = new(new CircuitOptions(), Dice, TimeProvider.System);
    private readonly Affinity _affinity = new(new SessionTable(new SessionTableOptions(), TimeProvider.System), new PrefixIndex(new PrefixIndexOptions(), TimeProvider.System));
    private readonly ulong[] _hashes = new ulong[Prompts * Blocks];
    private Candidate[][] _candidates = [];
    private ILoadBalancingPolicy _policy = null!;
    private int _turn;

    [Params(LoadBalancingPolicies.Auto, LoadBalancingPolicies.SessionAffinity, LoadBalancingPolicies.LeastOutstandingTokens, LoadBalancingPolicies.RoundRobin)]
    public string Policy { get; set; } = "";

    [GlobalSetup]
    public void Fill()
    {
        _policy = LoadBalancingPolicies.Create(new LoadBalancingOptions { Policy = Policy }, _affinity, Dice, TimeProvider.System);
        _candidates = [.. _models.Select(model => _names.Select(name => new Candidate(_loads.Of(model, name))).ToArray())];
        foreach (var pool in _candidates)
        {
            foreach (var candidate in pool)
            {
                candidate.Load.Begin(new RequestCost(Dice.Next(4000), 0, 200));
                candidate.Load.Begin(new RequestCost(2000, 0, 200)).FirstToken(0);
            }
        }

        for (var prompt = 0; prompt < Prompts; prompt++)
        {
            for (var block = 0; block < Blocks; block++)
                _hashes[(prompt * Blocks) + block] = Dice.Next();
            _affinity.Sent(_candidates[prompt % Models][prompt % Backends].Load, Request(prompt));
        }
    }

    [Benchmark(Baseline = true)]
    public int Decide()
    {
        var prompt = NextPrompt();
        return _policy.Choose(_candidates[prompt % Models], Request(prompt), out _);
    }

    /// <summary>Decide, find the ledgers by name and ask every circuit before it, remember and account after it: all that a request pays.</summary>
    [Benchmark(Description = "Look up, decide, send, answer, end")]
    public int Whole()
    {
        var prompt = NextPrompt();
        var model = _models[prompt % Models];
        var request = Request(prompt);
        Span<Candidate> candidates = new Candidate[Backends];
        for (var at = 0; at < Backends; at++)
        {
            var circuit = _circuits.Of(model, _names[at]);
            candidates[at] = circuit.IsAdmissible ? new Candidate(_loads.Of(model, _names[at]), circuit.Ramp) : default;
        }

        var chosen = _policy.Choose(candidates, request, out var trace);
        _circuits.Of(model, _names[chosen]).TryEnter(out var permit);
        _affinity.Sent(candidates[chosen].Load, request);
        var lease = candidates[chosen].Load.Begin(new RequestCost(request.PromptTokens, trace.CachedTokens, request.OutputTokens));
        lease.FirstToken(trace.CachedTokens);
        permit.Succeeded();
        lease.End();
        return chosen;
    }

    [Benchmark(Description = "Look up one ledger among 200 × 32")]
    public int LookUp() => _loads.Of(_models[_turn++ % Models], _names[_turn % Backends]).Slot;

    // Neighbours in time are not neighbours in memory.
    private int NextPrompt() => (_turn += 1021) & (Prompts - 1);

    private RoutingRequest Request(int prompt) => new()
    {
        PromptTokens = 3000,
        OutputTokens = 200,
        Session = (ulong)prompt,
        Prefix = _hashes.AsSpan(prompt * Blocks, Blocks),
        PromptBytes = 12_500,
    };
}

/// <summary>The hashes of a prompt, and what an index that has seen ten million of them weighs.</summary>
public class PrefixBenchmarks
{
    private readonly ulong[] _hashes = new ulong[PrefixHasher.MaxBlocks];
    private byte[] _body = [];

    [Params(1, 256)]
    public int KiB { get; set; }

    [GlobalSetup]
    public void Write()
    {
        _body = new byte[KiB * 1024];
        new Random(1).NextBytes(_body);
    }

    [Benchmark(Description = "Hash a prompt")]
    public ulong Hash()
    {
        var hasher = new PrefixHasher(1, _hashes);
        hasher.Add(_body);
        return _hashes[0];
    }
}

/// <summary>Ten million distinct prompts of eight blocks through one index of 32 MiB.</summary>
public class PrefixIndexBenchmarks
{
    private readonly PrefixIndex _index = new(new PrefixIndexOptions(), TimeProvider.System);

    [Benchmark(OperationsPerInvoke = 10_000_000, Description = "Insert a prompt of 8 blocks")]
    public long Insert()
    {
        Span<ulong> hashes = stackalloc ulong[8];
        for (var prompt = 0UL; prompt < 10_000_000; prompt++)
        {
            for (var block = 0; block < hashes.Length; block++)
                hashes[block] = Dice.Mix((prompt << 8) + (ulong)block);
            _index.Insert((int)(prompt % 32), hashes);
        }

        return _index.Bytes <= new PrefixIndexOptions().MaxBytes ? _index.Bytes : throw new InvalidOperationException("The index is larger than its cap.");
    }
}
