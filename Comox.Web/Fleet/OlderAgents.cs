using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.Web.Fleet;

/// <summary>
/// What an agent of an earlier version does not say is null after the JSON is read, whatever the record's own default is: generated readers set every
/// <c>init</c> property. While a fleet is being updated, the page shows such nodes too.
/// </summary>
internal static class OlderAgents
{
    public static NodeStatus Complete(NodeStatus status) => status with
    {
        Engines = [.. (status.Engines ?? []).Select(Complete)],
        Downloads = status.Downloads ?? [],
        Hardware = status.Hardware with
        {
            Gpus = status.Hardware.Gpus ?? [],
            Cards = [.. (status.Hardware.Cards ?? []).Select(Complete)],
        },
    };

    private static EngineStatus Complete(EngineStatus engine) => engine with { Health = engine.Health ?? Healths.Ok, HealthReasons = engine.HealthReasons ?? [], Cards = engine.Cards ?? [], Adapters = engine.Adapters ?? [] };

    private static GpuStatus Complete(GpuStatus card) => card with { Health = card.Health ?? Healths.Ok, Reasons = card.Reasons ?? [] };
}
