using Comox.NodeAgent.Health.Gpus;
using Comox.NodeAgent.Supervision;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Health.Engines;

/// <summary>
/// Watches one engine; at each look it
/// <list type="number">
/// <item>takes in what its process, its answers and its counters show;</item>
/// <item>judges it, and its cards;</item>
/// <item>has it started again where that is what it needs, or ended where nothing helps;</item>
/// <item>tries one that was ejected, until it has proved itself;</item>
/// <item>tells what it found, at once.</item>
/// </list>
/// </summary>
internal sealed class EngineWatch(EngineHandle engine, IReadOnlyList<IEngineProgress> kinds, NodeStatusBoard board, EngineSpeeds speeds, ProbeOptions options, TimeProvider time) : IDisposable
{
    private const string Proving =
        "It has to prove itself: short questions are put to it, and it is well again after three good answers in a row. If it stays so, look at its log and restart it.";

    private readonly EngineProcessWatch _process = new();
    private readonly EngineTrials _trials = new(engine, time);
    private readonly List<TimeSpan> _xids = [];

    // At the last look at which no process answered. A node that has just begun has heard of no error, and its engine may be ready before the first look.
    private IReadOnlyList<GpuStatus>? _cardsBefore = [];
    private EngineLife? _life;
    private EngineVerdict _verdict = EngineVerdict.Ok;
    private bool _mustProve;

    /// <param name="now">On a clock that never goes back.</param>
    /// <param name="wasLate">We were held up.</param>
    public void Look(TimeSpan now, bool wasLate)
    {
        var status = engine.Status;
        var cards = board.Current.Hardware.Cards;
        // One that is nowhere is as well as the places it could be put into.
        var ofCards = CardRules.Judge(status.State == EngineStates.Unloaded && engine.IsBarred ? [.. engine.Places.SelectMany(place => place.Cards).Select(card => card.Index)] : status.Cards, cards);
        if (engine.Endpoint is not { } endpoint || status.State is not (EngineStates.Ready or EngineStates.Draining))
        {
            End();
            _cardsBefore = cards;
            // What was thought of a process goes with it, unless it was ended for that.
            if (status.State is EngineStates.Unloaded or EngineStates.Asleep)
                (_verdict, _mustProve) = (EngineVerdict.Ok, false);
            Tell(ofCards, speed: null);
            return;
        }

        if (_life?.Endpoint != endpoint)
        {
            End();
            _life = new EngineLife(engine, endpoint, kinds.First(kind => kind.Kind == status.Kind), now, _cardsBefore ?? cards);
            _cardsBefore = null; // Of another life they say nothing.
        }

        var figures = speeds.Complete(engine, _life, _life.Look(now)) with // 1.
        {
            // Some engines compute nothing while they are told to load an adapter: what they write is counted from the end of that.
            WasLate = wasLate || engine.Adapters.IsLoading, Process = _process.Read(status.ProcessId), MayUseCards = status.Cards.Count > 0 || cards.Count > 0, Options = options,
        };
        (_verdict, _life.History) = EngineHealth.Judge(figures, _life.History); // 2.
        Act(_life, status, cards, ofCards, now); // 3.
        Try(_life, ofCards); // 4.
        Tell(ofCards, speeds.Shown(engine, _life, now)); // 5.
    }

    public void Dispose()
    {
        End();
        _process.Dispose();
    }

    private void Act(EngineLife life, EngineStatus status, IReadOnlyList<GpuStatus> cards, EngineVerdict ofCards, TimeSpan now)
    {
        if (life.IsCondemned)
            return;
        if (ofCards.Fault is { } gone)
        {
            Condemn(life, gone, isFinal: true);
        }
        else if (CardRules.Restarts(status.Cards, cards, life.CardsBefore) is { } error)
        {
            _xids.RemoveAll(at => now - at > GpuHealth.XidWindow);
            _xids.Add(now);
            var isFinal = _xids.Count >= GpuHealth.XidsToQuarantine;
            Condemn(life, isFinal ? $"{error}, the third such error in ten minutes, so the engine is left alone" : error, isFinal);
        }
        else if (_verdict.Fault is { } fault && options.Restart)
        {
            Condemn(life, fault, isFinal: false);
        }
    }

    private void Condemn(EngineLife life, string fault, bool isFinal)
    {
        (life.IsCondemned, _mustProve) = (true, true);
        if (_verdict.Health != Healths.Ejected)
            _verdict = new EngineVerdict(Healths.Ejected, [$"{fault}. {(isFinal ? "It is ended. Correct the cause, then restart it." : "It is killed and started again by itself.")}"], fault);
        engine.Condemn(fault, isFinal);
    }

    private void Try(EngineLife life, EngineVerdict ofCards)
    {
        _mustProve |= _verdict.Health == Healths.Ejected || ofCards.Health == Healths.Ejected;
        if (life.IsCondemned || _verdict.Fault is not null || ofCards.Health == Healths.Ejected)
        {
            _trials.Reset();
            return;
        }

        // One that was too slow gets no work that could be measured, so it is for the trials to show that it is faster again.
        if (!_mustProve || !_trials.Go(life.Kind, life.Endpoint, (speeds.OfOne(engine) ?? 0) / EngineHealth.VerySlowFactor, life.Ends))
            return;
        (_mustProve, life.History) = (false, EngineHealth.Rehabilitated(life.History));
        _verdict = EngineVerdict.Ok;
        _trials.Reset();
    }

    private void Tell(EngineVerdict ofCards, ShownSpeed? speed)
    {
        var isProving = _mustProve && _verdict.Health != Healths.Ejected && ofCards.Health != Healths.Ejected;
        var health = isProving || _verdict.Health == Healths.Ejected || ofCards.Health == Healths.Ejected ? Healths.Ejected
            : _verdict.Health == Healths.Degraded || ofCards.Health == Healths.Degraded ? Healths.Degraded
            : Healths.Ok;
        engine.TellHealth(health, [.. _verdict.Reasons, .. isProving ? [Proving] : Array.Empty<string>(), .. ofCards.Reasons], speed?.TokensPerSecond, speed?.Expected);
    }

    private void End()
    {
        _life?.Dispose();
        _life = null;
        _trials.Reset();
    }
}
