using Comox.Gateway.CircuitBreaking;
using Comox.Gateway.LoadBalancing;
using Microsoft.Extensions.Time.Testing;

namespace Comox.Gateway.Tests.CircuitBreaking;

public sealed class BackendCircuitTests
{
    private static readonly CircuitOptions Steady = new() { Jitter = 0 };

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Failures_in_a_row_open_it_and_a_success_between_them_does_not_count()
    {
        var circuit = Circuit(Steady);
        Fail(circuit, 4);
        Enter(circuit).Succeeded();
        Fail(circuit, 4);
        Assert.Equal(CircuitState.Closed, circuit.State);

        Fail(circuit, 1);
        Assert.Equal((CircuitState.Open, false, TimeSpan.FromSeconds(1)), (circuit.State, circuit.TryEnter(out _), circuit.OpenFor));
    }

    [Fact]
    public void A_ratio_opens_it_only_with_enough_outcomes_in_the_window()
    {
        var circuit = Circuit(Steady with { ConsecutiveFailures = 100 });
        // Half of them fail, but nine are too few.
        for (var number = 0; number < 9; number++)
            Tell(circuit, number % 2 == 0);
        Assert.Equal(CircuitState.Closed, circuit.State);

        // What is older than the window is forgotten.
        _time.Advance(TimeSpan.FromSeconds(31));
        Fail(circuit, 9);
        Assert.Equal(CircuitState.Closed, circuit.State);
        Fail(circuit, 1);
        Assert.Equal(CircuitState.Open, circuit.State);
    }

    [Fact]
    public void Half_open_it_lets_in_exactly_one()
    {
        var circuit = Opened(Steady);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(circuit.IsAdmissible);
        Assert.True(Enter(circuit).IsCanary);

        Assert.False(circuit.IsAdmissible);
        Assert.All(Enumerable.Range(0, 10), _ => Assert.False(circuit.TryEnter(out var _)));
        Assert.Equal(CircuitState.HalfOpen, circuit.State);
    }

