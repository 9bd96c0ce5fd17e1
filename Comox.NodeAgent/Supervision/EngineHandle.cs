using System.Threading.Channels;
using Comox.NodeAgent.Adapters;
using Comox.NodeAgent.Engines;
using Comox.NodeAgent.Engines.Placement;
using Comox.NodeAgent.Health;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Supervision;

/// <summary>Where a running engine answers, and the key it wants. Not a record: a record would print the key.</summary>
internal sealed class EngineEndpoint(int port, string key)
{
    private readonly CancellationTokenSource _cut = new();

    public Uri Address { get; } = new($"http://127.0.0.1:{port}/");
    public string Key { get; } = key;

    /// <summary>Ends what is proxied to it.</summary>
    public CancellationToken WhenCut => _cut.Token;

    /// <summary>Cuts what is proxied to it: a process that hangs in the kernel keeps its connections, killed or not.</summary>
    public void Cut() => _cut.Cancel();
}

/// <summary>An engine is to be started again.</summary>
/// <param name="Fault">What is wrong with it, in words, without a full stop; it is killed then, because it may not hear. Null: somebody asked, and nothing is wrong.</param>
/// <param name="IsFinal">It is ended, and starts again only when somebody asks.</param>
internal sealed record RestartOrder(string? Fault = null, bool IsFinal = false);

/// <summary>One engine as the rest of the agent knows it. The supervisor alone writes; everyone reads.</summary>
internal sealed class EngineHandle(EngineSpec spec, NodeStatusBoard board, TimeProvider time, ILogger<EngineHandle> log)
{
    private readonly string _id = spec.Id;
    private readonly Channel<RestartOrder> _restarts = Channel.CreateBounded<RestartOrder>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private EngineEndpoint? _endpoint;

    public string Id => _id;
    public EngineSpec Spec => spec;

    /// <summary>Whether it is to be in memory. Who decides about memory sets it, the supervisor obeys.</summary>
    public Latch Wanted { get; } = new();

    /// <summary>While it is not wanted: whether it is to sleep, where it can, or to end. Set and obeyed like <see cref="Wanted"/>.</summary>
    public Latch MaySleep { get; } = new();

    /// <summary>What is known of its sleep; null: nothing yet.</summary>
    public SleepAbility? Sleep { get; set; }

    /// <summary>How long trying that took, of the time of a load; whoever measures loads takes it off.</summary>
    public double SleepTrialSeconds { get; set; }

    /// <summary>The places it may be put into, the best first; none: not known yet.</summary>
    public IReadOnlyList<EnginePlace> Places { get; set; } = [];

    /// <summary>Those of <see cref="Places"/> on which nothing is ejected.</summary>
    public IReadOnlyList<EnginePlace> OpenPlaces => [.. Places.Where(place => !place.Cards.Any(card => board.Current.Hardware.Cards.Any(now => now.Index == card.Index && now.Health == Healths.Ejected)))];

    /// <summary>It may be put nowhere, because no place is open.</summary>
    public bool IsBarred => Places.Count > 0 && OpenPlaces.Count == 0;

    /// <summary>Where it is, or is going to be started. Who decides about memory sets it.</summary>
    public EnginePlace? Place { get; set; }

    public EngineTraffic Traffic { get; } = new();
    public RunningAnswers Answers { get; } = new(time);
    public EngineAdapters Adapters { get; } = new(time);

    /// <summary>The files with the weights in use, once a model is chosen.</summary>
    public IReadOnlyList<string> Weights { get; set; } = [];

    /// <summary>Raised when it has entered another state, or when something else is thought of it.</summary>
    public event Action? Entered;

    public LogRing Log { get; } = new(500);
    public EngineStatus Status => board.Engine(_id);

    /// <summary>Null unless the engine is ready.</summary>
    public EngineEndpoint? Endpoint
    {
        get => Volatile.Read(ref _endpoint);
        set => Volatile.Write(ref _endpoint, value);
    }

    /// <summary>Asks for a restart; several requests before it happens are one.</summary>
    public void RequestRestart() => _restarts.Writer.TryWrite(new RestartOrder());

    /// <summary>Has it killed, and started again unless <paramref name="isFinal"/>. What it works on is cut, so that whoever waits can go elsewhere.</summary>
    public void Condemn(string fault, bool isFinal = false)
    {
        Traffic.Close();
        _restarts.Writer.TryWrite(new RestartOrder(fault, isFinal));
        Endpoint?.Cut();
    }

    public Task<RestartOrder> RestartRequestedAsync(CancellationToken cancellation) => _restarts.Reader.ReadAsync(cancellation).AsTask();

    /// <summary>What was asked for before this moment is done by it.</summary>
    public void ForgetRestartRequests()
    {
        while (_restarts.Reader.TryRead(out _))
        {
        }
    }

    /// <summary>Moves to a state.</summary>
    public void Enter(string state, string reason, Func<EngineStatus, EngineStatus>? change = null)
    {
        var before = Status;
        if (!EngineLifecycle.MayFollow(before.State, state))
            throw new InvalidOperationException($"Engine {_id} cannot go from {before.State} to {state}.");
        board.Update(_id, status => (change?.Invoke(status) ?? status) with
        {
            State = state,
            Reason = reason,
            Progress = null,
            Since = state == status.State ? status.Since : board.Now,
        });
        if (state == EngineStates.Failed)
            log.EngineFailed(_id, reason);
        else if (state != before.State)
            log.EngineState(_id, state, reason);
        if (state != before.State)
            Entered?.Invoke();
    }

    /// <summary>Tells what is not a matter of its state.</summary>
    public void Tell(Func<EngineStatus, EngineStatus> change)
    {
        var shown = Status;
        if (change(shown) != shown)
            board.Update(_id, change);
    }

    /// <summary>Tells how its adapters are.</summary>
    public void TellAdapters() => Tell(status => status with { Adapters = Adapters.Describe() });

    /// <summary>Tells what is thought of it, and how fast it is; a speed that has hardly moved is kept to ourselves.</summary>
    public void TellHealth(string health, IReadOnlyList<string> reasons, double? tokensPerSecond, double? expected)
    {
        var shown = Status;
        var isNews = shown.Health != health || !shown.HealthReasons.SequenceEqual(reasons, StringComparer.Ordinal);
        var hasMoved = shown.TokensPerSecond.HasValue != tokensPerSecond.HasValue || Math.Abs(shown.TokensPerSecond - tokensPerSecond ?? 0) > 0.1 * shown.TokensPerSecond;
        if (!isNews && !hasMoved)
            return;
        board.Update(_id, status => status with
        {
            Health = health, HealthReasons = isNews ? reasons : status.HealthReasons, TokensPerSecond = Rounded(tokensPerSecond), ExpectedTokensPerSecond = Rounded(expected),
        });
        if (shown.Health == health)
            return;
        if (health == Healths.Ok)
            log.EngineWell(_id);
        else
            log.EngineUnwell(_id, health, string.Join(' ', reasons));
        Entered?.Invoke();
    }

    /// <summary>Tells how far the present state has come. Steps below one percent are kept to ourselves: each change wakes every watcher.</summary>
    public void Report(string words, double? progress)
    {
        var shown = Status;
        if (shown.Progress is { } before && progress is { } now && Math.Abs(now - before) < 0.01 && now < 1)
            return;
        if (shown.Reason != words || shown.Progress != progress)
            board.Update(_id, status => status with { Reason = words, Progress = progress });
    }

    private static double? Rounded(double? figure) => figure is { } value ? double.Round(value, value < 100 ? 1 : 0) : null;
}
