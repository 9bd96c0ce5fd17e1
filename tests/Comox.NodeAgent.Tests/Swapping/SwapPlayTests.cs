using Comox.NodeAgent.Swapping;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace Comox.NodeAgent.Tests.Swapping;

/// <summary>The scheduler over random histories, with a world that obeys it: memory is never given twice, pinned models stay, and everybody is served.</summary>
public sealed class SwapPlayTests
{
    private static readonly SwapOptions Options = new() { MinResidency = TimeSpan.FromSeconds(5), MaxWait = TimeSpan.FromSeconds(20) };

    [Property(MaxTest = 300)]
    public Property Memory_is_never_given_twice_and_everybody_who_fits_is_served() => Play(canSleep: false);

    [Property(MaxTest = 300)]
    public Property That_holds_where_engines_sleep_too() => Play(canSleep: true);

    private static Property Play(bool canSleep) => Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
    {
        var world = new World(new Random(seed), canSleep);
        for (var second = 0; second < 400; second++)
            world.Step(asks: second < 250);
        Assert.Empty(world.Unserved);
    });

    /// <summary>Moves by seconds. Requests last one to eight of them.</summary>
    private sealed class World
    {
        private readonly Random _random;
        private readonly List<SwapDevice> _devices;
        private readonly List<Model> _models;
        private double _now;

        public World(Random random, bool canSleep)
        {
            _random = random;
            _devices = [.. Enumerable.Range(0, random.Next(1, 4)).Select(index => new SwapDevice(index, random.Next(16, 33), random.Next(0, 4)))];
            _models = [.. Enumerable.Range(0, random.Next(2, 12)).Select(number => new Model($"m{number}", random.Next(2, 20), random.Next(1, 4), number == 0 && random.Next(3) == 0))];
            if (!canSleep)
                return;
            _devices.Add(new SwapDevice(_devices.Count, random.Next(10, 60), IsHost: true));
            foreach (var model in _models.Where(_ => random.Next(3) > 0))
                model.Sleep = new SwapSleep(random.Next(0, (int)model.Bytes), random.Next(1, 20), random.Next(1, 3));
        }

        /// <summary>Models that somebody still waits for and that would fit into a device without those that are pinned.</summary>
        public IEnumerable<string> Unserved => _models
            .Where(model => model.Waiting > 0 && _devices.Any(device => device.ForModels - _models.Where(other => other.Pinned && other.Device == device.Index).Sum(other => other.Bytes) >= model.Bytes))
            .Select(model => model.Id);

        public void Step(bool asks)
        {
            _now++;
            foreach (var model in _models)
                model.Pass();
            if (asks && _models[_random.Next(_models.Count)] is var asked)
            {
                asked.Ask(_random.Next(1, 9));
                asked.Uses.Used(_now);
            }

            if (_random.Next(4) == 0)
                _models[_random.Next(_models.Count)].Hint();
            var view = new SwapView(_devices, [.. _models.Select(model => model.View(_now))]) { AvailableBytes = _random.Next(40) };
            var plan = SwapScheduler.Decide(view, Options);
            Assert.Equal(plan.Actions, SwapScheduler.Decide(view, Options).Actions);
            // Without the hints the same goes and the same is loaded: they only add.
            var unhinted = SwapScheduler.Decide(view with { Units = [.. view.Units.Select(unit => unit with { IsHinted = false })] }, Options);
            Assert.Equal(unhinted.Actions, plan.Actions.Take(unhinted.Actions.Count));
            Assert.All(plan.Actions.Skip(unhinted.Actions.Count), action => Assert.True(action is SwapAction.Load or SwapAction.ReadAhead));
            foreach (var action in plan.Actions)
                Do(action);
            foreach (var device in _devices)
                Assert.True(_models.Sum(model => model.Holds(device)) <= device.ForModels);
            Assert.True(_devices.TrueForAll(device => _models.Count(model => model is { Residency: Residency.Loading, IsUnasked: false } && model.Device == device.Index) <= 1));
        }

        private void Do(SwapAction action)
        {
            var model = _models.Single(model => model.Id == action.Unit);
            switch (action)
            {
                case SwapAction.Load load:
                    Assert.True(model.Residency == Residency.Cold || (model.Residency == Residency.Asleep && model.Device == load.Device));
                    model.Enter(Residency.Loading, load.Device);
                    break;
                case SwapAction.ReadAhead:
                    Assert.Equal((Residency.Cold, 0), (model.Residency, model.Waiting));
                    break;
                case SwapAction.Drain when model is { Residency: Residency.Loading, IsUnasked: true }:
                    model.FallsAsleep = false;
                    model.Enter(Residency.Draining, model.Device);
                    break;
                case SwapAction.Drain when model.Residency == Residency.Asleep:
                    model.Enter(Residency.Cold, null);
                    break;
                case SwapAction.Drain or SwapAction.Sleep:
                    Assert.Equal(Residency.Hot, model.Residency);
                    Assert.False(model.Pinned);
                    model.FallsAsleep = action is SwapAction.Sleep;
                    Assert.True(!model.FallsAsleep || model.Sleep is not null);
                    model.Enter(Residency.Draining, model.Device);
                    break;
            }
        }
    }

    private sealed class Model(string id, long bytes, int loadSeconds, bool pinned)
    {
        private readonly List<int> _running = [];
        private readonly List<int> _waiting = [];
        private int _since;
        private int _waited;
        private int _hinted;
        private bool _wakes;

        public string Id => id;
        public long Bytes => bytes;
        public bool Pinned => pinned;
        public Residency Residency { get; private set; }
        public int? Device { get; private set; }
        public int Waiting => _waiting.Count;
        public UseRate Uses { get; } = new();
        public SwapSleep? Sleep { get; set; }
        public bool FallsAsleep { get; set; }

        public long Holds(SwapDevice device) => Residency switch
        {
            Residency.Cold => 0,
            Residency.Asleep => (Device == device.Index ? Sleep!.DeviceBytes : 0) + (device.IsHost ? Sleep!.HostBytes : 0),
            _ => (Device == device.Index ? bytes : 0) + (Residency == Residency.Draining && FallsAsleep && device.IsHost ? Sleep!.HostBytes : 0),
        };

        public bool IsUnasked { get; private set; }

        public void Ask(int seconds)
        {
            (Residency == Residency.Hot ? _running : _waiting).Add(seconds);
            (_hinted, IsUnasked) = (0, false);
        }

        public void Hint() => _hinted = Residency is Residency.Hot or Residency.Loading ? 0 : 60;

        public void Enter(Residency residency, int? device)
        {
            _wakes = Residency == Residency.Asleep && residency == Residency.Loading;
            if (residency == Residency.Loading)
                (_hinted, IsUnasked) = (0, _hinted > 0 && Waiting == 0 && !pinned);
            (Residency, Device, _since) = (residency, device, 0);
        }

        public void Pass()
        {
            _since++;
            _hinted--;
            _waited = _waiting.Count > 0 ? _waited + 1 : 0;
            for (var at = _running.Count - 1; at >= 0; at--)
            {
                if (--_running[at] == 0)
                    _running.RemoveAt(at);
            }

            if (Residency == Residency.Draining && _running.Count == 0)
                Enter(FallsAsleep ? Residency.Asleep : Residency.Cold, FallsAsleep ? Device : null);
            if (Residency != Residency.Loading || _since < (_wakes ? Sleep!.WakeSeconds : loadSeconds))
                return;
            Enter(Residency.Hot, Device);
            _running.AddRange(_waiting);
            _waiting.Clear();
        }

        public SwapUnit View(double now) => new()
        {
            Id = id, Residency = Residency, Bytes = bytes, Device = Device, IsPinned = pinned, InFlight = _running.Count, Waiting = _waiting.Count,
            Waited = TimeSpan.FromSeconds(_waited), Since = TimeSpan.FromSeconds(_since), LoadSeconds = loadSeconds, Reuse = Uses.Reuse(now), Sleep = Sleep, IsFallingAsleep = FallsAsleep,
            IsHinted = _hinted > 0, IsUnasked = IsUnasked && Residency is Residency.Loading or Residency.Hot, ReadAheadBytes = _hinted > 0 && Residency == Residency.Cold ? bytes : 0,
        };
    }
}
