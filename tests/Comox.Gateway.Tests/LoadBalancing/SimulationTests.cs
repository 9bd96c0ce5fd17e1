using Comox.Gateway.LoadBalancing;

namespace Comox.Gateway.Tests.LoadBalancing;

/// <summary>What policies do to a fleet over time, which no single decision shows.</summary>
public sealed class SimulationTests
{
    private const int Backends = 8;

    private static readonly SimulatedEngine SmallCache = new() { CacheBlocks = 1500 };

    [Theory]
    [InlineData(LoadBalancingPolicies.Auto)]
    [InlineData(LoadBalancingPolicies.PrefixAffinity)]
    public void One_hot_prefix_does_not_make_a_hot_backend(string policy)
    {
        // Nine tenths of every prompt are the same. 100 requests a second, two seconds each: some 25 in flight at each backend.
        var requests = Enumerable.Range(0, 4000).Select(number => new SimulatedRequest(number / 100.0, 2000, 100, RoutingFleet.Blocks(number + 10, 20, shared: 18)));
        var answers = Run(policy, requests, out _);

        Assert.InRange(Spread(answers), 1, 1.5);
        Assert.InRange(answers.Count(answer => answer.CachedTokens > 0), 3900, 4000);
    }

    [Fact]
    public void A_burst_of_800_with_one_prefix_spreads_before_any_of_them_is_answered()
    {
        var requests = Enumerable.Range(0, 800).Select(number => new SimulatedRequest(0, 2000, 100, RoutingFleet.Blocks(number + 10, 20, shared: 18)));
        Assert.InRange(Spread(Run(LoadBalancingPolicies.Auto, requests, out _)), 1, 1.2);
    }

    [Fact]
    public void A_burst_of_800_with_one_session_spreads()
    {
        var requests = Enumerable.Range(0, 800).Select(number => new SimulatedRequest(0, 500, 100, RoutingFleet.Blocks(number + 10, 5), Session: 1));
        Assert.InRange(Spread(Run(LoadBalancingPolicies.Auto, requests, out _)), 1, 1.5);
    }

    [Fact]
    public void Conversations_find_their_prompts_in_the_cache_and_wait_less_than_in_turn()
    {
        // All conversations fit into the caches of the fleet once, but not each of them into every cache.
        var auto = Run(LoadBalancingPolicies.Auto, Conversations(), out _, SmallCache);
        var inTurn = Run(LoadBalancingPolicies.RoundRobin, Conversations(), out _, SmallCache);
        var affinity = Run(LoadBalancingPolicies.SessionAffinity, Conversations(), out _, SmallCache);

        Assert.InRange(Cached(auto) / Cached(inTurn), 2, 100);
        Assert.InRange(P90(auto) / P90(inTurn), 0, 0.1);
        Assert.InRange(P90(auto) / P90(affinity), 0, 0.7);
        Assert.InRange(Spread(auto), 1, 1.5);
    }

    [Fact]
    public void New_sessions_of_a_quiet_fleet_are_spread_although_one_backend_holds_the_system_prompt_of_all()
    {
        // Each is answered before the next one comes: in flight there is never more than one.
        var requests = Enumerable.Range(0, 400).Select(number => new SimulatedRequest(number * 3, 2000, 100, RoutingFleet.Blocks(number + 10, 20, shared: 18), (ulong)number));
        Assert.InRange(Spread(Run(LoadBalancingPolicies.Auto, requests, out _)), 1, 1.5);
    }

    [Fact]
    public void Predictions_of_the_cache_are_right()
    {
        var answers = Run(LoadBalancingPolicies.Auto, Conversations(), out _, SmallCache);
        Assert.InRange(answers.Average(answer => Math.Abs(answer.PredictedTokens - answer.CachedTokens)) / answers.Average(answer => answer.CachedTokens), 0, 0.05);
    }

    [Fact]
    public void Engines_without_a_cache_are_soon_believed_to_have_none()
    {
        var answers = Run(LoadBalancingPolicies.Auto, Conversations(), out var fleet, new SimulatedEngine { CacheBlocks = 0 });

        Assert.All(fleet.Backends, backend => Assert.InRange(backend.CacheTrust, 0, 0.01));
        Assert.InRange(answers[^500..].Average(answer => (double)answer.PredictedTokens), 0, 5);
        Assert.InRange(answers[..100].Max(answer => answer.PredictedTokens), 100, 100_000);
    }

