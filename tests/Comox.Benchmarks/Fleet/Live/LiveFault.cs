using Comox.FakeBackend.Simulation;

namespace Comox.Benchmarks.Fleet.Live;

/// <summary>Something that goes wrong with a node.</summary>
/// <param name="Name">For the table.</param>
/// <param name="Inflict">Makes it happen.</param>
/// <param name="Cure">Ends it, where it does not end by itself.</param>
internal sealed record LiveFault(string Name, Action<LiveNode> Inflict, Action<LiveNode> Cure)
{
    private const int SlowFactor = 8;

    public static readonly IReadOnlyList<LiveFault> All =
    [
        new("node killed", node => node.Kill(), Restart),
        new("node frozen", node => node.Freeze(), node => node.Thaw()),
        new("black hole", node => node.Touch(SimulatedNode.Hole), node => node.Clear()),
        new("engine killed", node => node.KillEngine(), _ => { }),
        new("engine frozen", node => node.FreezeEngine(), _ => { }),
        new("engine hangs, /health is well", node => node.Inflict(new EngineFault(EngineFaultKind.Stalled)), node => node.Clear()),
        new("engine lies on every page", node => node.Inflict(new EngineFault(EngineFaultKind.Lying)), node => node.Clear()),
        new("tokens 8 × slower", node => node.Inflict(new EngineFault(EngineFaultKind.Slow, SlowFactor)), node => node.Clear()),
        new("XID 79", node => node.ReportXid(79), Restart),
        new("card throttled", node => node.Touch(SimulatedNode.Throttle), node => node.Clear()),
    ];

    private static void Restart(LiveNode node)
    {
        node.Dispose();
        node.Start();
    }
}
