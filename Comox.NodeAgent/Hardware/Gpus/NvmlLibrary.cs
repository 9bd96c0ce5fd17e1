using System.Runtime.InteropServices;
using System.Text;

namespace Comox.NodeAgent.Hardware.Gpus;

/// <summary>
/// The functions of <c>libnvidia-ml.so.1</c> that are used, by the layouts of nvml.h API 13. Each is looked up by itself: one that this driver lacks leaves its
/// figure unknown. Results: 0 success, 3 not supported, 15 the card is lost.
/// </summary>
/// <param name="export">The address of a function by its name; 0: there is none.</param>
internal sealed class NvmlLibrary(Func<string, nint> export)
{
    public const int Success = 0;
    public const int NotSupported = 3;
    public const int Lost = 15;

    private readonly Dictionary<string, Delegate?> _functions = new(StringComparer.Ordinal);

    public delegate int Call();
    public delegate int Count(out uint count);
    public delegate int SystemText([Out, MarshalAs(UnmanagedType.LPArray, SizeParamIndex = 1)] byte[] text, uint length);
    public delegate int Handle(uint index, out nint device);
    public delegate int Text(nint device, [Out, MarshalAs(UnmanagedType.LPArray, SizeParamIndex = 2)] byte[] text, uint length);
    public delegate int Number(nint device, out uint value);
    public delegate int NumberOf(nint device, int which, out uint value);
    public delegate int TwoNumbers(nint device, out int first, out int second);
    public delegate int LongNumber(nint device, out ulong value);
    public delegate int MemoryInfo(nint device, ref Memory memory);
    public delegate int Rates(nint device, out Utilization rates);
    public delegate int PciInfo(nint device, out Pci pci);
    public delegate int FieldValues(nint device, int count, ref FieldValue value);
    public delegate int TemperatureV(nint device, ref Temperature temperature);

    /// <summary>nvmlMemory_v2_t; <see cref="Version"/> is its size and 2 in the highest byte.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Memory
    {
        public uint Version;
        public ulong Total, Reserved, Free, Used;
    }

    /// <summary>nvmlUtilization_t, in percent.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Utilization
    {
        public uint Gpu, Memory;
    }

    /// <summary>nvmlPciInfo_t: two texts around five numbers, 68 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Pci
    {
        [MarshalAs(UnmanagedType.ByValArray, SizeConst = 16)]
        public byte[] BusIdLegacy;

        public uint Domain, Bus, Device, DeviceId, SubSystemId;

        [MarshalAs(UnmanagedType.ByValArray, SizeConst = 32)]
        public byte[] BusId;
    }

    /// <summary>nvmlFieldValue_t with an unsigned int for a value, 40 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct FieldValue
    {
        public uint FieldId, ScopeId;
        public long Timestamp, LatencyMicroseconds;
        public int ValueType, Result;
        public ulong Value;
    }

    /// <summary>nvmlTemperature_v1_t.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Temperature
    {
        public uint Version;
        public int Sensor, Celsius;
    }

    /// <summary>Null where there is no such library, which is no error.</summary>
    public static NvmlLibrary? TryLoad(string name = "libnvidia-ml.so.1") =>
        NativeLibrary.TryLoad(name, out var library) ? new NvmlLibrary(function => NativeLibrary.TryGetExport(library, function, out var address) ? address : 0) : null;

    public T? Find<T>(string function)
        where T : Delegate
    {
        if (!_functions.TryGetValue(function, out var found))
            _functions[function] = found = export(function) is var address and not 0 ? Marshal.GetDelegateForFunctionPointer<T>(address) : null;
        return (T?)found;
    }

    public static string? Words(byte[] text) =>
        Encoding.UTF8.GetString(text, 0, Array.IndexOf(text, (byte)0) is var end and >= 0 ? end : text.Length) is { Length: > 0 } words ? words : null;
}
