using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Hardware.Gpus;

/// <summary>NVML's mask of reasons for lower clocks (nvml.h, <c>nvmlClocksEventReason…</c>), in words.</summary>
internal static class ThrottleBits
{
    private static readonly (ulong Bit, string Word)[] Words =
    [
        (0x1, GpuThrottles.Idle),
        (0x2, GpuThrottles.ClocksSet),
        (0x4, GpuThrottles.PowerCap),
        (0x8, GpuThrottles.HardwareSlowdown),
        (0x10, GpuThrottles.SyncBoost),
        (0x20, GpuThrottles.SoftwareThermal),
        (0x40, GpuThrottles.HardwareThermal),
        (0x80, GpuThrottles.HardwarePowerBrake),
        (0x100, GpuThrottles.Display),
    ];

    /// <summary>Bits of drivers to come are left out.</summary>
    public static IReadOnlyList<string>? ToWords(ulong? mask) => mask is { } bits ? [.. Words.Where(word => (bits & word.Bit) != 0).Select(word => word.Word)] : null;
}
