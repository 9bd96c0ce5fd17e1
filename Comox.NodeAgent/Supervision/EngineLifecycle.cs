using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Supervision;

/// <summary>
/// Which state may follow which. One loop per engine moves it (<see cref="EngineSupervisor"/>); a move that is not here is a bug.
/// <code>
///                       ┌←─────┐                                loading → fetching: another model is to be tried; → unloaded: it was loaded for a hint, and its room is asked for
/// provisioning → fetching → loading → ready → stopping → stopped
///       │            │ │    │ ↑ ↑      ││
///       │            │ │    ↓ │ │      ││         restarting: it died, or a restart was asked for
///       │            │ │ restarting ←──┘│
///       │            │ └→ unloaded ← draining ←┘  unloaded → loading: somebody asks for it
///                draining → restarting: a restart was asked for, and what it had begun is finished
///       │                   asleep ← draining, and → loading when it wakes; → unloaded, when even what it still holds is needed
///       └────────────┴────────┴──→ failed → provisioning, when a restart is asked for
/// </code>
/// </summary>
internal static class EngineLifecycle
{
    private static readonly Dictionary<string, string[]> Next = new()
    {
        [EngineStates.Provisioning] = [EngineStates.Fetching, EngineStates.Failed, EngineStates.Stopping],
        [EngineStates.Fetching] = [EngineStates.Loading, EngineStates.Unloaded, EngineStates.Failed, EngineStates.Stopping],
        [EngineStates.Unloaded] = [EngineStates.Loading, EngineStates.Failed, EngineStates.Provisioning, EngineStates.Stopping],
        [EngineStates.Loading] = [EngineStates.Ready, EngineStates.Fetching, EngineStates.Unloaded, EngineStates.Restarting, EngineStates.Failed, EngineStates.Stopping],
        [EngineStates.Ready] = [EngineStates.Draining, EngineStates.Restarting, EngineStates.Failed, EngineStates.Stopping],
        [EngineStates.Asleep] = [EngineStates.Loading, EngineStates.Unloaded, EngineStates.Restarting, EngineStates.Failed, EngineStates.Stopping],
        [EngineStates.Draining] = [EngineStates.Asleep, EngineStates.Unloaded, EngineStates.Restarting, EngineStates.Failed, EngineStates.Stopping],
        [EngineStates.Restarting] = [EngineStates.Loading, EngineStates.Unloaded, EngineStates.Failed, EngineStates.Stopping],
        [EngineStates.Failed] = [EngineStates.Provisioning, EngineStates.Stopping],
        [EngineStates.Stopping] = [EngineStates.Stopped],
        [EngineStates.Stopped] = [],
    };

    /// <summary>Staying is always allowed: the reason and the progress change within a state.</summary>
    public static bool MayFollow(string from, string to) => from == to || Next[from].Contains(to);
}
