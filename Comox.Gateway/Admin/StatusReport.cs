using System.Reflection;
using Comox.Gateway.Fallback;
using Comox.Gateway.LoadBalancing;
using Comox.Gateway.Routing;
using Comox.ServiceDefaults.Contracts.Gateway;

namespace Comox.Gateway.Admin;

/// <summary>The gateway at one moment. Counters are read one after the other while requests go on, so sums may be off by those that came or went meanwhile.</summary>
internal sealed class StatusReport(LiveSettings settings, RouteTable table, BackendLoads loads, Drain drain, RetryBudget budget, TimeProvider time)
{
    private static readonly string Version =
        typeof(StatusReport).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    private readonly DateTimeOffset _startedAt = StartOf(time);

    public GatewayStatus Make() => new()
    {
        Version = Version,
        StartedAt = _startedAt,
        Draining = drain.HasBegun,
        Settings = Of(settings),
        RetryBudgetLeft = budget.Left,
        Ledger = Ledger(),
    };

    public static SettingsStatus Of(LiveSettings settings)
    {
        var (current, last) = (settings.Current, settings.LastReload);
        return new SettingsStatus { Revision = current.Revision, LoadedAt = current.LoadedAt, ReadAt = last.At, Faults = last.Faults };
    }

    private GatewayLedger Ledger()
    {
        // A ledger is kept by a backend's address where a node named the backend; people know it by its id.
        var names = new Dictionary<BackendLoad, string>();
        foreach (var backend in table.Current.Routes.SelectMany(route => route.Pools).SelectMany(pool => pool.Backends))
            names[backend.Load] = backend.Id;
        LedgerEntry[] entries =
        [
            .. loads.All().Select(entry => new LedgerEntry
            {
                Model = entry.Model,
                Backend = names.GetValueOrDefault(entry.Load, entry.Load.Id),
                InFlight = entry.Load.InFlight,
                InFlightDecoding = entry.Load.Decoding,
                OutstandingPromptTokens = entry.Load.PromptTokens,
                OutstandingOutputTokens = entry.Load.OutputTokens,
            }).OrderBy(entry => entry.Model, StringComparer.Ordinal).ThenBy(entry => entry.Backend, StringComparer.Ordinal),
        ];
        return new GatewayLedger
        {
            ActiveRequests = drain.ActiveRequests,
            InFlight = entries.Sum(entry => entry.InFlight),
            InFlightDecoding = entries.Sum(entry => entry.InFlightDecoding),
            OutstandingPromptTokens = entries.Sum(entry => entry.OutstandingPromptTokens),
            OutstandingOutputTokens = entries.Sum(entry => entry.OutstandingOutputTokens),
            Backends = entries,
        };
    }

    // Made when the first request asks for it, which may be long after the start.
    private static DateTimeOffset StartOf(TimeProvider time)
    {
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        return new DateTimeOffset(process.StartTime).ToUniversalTime() is var start && start <= time.GetUtcNow() ? start : time.GetUtcNow();
    }
}
