using Comox.Gateway.LoadBalancing;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Time.Testing;

namespace Comox.Gateway.Tests.LoadBalancing;

public sealed class BackendLoadTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void A_request_counts_as_reading_then_as_writing_then_not_at_all()
    {
        var load = Load();
        var lease = load.Begin(new RequestCost(PromptTokens: 1000, CachedTokens: 400, OutputTokens: 200));
        Assert.Equal((1, 600, 0, 200), Counters(load));

        lease.FirstToken(null);
        Assert.Equal((1, 0, 1, 200), Counters(load));

        lease.End();
        Assert.Equal((0, 0, 0, 0), Counters(load));
    }

    [Fact]
    public void An_answer_that_comes_whole_is_counted_and_tells_nothing_of_a_first_token()
    {
        var load = Load();
        var lease = load.Begin(new RequestCost(PromptTokens: 4000, CachedTokens: 0, OutputTokens: 200));
        _time.Advance(TimeSpan.FromSeconds(15));
        var now = _time.GetTimestamp();
        var before = (load.FirstTokenSeconds(now), load.SecondsPerToken);
        lease.Whole();
        Assert.Equal((1, 0, 1, 200), Counters(load));
        Assert.Equal(before, (load.FirstTokenSeconds(now), load.SecondsPerToken));
        lease.End();
        Assert.Equal((0, 0, 0, 0), Counters(load));
    }

    [Fact]
    public void Whatever_the_order_and_however_often_the_counters_return_to_zero()
    {
        // Each step: which lease (begun when first named), and whether it has a first token or ends.
        var steps = Gen.Choose(0, 7).Zip(Gen.Elements(true, false), (lease, first) => (lease, first)).ListOf();
        Prop.ForAll(steps.ToArbitrary(), script =>
        {
            var load = Load();
            var leases = new Dictionary<int, LoadLease>();
            foreach (var (number, first) in script)
            {
                if (!leases.TryGetValue(number, out var lease))
                    leases[number] = load.Begin(new RequestCost(100 * number, 30, 7 * number));
                else if (first)
                    lease.FirstToken(number);
                else
                    lease.End();
                if (load.InFlight > leases.Count || load.Decoding > load.InFlight)
                    return false;
            }

            foreach (var lease in leases.Values)
                lease.End();
            return Counters(load) == (0, 0, 0, 0);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500).WithQuietOnSuccess(true));
    }

    [Fact]
    public async Task Threads_that_race_over_the_same_leases_leave_nothing_behind()
    {
        var load = Load();
        for (var round = 0; round < 50; round++)
        {
            var leases = Enumerable.Range(0, 40).Select(number => load.Begin(new RequestCost(number, number / 2, number))).ToArray();
            await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(() =>
            {
                var dice = new Dice((ulong)((round * 4) + worker));
                for (var step = 0; step < 200; step++)
                {
                    var lease = leases[dice.Next(leases.Length)];
                    if (dice.Next(2) == 0)
                        lease.FirstToken(3);
                    else
                        lease.End();
                }
            })));
            foreach (var lease in leases)
                lease.Dispose();
            Assert.Equal((0, 0, 0, 0), Counters(load));
        }
    }

    [Fact]
    public void The_prefill_rate_is_learnt_from_the_tokens_that_were_ahead()
    {
        var load = Load();
        Assert.Equal(2000, load.PrefillRate);

        var first = load.Begin(new RequestCost(3000, 0, 10));
        var second = load.Begin(new RequestCost(1000, 0, 10));
        _time.Advance(TimeSpan.FromSeconds(0.3));
        first.FirstToken(0);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        second.FirstToken(0);

        // 3000 tokens in 0.3 s and 4000 in 0.4 s.
        Assert.Equal(10_000, load.PrefillRate, 1.0);
    }

    [Fact]
    public void What_the_engine_had_cached_is_not_counted_as_read()
    {
        var load = Load();
        var lease = load.Begin(new RequestCost(10_000, 0, 10));
        _time.Advance(TimeSpan.FromSeconds(1));
        lease.FirstToken(cachedTokens: 9_000);

        Assert.Equal(1000, load.PrefillRate, 1.0);
    }

    [Fact]
    public void A_short_prompt_does_not_measure_the_rate()
    {
        var load = Load();
        var lease = load.Begin(new RequestCost(20, 0, 10));
        _time.Advance(TimeSpan.FromSeconds(1));
        lease.FirstToken(0);

        Assert.Equal(2000, load.PrefillRate);
        Assert.Equal(1, load.FirstTokenSeconds(_time.GetTimestamp()), 0.001);
    }

    [Fact]
    public void An_old_first_token_counts_half_after_the_half_life_and_is_unknown_in_the_end()
    {
        var load = Load();
        Answer(load, seconds: 9);
        _time.Advance(TimeSpan.FromSeconds(30) - TimeSpan.FromSeconds(3));
        Answer(load, seconds: 3);

        // (9 × 1/2 + 3) ÷ (1/2 + 1)
        Assert.Equal(5, load.FirstTokenSeconds(_time.GetTimestamp()), 0.001);
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(double.NaN, load.FirstTokenSeconds(_time.GetTimestamp()));
    }

    [Fact]
    public void The_work_of_late_outlives_the_requests_and_is_half_forgotten_after_the_half_life()
    {
        var load = Load();
        load.Begin(new RequestCost(900, 500, 100)).End();
        Assert.Equal(1000, load.RecentTokens(_time.GetTimestamp()), 0.1);
        _time.Advance(TimeSpan.FromSeconds(30));
        load.Begin(new RequestCost(500, 0, 0)).End();
        Assert.Equal(1000, load.RecentTokens(_time.GetTimestamp()), 0.1);
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(250, load.RecentTokens(_time.GetTimestamp()), 0.1);
    }

    [Fact]
    public async Task The_work_of_late_loses_nothing_when_threads_add_to_it()
    {
        var load = Load();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var number = 0; number < 5000; number++)
                load.Begin(new RequestCost(1, 0, 0)).End();
        })));
        Assert.Equal(20_000, load.RecentTokens(_time.GetTimestamp()));
    }

    [Fact]
    public void A_burst_of_first_tokens_at_one_moment_counts_as_many()
    {
        var load = Load();
        var leases = Enumerable.Range(0, 3).Select(_ => load.Begin(new RequestCost(1, 0, 1))).ToList();
        _time.Advance(TimeSpan.FromSeconds(1));
        leases[0].FirstToken(null);
        leases[1].FirstToken(null);
        _time.Advance(TimeSpan.FromTicks(1));
        var late = load.Begin(new RequestCost(1, 0, 1));
        leases[2].FirstToken(null);
        late.FirstToken(null);

        Assert.Equal(0.75, load.FirstTokenSeconds(_time.GetTimestamp()), 0.001);
    }

    [Fact]
    public void Missing_telemetry_is_unknown_and_so_is_old_telemetry()
    {
        var load = Load();
        Assert.Null(load.Foreign(_time.GetTimestamp()));

        load.Report(new BackendTelemetry { Timestamp = _time.GetTimestamp(), KvUsage = 0.5 });
        Assert.Null(load.Foreign(_time.GetTimestamp())!.Requests);

        load.Report(new BackendTelemetry { Timestamp = _time.GetTimestamp(), Running = 3, Waiting = 1 });
        Assert.Equal(4, load.Foreign(_time.GetTimestamp())!.Requests);
        _time.Advance(TimeSpan.FromSeconds(5.1));
        Assert.Null(load.Foreign(_time.GetTimestamp()));
    }

    [Fact]
    public void Telemetry_counts_only_what_others_have_sent()
    {
        var load = Load();
        var ours = Enumerable.Range(0, 3).Select(_ => load.Begin(new RequestCost(10, 0, 10))).ToList();
        load.Report(new BackendTelemetry { Timestamp = _time.GetTimestamp(), Running = 3, Waiting = 2 });
        Assert.Equal((2, 2), (load.Foreign(_time.GetTimestamp())!.Requests, load.Foreign(_time.GetTimestamp())!.Waiting));

        // Our own coming and going after it is in the ledger already and does not change it.
        ours.ForEach(lease => lease.End());
        Assert.Equal(2, load.Foreign(_time.GetTimestamp())!.Requests);
    }

    [Fact]
    public void Telemetry_that_comes_late_does_not_replace_what_is_newer()
    {
        var load = Load();
        var early = _time.GetTimestamp();
        _time.Advance(TimeSpan.FromSeconds(1));
        load.Report(new BackendTelemetry { Timestamp = _time.GetTimestamp(), Running = 1 });
        load.Report(new BackendTelemetry { Timestamp = early, Running = 9 });

        Assert.Equal(1, load.Foreign(_time.GetTimestamp())!.Requests);
    }

    [Fact]
    public void A_backend_keeps_its_ledger_and_a_slot_is_never_given_twice()
    {
        var loads = new BackendLoads(new LoadOptions(), _time);
        var first = loads.Of("m", "a");
        Assert.Same(first, loads.Of("m", "a"));
        Assert.Equal([0, 1, 0], [first.Slot, loads.Of("m", "b").Slot, loads.Of("other", "b").Slot]);

        loads.Forget("m", "a");
        Assert.Equal(2, loads.Of("m", "a").Slot);
    }

    private BackendLoad Load() => new("gpu-1/chat", 0, new LoadOptions(), _time);

    private void Answer(BackendLoad load, double seconds)
    {
        using var lease = load.Begin(new RequestCost(1, 0, 1));
        _time.Advance(TimeSpan.FromSeconds(seconds));
        lease.FirstToken(null);
    }

    private static (int, long, int, long) Counters(BackendLoad load) => (load.InFlight, load.PromptTokens, load.Decoding, load.OutputTokens);
}
