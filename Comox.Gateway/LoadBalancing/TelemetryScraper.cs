using System.Collections.Concurrent;
using Comox.Gateway.Routing;
using Comox.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace Comox.Gateway.LoadBalancing;

/// <summary>
/// Asks every engine of the routes how it is, about once in <see cref="LoadOptions.ScrapeInterval"/>, and tells the ledgers: the slow signal that corrects the fast one
/// (see <see cref="WaitPrediction"/>). Each engine is asked by a loop of its own, so that none waits for another, and at a moment of its own, so that neither all engines nor all
/// gateways are busy with it at once.
/// </summary>
internal sealed class TelemetryScraper(
    RouteTable table, EngineProbe probe, Dice dice, IHostApplicationLifetime lifetime, IOptions<LoadOptions> options, TimeProvider time) : BackgroundService
{
    /// <summary>A pause is up to so much longer than the interval, and never shorter.</summary>
    private const double Jitter = 0.2;

    private readonly ConcurrentDictionary<EngineKey, ScrapedEngine> _engines = new();
    private RouteSnapshot? _seen;

    /// <summary>Those that are asked; none while that is switched off.</summary>
    public IEnumerable<ScrapedEngine> Engines => _engines.Values;

    private TimeSpan Interval => options.Value.ScrapeInterval;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (Interval == TimeSpan.Zero)
            return;
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lifetime.ApplicationStopping);
        if (!await lifetime.HasStartedAsync(stopping.Token))
            return;
        var loops = new List<Task>();
        while (!stopping.IsCancellationRequested)
        {
            loops.RemoveAll(loop => loop.IsCompletedSuccessfully);
            loops.AddRange(FindNew().Select(FollowAsync));
            await PauseAsync(Interval, stopping.Token);
        }

        foreach (var engine in _engines.Values)
            engine.Leave();
        await Task.WhenAll(loops);
    }

    private List<ScrapedEngine> FindNew()
    {
        var found = new List<ScrapedEngine>();
        if (table.Current is var current && ReferenceEquals(current, _seen))
            return found;
        _seen = current;
        var engines = ScrapedEngine.Of(current);
        foreach (var (key, gone) in _engines.Where(known => !engines.ContainsKey(known.Key)).ToArray())
        {
            _engines.TryRemove(key, out _);
            gone.Leave();
        }

        foreach (var (key, backends) in engines)
        {
            if (_engines.TryGetValue(key, out var known))
            {
                known.Backends = backends;
                continue;
            }

            found.Add(_engines[key] = new ScrapedEngine(key) { Backends = backends });
        }

        return found;
    }

    private async Task FollowAsync(ScrapedEngine engine)
    {
        using var following = engine;
        await PauseAsync(Interval * dice.NextDouble(), engine.Gone);
        while (!engine.Gone.IsCancellationRequested)
        {
            if (engine.Ready is { } backend)
                await probe.AskAsync(engine, backend);
            await PauseAsync(Interval * (1 + (Jitter * dice.NextDouble())), engine.Gone);
        }
    }

    private async Task PauseAsync(TimeSpan pause, CancellationToken cancellation) =>
        await Task.Delay(pause, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
