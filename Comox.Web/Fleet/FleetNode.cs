using Comox.ServiceDefaults.Contracts.Gateway;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.Web.Fleet;

/// <summary>One node as the fleet page shows it.</summary>
public sealed record FleetNode
{
    /// <summary>The same for as long as the gateway knows the node.</summary>
    public required string Key { get; init; }

    public required NodeEntry Entry { get; init; }

    /// <summary>What the gateway holds of each engine, by <see cref="EngineStatus.Id"/>; none of those whose model has no route.</summary>
    public required IReadOnlyDictionary<string, BackendStatus> Backends { get; init; }

    /// <summary>What is wrong with it, the worst first.</summary>
    public IReadOnlyList<Concern> Concerns { get; init; } = [];

    public Attention Attention => Concerns.Count == 0 ? Attention.None : Concerns[0].Level;

    public string Name => Entry.Status?.Node ?? Address ?? "Not found";

    /// <summary>Base address of its agent; null: its name stands for none.</summary>
    public Uri? Agent => AgentOf(Entry);

    /// <summary>Host and port.</summary>
    public string? Address => Agent?.Authority;

    /// <summary>What it said of itself holds. Of one that is silent it may be long untrue, so it counts in no total.</summary>
    public bool IsHeard => Entry is { Status: not null, State: NodeStates.Heard or NodeStates.Quiet };

    /// <summary>Its engines that something is wrong with.</summary>
    public IEnumerable<EngineStatus> TroubledEngines => (Entry.Status?.Engines ?? []).Where(engine => NodeConcerns.Of(engine, BackendOf(engine), Entry.State).Any());

    /// <summary>Its cards that something is wrong with.</summary>
    public IEnumerable<GpuStatus> TroubledCards => (Entry.Status?.Hardware.Cards ?? []).Where(card => card.Health != Healths.Ok);

    public IEnumerable<DownloadStatus> FailedDownloads => (Entry.Status?.Downloads ?? []).Where(download => download.Problem is not null);

    /// <summary>Whether there is more to show of what is wrong than the words.</summary>
    public bool HasTroubledParts => TroubledEngines.Any() || TroubledCards.Any() || FailedDownloads.Any();

    /// <summary>The worst health of its engines and cards, one of <see cref="Healths"/>; null: unknown.</summary>
    public string? Health => Entry.Status is not { } status ? null
        : HealthsOf(status).Contains(Healths.Ejected) ? Healths.Ejected
        : HealthsOf(status).Contains(Healths.Degraded) ? Healths.Degraded
        : IsHeard ? Healths.Ok : null;

    /// <summary>What the gateway holds of an engine; null: its model has no route.</summary>
    public BackendStatus? BackendOf(EngineStatus engine) => Backends.GetValueOrDefault(engine.Id);

    internal static FleetNode Of(string key, NodeEntry entry, IReadOnlyDictionary<string, BackendStatus> byAddress)
    {
        if (entry.Status is { } status)
            entry = entry with { Status = OlderAgents.Complete(status) };
        var backends = new Dictionary<string, BackendStatus>();
        foreach (var engine in entry.Status?.Engines ?? [])
        {
            if (AddressOf(entry, engine) is { } address && byAddress.TryGetValue(address, out var backend))
                backends[engine.Id] = backend;
        }

        return new FleetNode { Key = key, Entry = entry, Backends = backends, Concerns = NodeConcerns.Of(entry, backends) };
    }

    // As the gateway makes a backend's address of an engine: two boxes may call themselves by one name, so the name does not tell them apart.
    private static string? AddressOf(NodeEntry entry, EngineStatus engine) =>
        AgentOf(entry) is { } agent ? new Uri(agent, $"{engine.ProxyPath.TrimEnd('/')}/v1/").AbsoluteUri : null;

    private static Uri? AgentOf(NodeEntry entry) => Uri.TryCreate(entry.Address, UriKind.Absolute, out var agent) ? agent : null;

    private static IEnumerable<string> HealthsOf(NodeStatus status) => status.Engines.Select(engine => engine.Health).Concat(status.Hardware.Cards.Select(card => card.Health));
}
