using Comox.Gateway.LoadBalancing;

namespace Comox.Gateway.Tests.LoadBalancing;

public sealed class AffinityPolicyTests
{
    [Fact]
    public void A_session_has_one_backend_and_only_the_sessions_of_a_lost_backend_move()
    {
        var fleet = new RoutingFleet(8);
        var policy = fleet.Policy(LoadBalancingPolicies.SessionAffinity);
        var before = Enumerable.Range(0, 1000).Select(session => policy.Choose(fleet.Candidates, new RoutingRequest { Session = (ulong)session }, out _)).ToList();
        var after = Enumerable.Range(0, 1000).Select(session => policy.Choose(fleet.Candidates.AsSpan(0, 7), new RoutingRequest { Session = (ulong)session }, out _)).ToList();

        Assert.All(before.Zip(after), pair => Assert.True(pair.First == 7 || pair.First == pair.Second));
        Assert.InRange(RoutingFleet.MaxOverMean(before.CountBy(backend => backend).Select(pair => pair.Value)), 1, 1.3);
    }

    [Fact]
    public void Sessions_are_shared_out_by_weight()
    {
        var fleet = new RoutingFleet(2);
        Candidate[] candidates = [new(fleet.Backends[0], 3), new(fleet.Backends[1], 1)];
        var heavy = Enumerable.Range(0, 4000).Count(session =>
            fleet.Policy(LoadBalancingPolicies.SessionAffinity).Choose(candidates, new RoutingRequest { Session = (ulong)session }, out _) == 0);
        Assert.InRange(heavy, 2850, 3150);
    }

    [Fact]
    public void One_session_with_all_the_requests_does_not_take_more_than_the_bound()
    {
        var fleet = new RoutingFleet(8);
        var counts = new int[8];
        var reasons = new HashSet<RouteReason>();
        for (var number = 0; number < 400; number++)
        {
            var request = new RoutingRequest { Session = 42 };
            var chosen = fleet.Choose(LoadBalancingPolicies.SessionAffinity, request, out var trace);
            fleet.Backends[chosen].Begin(default);
            counts[chosen]++;
            reasons.Add(trace.Reason);
        }

        Assert.InRange(RoutingFleet.MaxOverMean(counts), 1, 1.27);
        Assert.Equal([RouteReason.Session, RouteReason.Overfull], reasons.Order());
    }

    [Fact]
    public void A_prefix_goes_to_who_holds_most_of_it_and_a_short_one_does_not_matter()
    {
        var fleet = new RoutingFleet(4);
        fleet.Affinity.Prefixes.Insert(2, RoutingFleet.Blocks(1, 8));
        fleet.Affinity.Prefixes.Insert(3, RoutingFleet.Blocks(1, 12));

        var long12 = new RoutingRequest { PromptTokens = 1000, PromptBytes = 4096, Prefix = RoutingFleet.Blocks(1, 16) };
        Assert.Equal(3, fleet.Choose(LoadBalancingPolicies.PrefixAffinity, long12, out var trace));
        Assert.Equal((RouteReason.Prefix, 750), (trace.Reason, trace.CachedTokens));

        var other = new RoutingRequest { PromptTokens = 1000, PromptBytes = 4096, Prefix = RoutingFleet.Blocks(2, 16) };
        fleet.Choose(LoadBalancingPolicies.PrefixAffinity, other, out trace);
        Assert.Equal(RouteReason.LeastOutstanding, trace.Reason);
    }

    [Fact]
    public void An_adapter_goes_to_who_holds_it_until_that_one_is_overfull()
    {
        var fleet = new RoutingFleet(4);
        fleet.Backends[2].Adapters.Touch(77);
        Assert.Equal(2, fleet.Choose(LoadBalancingPolicies.AdapterAffinity, new RoutingRequest { Adapter = 77 }, out var trace));
        Assert.Equal(RouteReason.Adapter, trace.Reason);

        for (var number = 0; number < 20; number++)
            fleet.Backends[2].Begin(new RequestCost(1, 0, 1));
        Assert.NotEqual(2, fleet.Choose(LoadBalancingPolicies.AdapterAffinity, new RoutingRequest { Adapter = 77 }, out trace));
        Assert.Equal(RouteReason.Overfull, trace.Reason);
    }

    [Fact]
    public void An_adapter_that_was_not_used_for_long_is_taken_to_be_gone()
    {
        var fleet = new RoutingFleet(1);
        fleet.Backends[0].Adapters.Touch(77);
        Assert.True(fleet.Backends[0].Adapters.Holds(77, fleet.Time.GetTimestamp()));
        Assert.False(fleet.Backends[0].Adapters.Holds(0, fleet.Time.GetTimestamp()));

        fleet.Time.Advance(TimeSpan.FromMinutes(11));
        Assert.False(fleet.Backends[0].Adapters.Holds(77, fleet.Time.GetTimestamp()));
    }

    [Fact]
    public void Of_many_adapters_the_least_recently_used_is_forgotten()
    {
        var fleet = new RoutingFleet(1);
        for (var adapter = 1UL; adapter <= 17; adapter++)
        {
            fleet.Time.Advance(TimeSpan.FromSeconds(1));
            fleet.Backends[0].Adapters.Touch(adapter);
            fleet.Backends[0].Adapters.Touch(1);
        }

        var held = Enumerable.Range(1, 17).Where(adapter => fleet.Backends[0].Adapters.Holds((ulong)adapter, fleet.Time.GetTimestamp()));
        Assert.Equal(Enumerable.Range(1, 17).Except([2]), held);
    }
}
