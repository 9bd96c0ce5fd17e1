using Comox.FakeBackend.Simulation;
using Comox.NodeAgent.Swapping;

namespace Comox.Benchmarks.Fleet;

/// <summary>A request at a node.</summary>
internal sealed class FleetCall(FleetTalk talk, int promptTokens, int outputTokens, Action<int> first, Action done)
{
    public FleetTalk Talk => talk;
    public int PromptTokens => promptTokens;
    public int OutputTokens => outputTokens;

    /// <summary>Takes the tokens of the prompt that were in the cache.</summary>
    public Action<int> First => first;
    public Action Done => done;
}

/// <summary>
/// A simulated box with one card, all models on its drive, and the scheduler that real nodes have. Engines that work at the same time share the card. One by one: a request comes, waits
/// for its model, then for its adapter, is read beside what is cached of its conversation, and written.
/// </summary>
internal sealed class FleetNode
{
    private const double AdapterSeconds = 0.2;
    private const int MostAdapters = 16;
    private const long PageCacheBytes = 48L << 30;

    private readonly Dictionary<string, Unit> _units;
    private readonly List<Unit> _present = [];
    private readonly LinkedList<FleetModel> _pageCache = [];
    private readonly CardModel _card;
    private readonly FleetSwapping _swapping;
    private readonly VirtualTime _time;
    private readonly HashSet<Unit> _waited = [];
    private bool _ticks;

    public FleetNode(IReadOnlyList<FleetModel> models, CardModel card, FleetSwapping swapping, VirtualTime time)
    {
        (_card, _swapping, _time) = (card, swapping, time);
        _units = models.ToDictionary(model => model.Id, model => new Unit(model), StringComparer.Ordinal);
    }

    public int Loads { get; private set; }
    public long LoadedBytes { get; private set; }

    /// <summary>What the gateway is told of a model: 0 while it is in memory.</summary>
    public double SwapSeconds(string model)
    {
        var unit = _units[model];
        if (unit.Residency == Residency.Hot)
            return 0;
        var quote = _swapping.Quote(View(unit), model);
        return (quote.Seconds ?? 10) + (_swapping.ByUse ? 0 : quote.LossSeconds);
    }

    public void Take(FleetCall call)
    {
        var unit = _units[call.Talk.Character.Model.Id];
        unit.Uses.Used(_time.Now);
        unit.UsedAt = _time.Now;
        if (unit.Residency == Residency.Hot)
        {
            Start(unit, call);
            return;
        }

        unit.Waiting.Enqueue((call, _time.Now));
        _waited.Add(unit);
        Decide();
    }

    private void Start(Unit unit, FleetCall call)
    {
        unit.InFlight++;
        var adapter = call.Talk.Character.Number;
        var isThere = unit.Model.Id.StartsWith("tuned-", StringComparison.Ordinal) || unit.Adapters.Remove(adapter);
        unit.Adapters.Add(adapter);
        if (unit.Adapters.Count > MostAdapters)
            unit.Adapters.RemoveAt(0);
        if (isThere)
            Read(unit, call);
        else
            _time.After(AdapterSeconds, () => Read(unit, call));
    }

    private void Read(Unit unit, FleetCall call)
    {
        var cached = unit.Cached(call);
        var read = new SimulatedCall(call.PromptTokens, cached, call.OutputTokens);
        unit.Calls[read] = (call, cached);
        unit.Batch!.Add(read);
        if (!unit.IsStepping)
            Step(unit);
    }

    private void Step(Unit unit)
    {
        unit.IsStepping = !unit.Batch!.IsIdle;
        if (!unit.IsStepping)
            return;
        var sharing = _present.Count(other => other.IsStepping);
        _time.After(unit.Batch.StepSeconds() * sharing, () =>
        {
            unit.Batch.Step(
                read => unit.Calls[read].Call.First(unit.Calls[read].Cached),
                read =>
                {
                    unit.Calls.Remove(read, out var ended);
                    unit.InFlight--;
                    unit.Keep(ended.Call);
                    ended.Call.Done();
                });
            Step(unit);
            if (unit.Residency == Residency.Draining && unit.InFlight == 0)
                Leave(unit);
        });
    }

    private void Decide()
    {
        foreach (var action in _swapping.Decide(View()).Actions)
        {
            var unit = _units[action.Unit];
            if (action is SwapAction.Load)
            {
                Load(unit);
            }
            else
            {
                Enter(unit, Residency.Draining);
                if (unit.InFlight == 0)
                    _time.After(0.2, () => Leave(unit));
            }
        }

        // Time alone may free what was loaded a moment ago.
        if (_ticks || !_waited.Any(unit => unit.Waiting.Count > 0))
            return;
        _ticks = true;
        _time.After(0.5, () =>
        {
            _ticks = false;
            Decide();
        });
    }

