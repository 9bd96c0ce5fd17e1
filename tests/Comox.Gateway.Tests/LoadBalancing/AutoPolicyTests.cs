using Comox.Gateway.LoadBalancing;

namespace Comox.Gateway.Tests.LoadBalancing;

public sealed class AutoPolicyTests
{
    private const string Auto = LoadBalancingPolicies.Auto;

    [Fact]
    public void It_weighs_tokens_by_how_fast_they_are_read()
    {
        var fleet = new RoutingFleet(2);
        // The first reads 10,000 tokens a second, the second the 2,000 that are assumed.
        var lease = fleet.Backends[0].Begin(new RequestCost(10_000, 0, 0));
        fleet.Time.Advance(TimeSpan.FromSeconds(1));
        lease.FirstToken(0);
        lease.End();

        fleet.Backends[0].Begin(new RequestCost(8_000, 0, 0));
        fleet.Backends[1].Begin(new RequestCost(4_000, 0, 0));
        Assert.Equal(0, fleet.Choose(Auto, new RoutingRequest { PromptTokens = 1000 }, out var trace));
        Assert.Equal(0.9, trace.WaitSeconds, 0.001);
    }

    [Fact]
    public void A_session_stays_while_the_gap_is_within_the_margin_and_leaves_when_it_is_larger()
    {
        var fleet = new RoutingFleet(2);
        var request = new RoutingRequest { PromptTokens = 200, Session = 5 };
        fleet.Affinity.Sent(fleet.Backends[1], request);

        fleet.Backends[1].Begin(new RequestCost(1900, 0, 0));
        Assert.Equal(1, fleet.Choose(Auto, request, out var trace));
        Assert.Equal(RouteReason.Session, trace.Reason);
        Assert.Equal(0.95, trace.WaitSeconds - trace.BestWaitSeconds, 0.001);

        fleet.Backends[1].Begin(new RequestCost(200, 0, 0));
        Assert.Equal(0, fleet.Choose(Auto, request, out trace));
        Assert.Equal(RouteReason.LeastWait, trace.Reason);
    }

    [Fact]
    public void What_a_session_would_have_to_read_again_counts_against_moving()
    {
        var fleet = new RoutingFleet(2);
        var request = new RoutingRequest { PromptTokens = 10_000, PromptBytes = 40_000, Session = 5, Prefix = RoutingFleet.Blocks(1, 64) };
        fleet.Affinity.Sent(fleet.Backends[1], request);
        // Three seconds of others' prompts are less than the five of its own.
        fleet.Backends[1].Begin(new RequestCost(6000, 0, 0));

        Assert.Equal(1, fleet.Choose(Auto, request, out _));
    }

    [Fact]
    public void A_session_is_not_moved_for_evenness_alone_but_a_shared_prefix_is_no_excuse()
    {
        var fleet = new RoutingFleet(2);
        var prefix = RoutingFleet.Blocks(1, 64);
        var session = new RoutingRequest { PromptTokens = 10_000, OutputTokens = 10, PromptBytes = 40_000, Session = 5, Prefix = prefix };
        fleet.Affinity.Sent(fleet.Backends[1], session);
        // Thirty requests more than the other, all of them writing already: 30 ms of waiting.
        for (var number = 0; number < 30; number++)
            fleet.Backends[1].Begin(new RequestCost(0, 0, 10));

        Assert.Equal((1, RouteReason.Session), (fleet.Choose(Auto, session, out var trace), trace.Reason));
        var stranger = new RoutingRequest { PromptTokens = 10_000, OutputTokens = 10, PromptBytes = 40_000, Prefix = prefix };
        Assert.Equal((0, RouteReason.Overfull), (fleet.Choose(Auto, stranger, out trace), trace.Reason));

        // What the one it goes to holds is predicted all the same: the ledger must not take it for unread.
        fleet.Affinity.Prefixes.Insert(0, prefix[..40]);
        Assert.Equal((0, RouteReason.Overfull), (fleet.Choose(Auto, stranger, out trace), trace.Reason));
        Assert.Equal(stranger.TokensOf(40), trace.CachedTokens);
    }

    [Fact]
    public void A_session_comes_before_a_prefix_and_a_prefix_before_an_adapter()
    {
        var fleet = new RoutingFleet(4);
        fleet.Affinity.Sessions.Set(5, 1);
        fleet.Affinity.Prefixes.Insert(2, RoutingFleet.Blocks(1, 8));
        fleet.Backends[3].Adapters.Touch(77);
        // All within their margins: 0.05 s of reading and half a second of loading apart at most.
        var options = new LoadBalancingOptions { MinPrefixTokens = 50, AdapterLoadTime = TimeSpan.FromMilliseconds(100) };
        var policy = LoadBalancingPolicies.Create(options, fleet.Affinity, fleet.Dice, fleet.Time);
        var prefix = RoutingFleet.Blocks(1, 8);

        var all = new RoutingRequest { PromptTokens = 100, PromptBytes = 2048, Session = 5, Prefix = prefix, Adapter = 77 };
        Assert.Equal((1, RouteReason.Session), (policy.Choose(fleet.Candidates, all, out var trace), trace.Reason));
        var noSession = new RoutingRequest { PromptTokens = 100, PromptBytes = 2048, Prefix = prefix, Adapter = 77 };
        Assert.Equal((2, RouteReason.Prefix), (policy.Choose(fleet.Candidates, noSession, out trace), trace.Reason));
        var adapterOnly = new RoutingRequest { PromptTokens = 100, Adapter = 77 };
        Assert.Equal((3, RouteReason.Adapter), (policy.Choose(fleet.Candidates, adapterOnly, out trace), trace.Reason));
    }

