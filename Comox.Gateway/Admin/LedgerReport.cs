using Comox.Gateway.LoadBalancing;
using Comox.Gateway.Routing;
using Comox.ServiceDefaults.Contracts.Gateway;

namespace Comox.Gateway.Admin;

/// <summary>What is in flight, by backend and in all.</summary>
internal sealed class LedgerReport(RouteTable table, BackendLoads loads, Drain drain)
{
    public GatewayLedger Make()
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
}
