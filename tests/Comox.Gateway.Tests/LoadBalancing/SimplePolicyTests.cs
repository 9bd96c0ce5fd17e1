using Comox.Gateway.LoadBalancing;

namespace Comox.Gateway.Tests.LoadBalancing;

public sealed class SimplePolicyTests
{
    public static TheoryData<string> Names => [.. LoadBalancingPolicies.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_policy_has_its_name_and_answers_minus_one_when_there_is_nobody(string name)
    {
        var fleet = new RoutingFleet(2);
        var policy = fleet.Policy(name);
        var request = new RoutingRequest { PromptTokens = 10, Session = 1, Adapter = 2, Prefix = RoutingFleet.Blocks(1, 2), PromptBytes = 512 };

        Assert.Equal(name, policy.Name);
        Assert.Equal(-1, policy.Choose([], request, out var trace));
        Assert.Equal(RouteReason.None, trace.Reason);
        Assert.Equal(-1, policy.Choose([new Candidate(fleet.Backends[0], 0)], request, out _));
        for (var turn = 0; turn < 20; turn++)
            Assert.Equal(1, policy.Choose([new Candidate(fleet.Backends[0], 0), new Candidate(fleet.Backends[1], 0.1)], request, out _));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_decision_allocates_nothing(string name)
    {
        var fleet = new RoutingFleet(32);
        var policy = fleet.Policy(name);
        var request = new RoutingRequest { PromptTokens = 2000, OutputTokens = 200, Session = 7, Adapter = 9, Prefix = RoutingFleet.Blocks(1, 32), PromptBytes = 20_000 };
        for (var warm = 0; warm < 50; warm++)
            policy.Choose(fleet.Candidates, request, out _);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var turn = 0; turn < 100; turn++)
            policy.Choose(fleet.Candidates, request, out _);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Round_robin_of_equals_is_strictly_in_turn()
    {
        var fleet = new RoutingFleet(3);
        Assert.Equal([0, 1, 2, 0, 1, 2, 0], Enumerable.Range(0, 7).Select(_ => fleet.Choose(LoadBalancingPolicies.RoundRobin, default)));
    }

    [Fact]
    public void Round_robin_gives_everybody_its_weight_and_no_long_runs()
    {
        var fleet = new RoutingFleet(3);
        Candidate[] candidates = [new(fleet.Backends[0], 5), new(fleet.Backends[1], 1), new(fleet.Backends[2], 1)];
        var turns = Enumerable.Range(0, 70).Select(_ => fleet.Policy(LoadBalancingPolicies.RoundRobin).Choose(candidates, default, out var _)).ToList();

        Assert.Equal([50, 10, 10], turns.CountBy(turn => turn).OrderBy(pair => pair.Key).Select(pair => pair.Value));
        // The light ones never twice in a row, and in every round of seven each comes once.
        Assert.All(turns.Chunk(7), round => Assert.Equal([5, 1, 1], Enumerable.Range(0, 3).Select(backend => round.Count(turn => turn == backend))));
    }

    [Fact]
    public void A_newcomer_is_not_owed_the_turns_it_missed()
    {
        var fleet = new RoutingFleet(3);
        for (var turn = 0; turn < 1000; turn++)
            fleet.Policy(LoadBalancingPolicies.RoundRobin).Choose(fleet.Candidates.AsSpan(0, 2), default, out _);

        var next = Enumerable.Range(0, 30).Select(_ => fleet.Choose(LoadBalancingPolicies.RoundRobin, default)).ToList();
        Assert.InRange(next.Count(turn => turn == 2), 10, 11);
    }

    [Fact]
    public async Task Round_robin_is_even_when_threads_ask_at_once()
    {
        var fleet = new RoutingFleet(4);
        var policy = fleet.Policy(LoadBalancingPolicies.RoundRobin);
        var turns = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Enumerable.Range(0, 1000).Select(_ => policy.Choose(fleet.Candidates, default, out var _)).ToList())));
        Assert.All(turns.SelectMany(turn => turn).CountBy(turn => turn), pair => Assert.Equal(1000, pair.Value));
    }

    [Fact]
    public void Power_of_two_never_takes_the_busiest_and_spreads_a_burst()
    {
        var fleet = new RoutingFleet(3);
        fleet.Backends[1].Begin(new RequestCost(10, 0, 10));
        Assert.DoesNotContain(1, Enumerable.Range(0, 200).Select(_ => fleet.Choose(LoadBalancingPolicies.PowerOfTwo, default)));

        Assert.InRange(Burst(new RoutingFleet(8), LoadBalancingPolicies.PowerOfTwo, 800), 1, 1.2);
    }

    [Fact]
    public void The_same_seed_decides_the_same()
    {
        static List<int> Decisions(ulong seed)
        {
            var fleet = new RoutingFleet(8, seed: seed);
            return [.. Enumerable.Range(0, 100).Select(_ => fleet.Send(LoadBalancingPolicies.PowerOfTwo, default).Backend)];
        }

        Assert.Equal(Decisions(5), Decisions(5));
        Assert.NotEqual(Decisions(5), Decisions(6));
    }

    [Fact]
    public void Least_latency_explores_the_unknown_once_and_then_prefers_the_fast()
    {
        var fleet = new RoutingFleet(3);
        var explored = Enumerable.Range(0, 3).Select(_ => fleet.Send(LoadBalancingPolicies.LeastLatency, default)).ToList();
        Assert.Equal([0, 1, 2], explored.Select(sent => sent.Backend).Order());

        foreach (var (backend, lease) in explored.OrderBy(sent => sent.Backend))
        {
            _ = backend;
            fleet.Time.Advance(TimeSpan.FromSeconds(1));
            lease.FirstToken(null);
            lease.End();
        }

        // 1, 2 and 3 seconds: the first gets the next two, then its queue has cost its advantage.
        Assert.Equal([0, 0, 1], Enumerable.Range(0, 3).Select(_ => fleet.Send(LoadBalancingPolicies.LeastLatency, default).Backend).Order());
    }

    [Fact]
    public void Least_latency_forgets_a_slow_answer()
    {
        var fleet = new RoutingFleet(2);
        foreach (var (backend, seconds) in new[] { (0, 60.0), (1, 0.1) })
        {
            using var lease = fleet.Backends[backend].Begin(default);
            fleet.Time.Advance(TimeSpan.FromSeconds(seconds));
            lease.FirstToken(null);
        }

        Assert.All(Enumerable.Range(0, 20), _ => Assert.Equal(1, fleet.Choose(LoadBalancingPolicies.LeastLatency, default)));
        fleet.Time.Advance(TimeSpan.FromMinutes(10));
        Assert.Contains(0, Enumerable.Range(0, 20).Select(_ => fleet.Choose(LoadBalancingPolicies.LeastLatency, default)));
    }

    [Fact]
    public void Least_outstanding_tokens_counts_tokens_and_not_requests()
    {
        var fleet = new RoutingFleet(2);
        fleet.Backends[0].Begin(new RequestCost(30_000, 0, 100));
        for (var small = 0; small < 10; small++)
            fleet.Backends[1].Begin(new RequestCost(100, 0, 100));

        Assert.Equal(1, fleet.Choose(LoadBalancingPolicies.LeastOutstandingTokens, default));
        Assert.Equal(0, fleet.Policy(LoadBalancingPolicies.LeastOutstandingTokens).Choose([new(fleet.Backends[0], 100), new(fleet.Backends[1], 1)], default, out _));
    }

    [Theory]
    [InlineData(LoadBalancingPolicies.Auto)]
    [InlineData(LoadBalancingPolicies.LeastLatency)]
    [InlineData(LoadBalancingPolicies.LeastOutstandingTokens)]
    [InlineData(LoadBalancingPolicies.SessionAffinity)]
    [InlineData(LoadBalancingPolicies.PrefixAffinity)]
    public void A_burst_that_comes_before_any_answer_spreads(string policy) => Assert.InRange(Burst(new RoutingFleet(8), policy, 800), 1, 1.2);

    private static double Burst(RoutingFleet fleet, string policy, int requests)
    {
        var counts = new int[fleet.Backends.Length];
        for (var number = 0; number < requests; number++)
            counts[fleet.Send(policy, new RoutingRequest { PromptTokens = 500, OutputTokens = 200 }).Backend]++;
        return RoutingFleet.MaxOverMean(counts);
    }
}