    private void Load(Unit unit)
    {
        var seconds = LoadSeconds(unit);
        Enter(unit, Residency.Loading);
        Loads++;
        LoadedBytes += unit.Model.Weights;
        _pageCache.Remove(unit.Model);
        _pageCache.AddLast(unit.Model);
        while (_pageCache.Sum(model => model.Weights) > PageCacheBytes)
            _pageCache.RemoveFirst();
        _time.After(seconds, () =>
        {
            Enter(unit, Residency.Hot);
            unit.Fresh(new SimulatedBatch(_card, unit.Model.Weights, CardModel.KvTokens(unit.Model.Weights, unit.Model.Bytes)));
            while (unit.Waiting.TryDequeue(out var waiting))
                Start(unit, waiting.Call);
            _waited.Remove(unit);
            Decide();
            Expire(unit);
        });
    }

    private void Expire(Unit unit)
    {
        if (_swapping.KeepAlive is not { } alive)
            return;
        _time.After(Math.Max(1, unit.UsedAt + alive - _time.Now), () =>
        {
            if (unit.Residency != Residency.Hot)
                return;
            if (unit.InFlight > 0 || _time.Now - unit.UsedAt < alive)
                Expire(unit);
            else
                Leave(unit);
        });
    }

    private void Leave(Unit unit)
    {
        if (unit.InFlight > 0 || unit.Residency is not (Residency.Draining or Residency.Hot))
            return;
        Enter(unit, Residency.Cold);
        Decide();
    }

    private void Enter(Unit unit, Residency residency)
    {
        if (residency == Residency.Cold)
            _present.Remove(unit);
        else if (unit.Residency == Residency.Cold)
            _present.Add(unit);
        (unit.Residency, unit.Since) = (residency, _time.Now);
    }

    private double LoadSeconds(Unit unit) => _card.LoadSeconds(unit.Model.Weights, _pageCache.Contains(unit.Model));

    // Nothing is decided about a cold model that nobody waits for, and nearly all are that.
    private SwapView View(Unit? asked = null) => new(
        [new SwapDevice(0, CardModel.Bytes, CardModel.Reserve)],
        [.. _present.Concat(_waited.Where(unit => unit.Residency == Residency.Cold)).Concat(asked is { Residency: Residency.Cold } && !_waited.Contains(asked) ? [asked] : []).Select(unit => new SwapUnit
        {
            Id = unit.Model.Id,
            Residency = unit.Residency,
            Bytes = unit.Model.Bytes,
            Device = unit.Residency == Residency.Cold ? null : 0,
            InFlight = unit.InFlight,
            Waiting = unit.Waiting.Count,
            Waited = unit.Waiting.TryPeek(out var first) ? TimeSpan.FromSeconds(_time.Now - first.At) : TimeSpan.Zero,
            Since = TimeSpan.FromSeconds(_time.Now - unit.Since),
            LoadSeconds = LoadSeconds(unit),
            // By use alone: the loss for a byte rises with the time of the last use, whatever the model.
            Reuse = _swapping.ByUse ? unit.UsedAt * unit.Model.Bytes / LoadSeconds(unit) * 1e-9 : unit.Uses.Reuse(_time.Now),
        })]);

    private sealed class Unit(FleetModel model)
    {
        private readonly Dictionary<int, int> _talks = [];
        private readonly List<int> _order = [];
        private readonly HashSet<int> _characters = [];
        private int _kvTokens;

        public FleetModel Model => model;
        public Residency Residency { get; set; }
        public double Since { get; set; }
        public UseRate Uses { get; } = new();
        public double UsedAt { get; set; }
        public int InFlight { get; set; }
        public bool IsStepping { get; set; }
        public Queue<(FleetCall Call, double At)> Waiting { get; } = [];
        public SimulatedBatch? Batch { get; private set; }
        public Dictionary<SimulatedCall, (FleetCall Call, int Cached)> Calls { get; } = [];
        public List<int> Adapters { get; } = [];

        /// <summary>A new process knows nothing of what was said to the one before.</summary>
        public void Fresh(SimulatedBatch batch)
        {
            Batch = batch;
            _kvTokens = CardModel.KvTokens(model.Weights, model.Bytes);
            _talks.Clear();
            _order.Clear();
            _characters.Clear();
            Adapters.Clear();
        }

        public int Cached(FleetCall call)
        {
            var talk = _talks.GetValueOrDefault(call.Talk.Number);
            return Math.Min(call.PromptTokens - 1, Math.Max(talk, _characters.Contains(call.Talk.Character.Number) ? call.Talk.Character.SystemTokens : 0));
        }

        /// <summary>What was read and written stays until others need its place.</summary>
        public void Keep(FleetCall call)
        {
            _characters.Add(call.Talk.Character.Number);
            _order.Remove(call.Talk.Number);
            _order.Add(call.Talk.Number);
            _talks[call.Talk.Number] = call.PromptTokens + call.OutputTokens;
            while (_order.Count > 1 && _talks.Values.Sum() > _kvTokens)
            {
                _talks.Remove(_order[0]);
                _order.RemoveAt(0);
            }
        }
    }
}
