using System.Runtime.InteropServices;
using Comox.Gateway.Backends;
using Comox.Gateway.Fallback;
using Comox.Gateway.Forwarding;
using Comox.Gateway.LoadBalancing;
using Microsoft.Extensions.Options;

namespace Comox.Gateway.CircuitBreaking.Stalls;

/// <summary>
/// Looks every 50 ms who has fallen silent: a node whose beat is missing, a backend none of whose streams advances. (1) Quiet ones are asked for nothing new while others are well; they
/// need not do anything to be asked again. (2) One that has stopped is out until a canary comes back from it, and what it has in hand is asked for elsewhere, where somebody else can
/// answer. (3) Nobody waits for a first word from a node that is lost.
/// </summary>
internal sealed class StallWatch(Fleet fleet, BackendLoads loads, IHostApplicationLifetime lifetime, IOptions<StallOptions> options, TimeProvider time, ILogger<StallWatch> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(50);

    /// <summary>We ourselves stood still: everybody looks silent then, and nobody is.</summary>
    private static readonly TimeSpan Late = 3 * Period;

    /// <summary>A token may be between being read and being counted; one look proves nothing.</summary>
    private const int LooksToStall = 2;

    /// <summary>Times the usual wait for a first token.</summary>
    private const double UsualsToAnswer = 4;

    private readonly List<StreamTimers> _running = [];
    private readonly List<double> _ratios = [];
    private double _pace = 1;
    private long _lookedAt = time.GetTimestamp();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var ticks = new PeriodicTimer(Period, time);
        try
        {
            while (await ticks.WaitForNextTickAsync(stoppingToken))
                Look();
        }
        catch (OperationCanceledException)
        {
            // The gateway stops.
        }
    }

    internal void Look()
    {
        var now = time.GetTimestamp();
        var elapsed = time.GetElapsedTime(_lookedAt, now);
        _lookedAt = now;
        var isLate = elapsed > Late;
        // A gateway that stops listens to no node any more: that it hears none says nothing of them, and what is in flight is to end where it is.
        if (!isLate && !lifetime.ApplicationStopping.IsCancellationRequested)
            LookAtNodes(now);
        _ratios.Clear();
        foreach (var (_, load) in loads.All())
        {
            if (load.Pulse.IsIdle)
            {
                load.Pulse.Rest();
                continue;
            }

            _running.Clear();
            load.Pulse.CopyTo(_running);
            LookAt(load, now, elapsed.TotalSeconds, isLate);
        }

        _pace = Stall.Pace(CollectionsMarshal.AsSpan(_ratios));
    }

    private void LookAtNodes(long now)
    {
        foreach (var node in fleet.Current.Nodes)
        {
            if (node.Pulse is not { } pulse || node.Lost is not null)
                continue;
            var silence = pulse.Silence(now);
            var (wasSilent, isSilent) = (pulse.IsSilent, silence > options.Value.SilentNode);
            pulse.Judge(silence > options.Value.QuietNode, isSilent);
            if (!isSilent || wasSilent)
                continue;
            StallLog.NodeSilent(logger, node.Status?.Node ?? node.Address?.Authority ?? "", silence.TotalSeconds);
            fleet.Suspend(node);
        }
    }

    private void LookAt(BackendLoad load, long now, double elapsed, bool isLate)
    {
        var (streams, tokens, newest, backend) = (0, 0, 0L, default(Backend));
        foreach (var attempt in _running)
        {
            backend = attempt.Backend;
            if (!attempt.AwaitsVisibleToken)
                continue;
            streams++;
            tokens += attempt.TakeNewTokens();
            newest = Math.Max(newest, attempt.HeardAt);
        }

        if (backend is null)
            return;
        load.Pulse.Count(streams, tokens, elapsed);
        if (streams > 0 && load.Pulse is { RecentGap: var recent, Gap: var usual } && recent / usual is var ratio && !double.IsNaN(ratio))
            _ratios.Add(ratio);
        if (isLate)
            return;
        var view = new StreamsView(streams, time.GetElapsedTime(newest, now).TotalSeconds, load.Pulse.Gap, load.Pulse.RecentGap, load.PromptTokens * load.SecondsPerToken, _pace, backend.Engine is null);
        var silence = Stall.Judge(view, options.Value);
        load.Pulse.IsQuiet = silence != Silence.None;
        var isStalled = load.Pulse.IsStalled(silence == Silence.Stalled, LooksToStall);
        if (isStalled && backend.Circuit.Trip())
            StallLog.BackendStalled(logger, backend.Id, view.Silence, streams, view.Gap);
        if (backend.Circuit.State == CircuitState.HalfOpen)
            GiveUpCanary(load, now, view.IsRemote);
        if (isStalled || backend.Node is { IsSilent: true } or { IsLost: true })
            MoveOn(now, isStalled ? view.Silence : options.Value.SilentNode.TotalSeconds);
    }

    // A canary is somebody's request, and who was out once is not believed for long.
    private void GiveUpCanary(BackendLoad load, long now, bool isRemote)
    {
        var usual = load.FirstTokenSeconds(now) is var known && double.IsNaN(known) ? 1 : known;
        var limit = (isRemote ? options.Value.StalledRemote : options.Value.StalledBackend).TotalSeconds + (UsualsToAnswer * usual) + load.SwapSeconds;
        foreach (var attempt in _running)
        {
            if (attempt.Phase == StreamPhase.FirstToken && time.GetElapsedTime(attempt.HeardAt, now) is var silence && silence.TotalSeconds > limit && FallbackStep.CouldGoElsewhere(attempt.Exchange))
                attempt.Abandon(EngineErrors.Stalled(attempt.Backend, attempt.Phase, silence));
        }
    }

    // What is answered by somebody who has stopped is asked for elsewhere; what advances stays.
    private void MoveOn(long now, double limit)
    {
        foreach (var attempt in _running)
        {
            var silence = time.GetElapsedTime(attempt.HeardAt, now);
            if (attempt.IsWaitingForClient || (attempt.Phase == StreamPhase.NextToken && silence.TotalSeconds < Math.Min(limit, options.Value.SilentNode.TotalSeconds)))
                continue;
            if (FallbackStep.CouldGoElsewhere(attempt.Exchange) || (attempt.Backend.Node is { IsLost: true } && attempt.Phase != StreamPhase.NextToken))
                attempt.Abandon(EngineErrors.Stalled(attempt.Backend, attempt.Phase, silence));
        }
    }
}

internal static partial class StallLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Nothing was heard of node {Node} for {Seconds:0.0} s: its requests go elsewhere until it is heard again")]
    public static partial void NodeSilent(ILogger logger, string node, double seconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Backend} has stopped: no token for {Seconds:0.00} s on any of its {Streams} streams, where {Gap:0.000} s are usual; its requests go elsewhere")]
    public static partial void BackendStalled(ILogger logger, string backend, double seconds, int streams, double gap);
}
