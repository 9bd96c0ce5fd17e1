namespace Comox.NodeAgent.Hardware.Gpus;

/// <summary>What is to be done about an XID.</summary>
internal enum XidAction
{
    /// <summary>It says something, and nothing follows from it.</summary>
    Note,

    /// <summary>A program's mistake; the engine is started again, and a card on which it keeps happening is left alone for a while.</summary>
    RestartEngine,

    /// <summary>The card is not used until the agent is started again, which is after what the text says was done.</summary>
    Eject,
}

/// <param name="Meaning">What it is, in words.</param>
/// <param name="ToDo">What an operator does.</param>
/// <param name="Action">What the agent thinks of the card.</param>
internal sealed record Xid(string Meaning, string ToDo, XidAction Action);

/// <summary>NVIDIA's error numbers (https://docs.nvidia.com/deploy/xid-errors). Those that its own Kubernetes plugin holds for an application's are so here.</summary>
internal static class Xids
{
    private const string Restart = "The engines on it are started again by themselves; if it comes back with another engine too, suspect the card.";
    private const string Replace = "Stop the engines on it, reset the card (nvidia-smi --gpu-reset) or reboot, then restart the agent; if it comes back, the card is to be replaced.";
    private const string Reset = "Stop the engines on it, reset the card (nvidia-smi --gpu-reset) or reboot, then restart the agent.";

    private static readonly Dictionary<int, Xid> Known = new()
    {
        [13] = new("graphics engine exception, usually a program's mistake", Restart, XidAction.RestartEngine),
        [31] = new("memory page fault, usually a program's mistake", Restart, XidAction.RestartEngine),
        [43] = new("a program was stopped by the card", Restart, XidAction.RestartEngine),
        // The driver cleans up after a program that was ended, by us as a rule. What was wrong with it before has a number of its own.
        [45] = new("a program's work was cancelled", "It follows the end of a program; what came before it says why.", XidAction.Note),
        [68] = new("video decoder exception", Restart, XidAction.RestartEngine),
        [109] = new("context switch timed out", Restart, XidAction.RestartEngine),
        [48] = new("memory error that could not be corrected", Replace, XidAction.Eject),
        [63] = new("memory row is to be remapped", Replace, XidAction.Eject),
        [64] = new("memory row could not be remapped", Replace, XidAction.Eject),
        [74] = new("NVLink error", "Stop the engines on it, check the bridge, reset the card (nvidia-smi --gpu-reset) or reboot, then restart the agent.", XidAction.Eject),
        [79] = new("the card has fallen off the bus", "Reboot the node. If it comes back, check power cables and heat, and seat the card anew.", XidAction.Eject),
        [94] = new("memory error, contained in one program", Replace, XidAction.Eject),
        [95] = new("memory error, not contained", Replace, XidAction.Eject),
        [119] = new("the card's own processor (GSP) does not answer", Reset, XidAction.Eject),
        [120] = new("the card's own processor (GSP) failed", Reset, XidAction.Eject),
        [154] = new(
            "the driver asks for a recovery",
            "The kernel's log (dmesg | grep Xid) says which: a reset of the card or a reboot. On AMD hosts the IOMMU is often the cause: boot with iommu=pt. Then restart the agent.",
            XidAction.Eject),
    };

    public static Xid Of(int code) => Known.GetValueOrDefault(code) ?? new("an error of the driver", "See docs.nvidia.com/deploy/xid-errors.", XidAction.Note);
}