    [Fact]
    public async Task Of_many_threads_exactly_one_is_the_canary()
    {
        for (var round = 0; round < 100; round++)
        {
            var circuit = Opened(Steady);
            _time.Advance(TimeSpan.FromSeconds(1));
            var entered = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => circuit.TryEnter(out var _))));
            Assert.Single(entered, true);
        }
    }

    [Fact]
    public void A_canary_whose_client_left_frees_its_place_and_says_nothing()
    {
        var circuit = Opened(Steady);
        _time.Advance(TimeSpan.FromSeconds(1));
        var left = Enter(circuit);
        left.Ignored();
        var next = Enter(circuit);
        Assert.True(next.IsCanary);

        // Told twice, it must not free the place of the next.
        left.Ignored();
        left.Succeeded();
        left.Failed();
        Assert.False(circuit.TryEnter(out _));
        next.Succeeded();
        Assert.Equal(CircuitState.Closed, circuit.State);
    }

    [Fact]
    public void Every_opening_lasts_twice_as_long_up_to_the_cap()
    {
        var circuit = Opened(Steady with { LongestBreak = TimeSpan.FromSeconds(5) });
        var breaks = new List<double>();
        for (var opening = 0; opening < 5; opening++)
        {
            breaks.Add(circuit.OpenFor.TotalSeconds);
            _time.Advance(circuit.OpenFor);
            Enter(circuit).Failed();
        }

        Assert.Equal([1, 2, 4, 5, 5], breaks);
    }

    [Fact]
    public void A_backend_that_flaps_is_left_alone_longer_and_one_that_was_well_for_long_is_not()
    {
        var circuit = Opened(Steady);
        Recover(circuit);
        Fail(circuit, 5);
        Assert.Equal(TimeSpan.FromSeconds(2), circuit.OpenFor);

        Recover(circuit);
        _time.Advance(TimeSpan.FromMinutes(1));
        Fail(circuit, 5);
        Assert.Equal(TimeSpan.FromSeconds(1), circuit.OpenFor);
    }

    [Fact]
    public void Jitter_spreads_the_breaks_both_ways()
    {
        var breaks = Enumerable.Range(0, 200).Select(seed => Opened(new CircuitOptions { Jitter = 0.2 }, (ulong)seed).OpenFor.TotalSeconds).ToList();
        Assert.All(breaks, pause => Assert.InRange(pause, 0.8, 1.2));
        Assert.InRange(breaks.Min(), 0.8, 0.85);
        Assert.InRange(breaks.Max(), 1.15, 1.2);
    }

    [Fact]
    public void Retry_after_is_honoured_at_the_first_failure_and_never_cut_short()
    {
        for (var seed = 0UL; seed < 50; seed++)
        {
            var circuit = Circuit(new CircuitOptions(), seed);
            Enter(circuit).Failed(TimeSpan.FromSeconds(20));
            Assert.InRange(circuit.OpenFor.TotalSeconds, 20, 22);
        }
    }

    [Fact]
    public void Retry_after_is_believed_up_to_a_limit_and_does_not_lengthen_later_breaks()
    {
        var circuit = Circuit(Steady);
        Enter(circuit).Failed(TimeSpan.FromDays(1));
        Assert.Equal(TimeSpan.FromMinutes(10), circuit.OpenFor);
        Recover(circuit);
        Fail(circuit, 5);
        Assert.Equal(TimeSpan.FromSeconds(1), circuit.OpenFor);
    }

    [Fact]
    public void Outcomes_of_requests_sent_before_it_opened_change_nothing()
    {
        var circuit = Circuit(Steady);
        var early = Enumerable.Range(0, 3).Select(_ => Enter(circuit)).ToList();
        Fail(circuit, 5);
        _time.Advance(TimeSpan.FromSeconds(1));
        var canary = Enter(circuit);
        early[0].Succeeded();
        early[1].Failed();
        Assert.Equal(CircuitState.HalfOpen, circuit.State);
        canary.Succeeded();

        Fail(circuit, 4);
        early[2].Failed();
        Assert.Equal(CircuitState.Closed, circuit.State);
    }

    [Fact]
    public void A_backend_that_came_back_gets_its_share_by_and_by()
    {
        var circuit = Circuit(Steady);
        Assert.Equal(1, circuit.Ramp);
        Fail(circuit, 5);
        Recover(circuit);
        Assert.Equal(0.1, circuit.Ramp, 0.001);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(0.5, circuit.Ramp, 0.001);
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(1, circuit.Ramp);
    }

    [Fact]
    public void Forced_entry_is_no_canary_and_its_outcome_changes_nothing()
    {
        var circuit = Opened(Steady);
        var forced = circuit.EnterInPanic();
        Assert.False(forced.IsCanary);
        forced.Succeeded();
        forced.Failed();
        Assert.Equal((CircuitState.Open, TimeSpan.FromSeconds(1)), (circuit.State, circuit.OpenFor));
    }

    [Fact]
    public void Its_health_is_the_outcomes_of_the_window()
    {
        var circuit = Circuit(Steady);
        Fail(circuit, 2);
        Enter(circuit).Succeeded();
        Enter(circuit).Ignored();
        Assert.Equal(new BackendHealth(true, 1, 2, 0.5), circuit.Health(0.5));
        _time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(new BackendHealth(true, 0, 0, 0.5), circuit.Health(0.5));

        Fail(circuit, 5);
        Assert.False(circuit.Health(0.5).Admissible);
        Recover(circuit);
        Assert.Equal(new BackendHealth(true, 0, 0, 0.5), circuit.Health(0.5));
    }

    [Fact]
    public void A_circuit_belongs_to_a_backend_and_a_model()
    {
        var circuits = new BackendCircuits(Steady, new Dice(1), _time);
        var circuit = circuits.Of("m", "a");
        Assert.Same(circuit, circuits.Of("m", "a"));
        Assert.NotSame(circuit, circuits.Of("n", "a"));
        Assert.NotSame(circuit, circuits.Of("m", "b"));
        circuits.Forget("m", "a");
        Assert.NotSame(circuit, circuits.Of("m", "a"));
    }

    private BackendCircuit Circuit(CircuitOptions options, ulong seed = 1) => new(options, new Dice(seed), _time);

    private BackendCircuit Opened(CircuitOptions options, ulong seed = 1)
    {
        var circuit = Circuit(options, seed);
        Fail(circuit, 5);
        return circuit;
    }

    private void Recover(BackendCircuit circuit)
    {
        _time.Advance(circuit.OpenFor);
        Enter(circuit).Succeeded();
    }

    private static CircuitPermit Enter(BackendCircuit circuit)
    {
        Assert.True(circuit.TryEnter(out var permit));
        return permit;
    }

    private static void Tell(BackendCircuit circuit, bool well)
    {
        if (well)
            Enter(circuit).Succeeded();
        else
            Enter(circuit).Failed();
    }

    private static void Fail(BackendCircuit circuit, int times)
    {
        for (var time = 0; time < times; time++)
            Enter(circuit).Failed();
    }
}