    [Theory]
    [InlineData(LoadBalancingPolicies.Auto)]
    [InlineData(LoadBalancingPolicies.LeastLatency)]
    [InlineData(LoadBalancingPolicies.LeastOutstandingTokens)]
    [InlineData(LoadBalancingPolicies.PowerOfTwo)]
    public void A_backend_that_never_answers_soon_gets_nothing_and_the_others_do_not_notice(string policy)
    {
        var engines = Engines();
        engines[3] = new SimulatedEngine { Answers = false };
        var requests = Enumerable.Range(0, 4000).Select(number => new SimulatedRequest(number / 50.0, 1000, 50, RoutingFleet.Blocks(number + 10, 10))).ToList();
        var answers = new SimulatedFleet(new RoutingFleet(Backends), engines).Run(policy, requests);

        Assert.InRange(answers.Count(answer => answer.Backend == 3), 1, 60);
        // The last half goes past it altogether.
        Assert.InRange(answers[2000..].Count(answer => answer.Backend == 3), 0, 5);
        Assert.InRange(P90([.. answers.Where(answer => answer.Backend != 3)]), 0, 0.5);
    }

    [Fact]
    public void A_slow_backend_gets_less_and_a_fast_one_more()
    {
        var engines = Engines();
        engines[0] = new SimulatedEngine { PrefillRate = 1000 };
        engines[1] = new SimulatedEngine { PrefillRate = 24_000 };
        var requests = Enumerable.Range(0, 4000).Select(number => new SimulatedRequest(number / 40.0, 1500, 20, RoutingFleet.Blocks(number + 10, 10)));
        var counts = new SimulatedFleet(new RoutingFleet(Backends), engines).Run(LoadBalancingPolicies.Auto, requests).CountBy(answer => answer.Backend).ToDictionary();

        var usual = Enumerable.Range(2, 6).Average(backend => counts[backend]);
        Assert.InRange(counts.GetValueOrDefault(0), 0, usual / 2);
        Assert.InRange(counts[1], usual * 1.2, 4000);
    }

    /// <summary>240 sessions of 20 turns, each turn a longer prompt than the last; all sessions begin with the same system prompt.</summary>
    private static IEnumerable<SimulatedRequest> Conversations()
    {
        var dice = new Dice(3);
        return Enumerable.Range(0, 240).SelectMany(session =>
        {
            var begin = dice.NextDouble() * 20;
            return Enumerable.Range(0, 20).Select(turn =>
                new SimulatedRequest(begin + (turn * 4) + dice.NextDouble(), 1500 + (turn * 300), 80, RoutingFleet.Blocks(session + 10, 14 + turn, shared: 6), (ulong)session));
        }).OrderBy(request => request.At).ToList();
    }

    private static SimulatedEngine[] Engines() => [.. Enumerable.Range(0, Backends).Select(_ => new SimulatedEngine())];

    private static List<SimulatedAnswer> Run(string policy, IEnumerable<SimulatedRequest> requests, out RoutingFleet fleet, SimulatedEngine? like = null)
    {
        fleet = new RoutingFleet(Backends);
        var engines = like is null ? Engines() : [.. Enumerable.Range(0, Backends).Select(_ => new SimulatedEngine { CacheBlocks = like.CacheBlocks, PrefillRate = like.PrefillRate })];
        var answers = new SimulatedFleet(fleet, engines).Run(policy, requests);
        Assert.All(fleet.Backends, backend => Assert.Equal((0, 0L, 0, 0L), (backend.InFlight, backend.PromptTokens, backend.Decoding, backend.OutputTokens)));
        return answers;
    }

    private static double Spread(List<SimulatedAnswer> answers) =>
        RoutingFleet.MaxOverMean(Enumerable.Range(0, Backends).Select(backend => answers.Count(answer => answer.Backend == backend)));

    private static double Cached(List<SimulatedAnswer> answers) => answers.Average(answer => (double)answer.CachedTokens);

    private static double P90(List<SimulatedAnswer> answers) => answers.Select(answer => answer.FirstToken).Order().ElementAt(answers.Count * 9 / 10);
}
