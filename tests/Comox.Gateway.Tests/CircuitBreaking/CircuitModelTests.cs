using Comox.Gateway.CircuitBreaking;
using Comox.Gateway.LoadBalancing;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Time.Testing;

namespace Comox.Gateway.Tests.CircuitBreaking;

/// <summary>The circuit against its own table, written down a second time as a list of rules over plain numbers.</summary>
public sealed class CircuitModelTests
{
    private const int Row = 3;

    private static readonly CircuitOptions Options = new()
    {
        ConsecutiveFailures = Row, FailureRatio = 1, MinThroughput = 1_000_000, Break = TimeSpan.FromSeconds(2), LongestBreak = TimeSpan.FromSeconds(8), Jitter = 0,
    };

    private enum Act
    {
        Enter,
        Succeed,
        Fail,
        FailRetryAfter,
        Ignore,
        Wait,
    }

    [Fact]
    public void It_does_what_its_table_says_whatever_happens_in_whatever_order()
    {
        // Each step: what is done, and to which of the permits out, or for how many seconds.
        var acts = Gen.Frequency((4, Gen.Constant(Act.Enter)), (2, Gen.Constant(Act.Succeed)), (4, Gen.Constant(Act.Fail)), (1, Gen.Constant(Act.FailRetryAfter)),
            (1, Gen.Constant(Act.Ignore)), (2, Gen.Constant(Act.Wait)));
        var steps = acts.Zip(Gen.Choose(0, 9), (act, number) => (act, number)).ListOf();
        var reached = new HashSet<CircuitState>();
        var lives = 0L;
        Prop.ForAll(steps.ToArbitrary(), script =>
        {
            var time = new FakeTimeProvider();
            var circuit = new BackendCircuit(Options, new Dice(1), time);
            var model = new Model();
            var permits = new List<(CircuitPermit Real, (int Life, int Canary) Expected)>();
            foreach (var (act, number) in script)
            {
                if (act == Act.Wait)
                {
                    time.Advance(TimeSpan.FromSeconds(number));
                    model.Now += number;
                }
                else if (act == Act.Enter)
                {
                    var entered = circuit.TryEnter(out var permit);
                    if (entered != model.TryEnter(out var expected) || (entered && permit.IsCanary != (expected.Canary != 0)))
                        return false;
                    if (entered)
                        permits.Add((permit, expected));
                }
                else if (permits.Count > 0)
                {
                    // Told permits stay in the list: telling twice must be harmless wherever a canary is concerned.
                    var (real, expected) = permits[number % permits.Count];
                    Tell(real, act);
                    model.Tell(expected, act);
                }

                reached.Add(circuit.State);
                lives = Math.Max(lives, model.Life);
                if (circuit.State != model.State || circuit.OpenFor.TotalSeconds != model.OpenFor)
                    return false;
            }

            return true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000).WithEndSize(200).WithQuietOnSuccess(true));

        // The scripts must have been somewhere.
        Assert.Equal([CircuitState.Closed, CircuitState.Open, CircuitState.HalfOpen], reached.Order());
        Assert.InRange(lives, 8, long.MaxValue);
    }

    private static void Tell(CircuitPermit permit, Act act)
    {
        if (act == Act.Succeed)
            permit.Succeeded();
        else if (act == Act.Ignore)
            permit.Ignored();
        else
            permit.Failed(act == Act.FailRetryAfter ? TimeSpan.FromSeconds(5) : null);
    }

    private sealed class Model
    {
        private int _canary;
        private int _canaries;
        private int _row;
        private int _openings;
        private double _openUntil;
        private double? _closedAt;

        public CircuitState State { get; private set; }
        public int Life { get; private set; } = 1;
        public double Now { get; set; }
        public double OpenFor => State == CircuitState.Open ? Math.Max(0, _openUntil - Now) : 0;

        public bool TryEnter(out (int Life, int Canary) permit)
        {
            permit = (Life, 0);
            if (State == CircuitState.Closed)
                return true;
            if (State == CircuitState.Open && Now >= _openUntil)
                (State, Life, _canary) = (CircuitState.HalfOpen, Life + 1, 0);
            if (State != CircuitState.HalfOpen || _canary != 0)
                return false;
            permit = (Life, _canary = ++_canaries);
            return true;
        }

        public void Tell((int Life, int Canary) permit, Act act)
        {
            if (permit.Life != Life || (State == CircuitState.HalfOpen && permit.Canary != _canary) || State == CircuitState.Open)
                return;
            switch (State, act)
            {
                case (CircuitState.Closed, Act.Succeed):
                    _row = 0;
                    break;
                case (CircuitState.Closed, Act.Fail or Act.FailRetryAfter):
                    _row++;
                    if (_row == Row)
                        Open(act, grows: true);
                    else if (act == Act.FailRetryAfter)
                        Open(act, grows: false);
                    break;
                case (CircuitState.HalfOpen, Act.Succeed):
                    (State, Life, _row, _closedAt, _canary) = (CircuitState.Closed, Life + 1, 0, Now, 0);
                    break;
                case (CircuitState.HalfOpen, Act.Ignore):
                    _canary = 0;
                    break;
                case (CircuitState.HalfOpen, _):
                    Open(act, grows: true);
                    break;
            }
        }

        private void Open(Act act, bool grows)
        {
            if (State == CircuitState.Closed && _closedAt is { } closed && Now - closed >= 8)
                _openings = 0;
            var pause = grows ? Math.Min(8, 2 * Math.Pow(2, _openings++)) : 0;
            _openUntil = Now + Math.Max(pause, act == Act.FailRetryAfter ? 5 : 0);
            (State, Life, _canary) = (CircuitState.Open, Life + 1, 0);
        }
    }
}
