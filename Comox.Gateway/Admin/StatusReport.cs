using System.Reflection;
using Comox.Gateway.Fallback;
using Comox.Gateway.Routing;
using Comox.ServiceDefaults.Contracts.Gateway;

namespace Comox.Gateway.Admin;

/// <summary>The gateway at one moment. Counters are read one after the other while requests go on, so sums may be off by those that came or went meanwhile.</summary>
internal sealed class StatusReport(LiveSettings settings, Drain drain, RetryBudget budget, TrafficReport traffic, LedgerReport ledger, TimeProvider time)
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
        Traffic = traffic.Traffic(),
        Telemetry = traffic.Telemetry(),
        Ledger = ledger.Make(),
    };

    public static SettingsStatus Of(LiveSettings settings)
    {
        var (current, last) = (settings.Current, settings.LastReload);
        return new SettingsStatus { Revision = current.Revision, LoadedAt = current.LoadedAt, ReadAt = last.At, Faults = last.Faults };
    }

    // Made when the first request asks for it, which may be long after the start.
    private static DateTimeOffset StartOf(TimeProvider time)
    {
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        return new DateTimeOffset(process.StartTime).ToUniversalTime() is var start && start <= time.GetUtcNow() ? start : time.GetUtcNow();
    }
}