    [Fact]
    public void A_backend_whose_slots_are_taken_is_left_for_one_with_a_free_slot()
    {
        var fleet = new RoutingFleet(2);
        fleet.Backends[0].Slots = 2;
        fleet.Backends[1].Slots = 4;
        foreach (var (backend, requests) in new[] { (0, 2), (1, 3) })
        {
            for (var number = 0; number < requests; number++)
                fleet.Backends[backend].Begin(new RequestCost(0, 0, 100));
        }

        Assert.Equal(1, fleet.Choose(Auto, new RoutingRequest { OutputTokens = 100 }));
        fleet.Backends[0].Slots = null;
        Assert.Equal(0, fleet.Choose(Auto, new RoutingRequest { OutputTokens = 100 }));
    }

    [Fact]
    public void A_backend_that_is_just_back_gets_little()
    {
        var fleet = new RoutingFleet(2);
        Candidate[] candidates = [new(fleet.Backends[0], 1), new(fleet.Backends[1], 0.1)];
        var counts = new int[2];
        for (var number = 0; number < 110; number++)
        {
            var chosen = fleet.Policy(Auto).Choose(candidates, new RoutingRequest { PromptTokens = 500, OutputTokens = 100 }, out _);
            fleet.Backends[chosen].Begin(new RequestCost(500, 0, 100));
            counts[chosen]++;
        }

        Assert.InRange(counts[1], 5, 15);
    }

    [Fact]
    public void A_backend_that_is_just_back_does_not_get_every_new_session()
    {
        var fleet = new RoutingFleet(2);
        fleet.Backends[0].Begin(new RequestCost(50_000, 0, 1000)).End();
        Candidate[] candidates = [new(fleet.Backends[0], 1), new(fleet.Backends[1], 0.1)];
        var counts = new int[2];
        for (var session = 0UL; session < 50; session++)
        {
            var chosen = fleet.Policy(Auto).Choose(candidates, new RoutingRequest { PromptTokens = 20, OutputTokens = 20, Session = session }, out _);
            fleet.Backends[chosen].Begin(new RequestCost(20, 0, 20)).End();
            counts[chosen]++;
        }

        Assert.InRange(counts[1], 0, 5);
        candidates[1] = new(fleet.Backends[1], 1);
        Assert.Equal(1, fleet.Policy(Auto).Choose(candidates, new RoutingRequest { PromptTokens = 20, OutputTokens = 20, Session = 99 }, out var trace));
        Assert.Equal(RouteReason.NewSession, trace.Reason);
    }

    [Fact]
    public void The_load_of_others_is_avoided_and_silence_is_not_taken_for_idleness()
    {
        var fleet = new RoutingFleet(3);
        var request = new RoutingRequest { PromptTokens = 100, OutputTokens = 100 };
        fleet.Backends[0].Report(new BackendTelemetry { Timestamp = fleet.Time.GetTimestamp(), Running = 20, Waiting = 8 });
        fleet.Backends[1].Report(new BackendTelemetry { Timestamp = fleet.Time.GetTimestamp(), Running = 2, Waiting = 0 });
        // The third says nothing: it is taken to be as busy as the mean of the others, and not idle.
        Assert.All(fleet.Choices(Auto, request, 30), chosen => Assert.Equal(1, chosen));

        fleet.Time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal([0, 1, 2], fleet.Choices(Auto, request, 60).Distinct().Order());
    }

    [Fact]
    public void A_full_kv_cache_is_avoided_and_an_unknown_one_is_not_empty()
    {
        var fleet = new RoutingFleet(3);
        var request = new RoutingRequest { PromptTokens = 10, OutputTokens = 10 };
        fleet.Backends[0].Report(new BackendTelemetry { Timestamp = fleet.Time.GetTimestamp(), Running = 0, Waiting = 0, KvUsage = 0.95 });
        fleet.Backends[1].Report(new BackendTelemetry { Timestamp = fleet.Time.GetTimestamp(), Running = 0, Waiting = 0, KvUsage = 0.1 });
        fleet.Backends[2].Report(new BackendTelemetry { Timestamp = fleet.Time.GetTimestamp(), Running = 0, Waiting = 0 });

        Assert.All(fleet.Choices(Auto, request, 30), chosen => Assert.Equal(1, chosen));
    }

    [Fact]
    public void Nobody_herds_to_the_backend_that_old_telemetry_calls_idle()
    {
        var fleet = new RoutingFleet(4);
        var counts = new int[4];
        for (var backend = 0; backend < 4; backend++)
            fleet.Backends[backend].Report(new BackendTelemetry { Timestamp = fleet.Time.GetTimestamp(), Running = backend == 3 ? 0 : 40, Waiting = 0 });

        // A thousand requests within one period of telemetry, none answered yet.
        for (var number = 0; number < 1000; number++)
            counts[fleet.Send(Auto, new RoutingRequest { PromptTokens = 300, OutputTokens = 100 }).Backend]++;
        Assert.InRange(RoutingFleet.MaxOverMean(counts), 1, 1.1);
        // The idle one gets more, by what the others were ahead: 40 requests × 100 tokens × 0.1 ms are two and a half of these.
        Assert.InRange(counts[3] - counts[..3].Max(), 1, 4);
    }

    [Fact]
    public void More_backends_than_an_entry_of_the_index_has_bits()
    {
        var fleet = new RoutingFleet(150);
        var request = new RoutingRequest { PromptTokens = 8000, PromptBytes = 40_000, Prefix = RoutingFleet.Blocks(1, 60) };
        fleet.Affinity.Sent(fleet.Backends[130], request);

        Assert.Equal(130, fleet.Choose(Auto, request, out var trace));
        Assert.Equal(RouteReason.Prefix, trace.Reason);
    }
}
