using Comox.Gateway.LoadBalancing;

namespace Comox.Gateway.Tests.LoadBalancing;

/// <summary>One prompt of a simulation: its tokens, the blocks of its text and the answer's length.</summary>
internal sealed record SimulatedRequest(double At, int PromptTokens, int OutputTokens, ulong[] Prefix, ulong? Session = null);

/// <summary>What became of it. The first token is infinitely late at a backend that never answers.</summary>
internal sealed record SimulatedAnswer(int Backend, double FirstToken, int CachedTokens, int PredictedTokens);

/// <summary>
/// An engine: reads prompts one after the other at a rate, skips the blocks it holds, keeps the most recently used of them, and writes all answers at once.
/// </summary>
internal sealed class SimulatedEngine
{
    private readonly LinkedList<ulong> _blocks = [];
    private readonly Dictionary<ulong, LinkedListNode<ulong>> _held = [];

    public double PrefillRate { get; init; } = 8000;
    public int CacheBlocks { get; init; } = 20_000;
    public bool Answers { get; init; } = true;
    public double FreeAt { get; private set; }

    public (double FirstToken, int Cached) Read(double now, SimulatedRequest request)
    {
        var matched = request.Prefix.TakeWhile(_held.ContainsKey).Count();
        foreach (var block in request.Prefix)
            Hold(block);
        var cached = request.Prefix.Length == 0 ? 0 : request.PromptTokens * PrefixHasher.BytesOf(matched) / SimulatedFleet.BytesOf(request);
        FreeAt = Math.Max(now, FreeAt) + ((request.PromptTokens - cached) / PrefillRate);
        return (FreeAt, cached);
    }

    private void Hold(ulong block)
    {
        if (_held.Remove(block, out var node))
            _blocks.Remove(node);
        _held[block] = _blocks.AddLast(block);
        if (_held.Count <= CacheBlocks)
            return;
        _held.Remove(_blocks.First!.Value);
        _blocks.RemoveFirst();
    }
}

/// <summary>Runs requests through a policy and simulated engines on a clock of its own: hours pass in milliseconds, and always in the same way.</summary>
internal sealed class SimulatedFleet(RoutingFleet fleet, SimulatedEngine[] engines)
{
    private const double TokenSeconds = 0.02;

    public static int BytesOf(SimulatedRequest request) => PrefixHasher.BytesOf(request.Prefix.Length) + 100;

    public List<SimulatedAnswer> Run(string policy, IEnumerable<SimulatedRequest> requests)
    {
        var answers = new List<SimulatedAnswer>();
        var events = new PriorityQueue<Action, double>();
        foreach (var request in requests)
            events.Enqueue(() => Send(policy, request, events, answers), request.At);

        var now = 0.0;
        while (events.TryDequeue(out var step, out var at))
        {
            fleet.Time.Advance(TimeSpan.FromSeconds(Math.Max(0, at - now)));
            now = Math.Max(now, at);
            step();
        }

        return answers;
    }

    private void Send(string policy, SimulatedRequest request, PriorityQueue<Action, double> events, List<SimulatedAnswer> answers)
    {
        var chosen = fleet.Choose(policy, Routing(request), out var trace);
        var backend = fleet.Backends[chosen];
        fleet.Affinity.Sent(backend, Routing(request));
        var lease = backend.Begin(new RequestCost(request.PromptTokens, trace.CachedTokens, request.OutputTokens));
        if (!engines[chosen].Answers)
        {
            answers.Add(new SimulatedAnswer(chosen, double.PositiveInfinity, 0, trace.CachedTokens));
            return;
        }

        var (firstToken, cached) = engines[chosen].Read(request.At, request);
        answers.Add(new SimulatedAnswer(chosen, firstToken - request.At, cached, trace.CachedTokens));
        events.Enqueue(
            () =>
            {
                lease.FirstToken(cached);
                fleet.Affinity.Answered(backend, Routing(request), trace.CachedTokens, cached);
            },
            firstToken);
        events.Enqueue(lease.End, firstToken + (request.OutputTokens * TokenSeconds));
    }

    private static RoutingRequest Routing(SimulatedRequest request) => new()
    {
        PromptTokens = request.PromptTokens,
        OutputTokens = request.OutputTokens,
        Session = request.Session,
        Prefix = request.Prefix,
        PromptBytes = BytesOf(request),
    };
}
