using System.Runtime.InteropServices;
using System.Text;
using Comox.NodeAgent.Hardware.Gpus;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Tests.Hardware;

/// <summary>NVML played by functions of this process, called through the same pointers as the library's.</summary>
public sealed class NvmlTests
{
    private const int GpuIsLost = 15;
    private readonly Dictionary<string, Delegate> _functions = new()
    {
        ["nvmlInit_v2"] = new NvmlLibrary.Call(() => 0),
        ["nvmlDeviceGetCount_v2"] = new NvmlLibrary.Count((out count) => Give(1u, out count)),
        ["nvmlDeviceGetHandleByIndex_v2"] = new NvmlLibrary.Handle((index, out device) => Give(7, out device)),
        ["nvmlDeviceGetName"] = new NvmlLibrary.Text((device, text, length) => Write("NVIDIA GeForce RTX 3090", text)),
        ["nvmlDeviceGetUUID"] = new NvmlLibrary.Text((device, text, length) => Write("GPU-1", text)),
    };

    [Fact]
    public void Structures_have_the_sizes_of_nvml_h()
    {
        Assert.Equal(40, Marshal.SizeOf<NvmlLibrary.Memory>());
        Assert.Equal(8, Marshal.SizeOf<NvmlLibrary.Utilization>());
        Assert.Equal(68, Marshal.SizeOf<NvmlLibrary.Pci>());
        Assert.Equal(40, Marshal.SizeOf<NvmlLibrary.FieldValue>());
        Assert.Equal(12, Marshal.SizeOf<NvmlLibrary.Temperature>());
    }

    [Fact]
    public async Task Figures_come_in_our_units()
    {
        _functions["nvmlSystemGetDriverVersion"] = new NvmlLibrary.SystemText((text, length) => Write("550.54.14", text));
        _functions["nvmlDeviceGetMemoryInfo_v2"] = new NvmlLibrary.MemoryInfo((nint device, ref NvmlLibrary.Memory memory) =>
        {
            if (memory.Version != 0x02000028)
                return 25; // NVML_ERROR_ARGUMENT_VERSION_MISMATCH
            (memory.Total, memory.Reserved, memory.Free, memory.Used) = (24L << 30, 1, 13L << 30, 11L << 30);
            return 0;
        });
        _functions["nvmlDeviceGetCudaComputeCapability"] = new NvmlLibrary.TwoNumbers((device, out major, out minor) => Give(8, out major) | Give(6, out minor));
        _functions["nvmlDeviceGetUtilizationRates"] = new NvmlLibrary.Rates((device, out rates) => Give(new NvmlLibrary.Utilization { Gpu = 97, Memory = 44 }, out rates));
        _functions["nvmlDeviceGetPowerUsage"] = new NvmlLibrary.Number((device, out value) => Give(287_310u, out value));
        _functions["nvmlDeviceGetTotalEnergyConsumption"] = new NvmlLibrary.LongNumber((device, out value) => Give(7_200_000ul, out value));
        _functions["nvmlDeviceGetClockInfo"] = new NvmlLibrary.NumberOf((device, which, out value) => Give(which == 1 ? 1695u : 9501u, out value));
        _functions["nvmlDeviceGetTemperatureThreshold"] = new NvmlLibrary.NumberOf((device, which, out value) => Give(which == 1 ? 95u : 98u, out value));
        _functions["nvmlDeviceGetCurrentClocksThrottleReasons"] = new NvmlLibrary.LongNumber((device, out value) => Give(0x84ul, out value));
        _functions["nvmlDeviceGetPciInfo_v3"] = new NvmlLibrary.PciInfo((device, out pci) =>
        {
            pci = new NvmlLibrary.Pci { BusIdLegacy = new byte[16], BusId = new byte[32] };
            return Write("00000000:0A:00.0", pci.BusId);
        });
        _functions["nvmlDeviceGetTemperatureV"] = new NvmlLibrary.TemperatureV((nint device, ref NvmlLibrary.Temperature temperature) =>
        {
            temperature.Celsius = 61;
            return temperature.Version == 0x0100000C ? 0 : 25;
        });

        var reading = await ReadAsync();
        Assert.Equal("8.6", reading.Card.ComputeCapability);

        Assert.Equal(95, reading.SlowdownCelsius);
        Assert.Equal(GpuPresence.Present, reading.Presence);
        var card = reading.Card;
        Assert.Equal(("NVIDIA GeForce RTX 3090", "GPU-1", "0000:0a:00.0", "550.54.14"), (card.Name, card.Uuid, card.PciId, card.Driver));
        Assert.Equal((24L << 30, 11L << 30, 13L << 30), (card.MemoryTotalBytes, card.MemoryUsedBytes, card.MemoryFreeBytes));
        Assert.Equal((97.0, 44.0, 287.31, 2.0, 61.0), (card.UtilizationPercent, card.MemoryUtilizationPercent, card.PowerWatts, card.EnergyWattHours, card.TemperatureCelsius));
        Assert.Equal((1695, 9501), (card.CoreClockMegahertz, card.MemoryClockMegahertz));
        Assert.Equal([GpuThrottles.PowerCap, GpuThrottles.HardwarePowerBrake], card.Throttles);
    }

    [Fact]
    public async Task What_the_library_lacks_or_the_card_does_not_support_is_unknown()
    {
        _functions["nvmlDeviceGetFanSpeed"] = new NvmlLibrary.Number((device, out value) =>
        {
            value = 0;
            return 3;
        });

        var card = (await ReadAsync()).Card;

        Assert.Null(card.FanPercent);
        Assert.Null(card.MemoryUsedBytes);
        Assert.Null(card.TemperatureCelsius);
        Assert.Null(card.PciId);
        Assert.Null(card.Throttles);
    }

    [Fact]
    public async Task A_card_that_the_driver_has_lost_says_so()
    {
        _functions["nvmlDeviceGetPowerUsage"] = new NvmlLibrary.Number((device, out value) =>
        {
            value = 0;
            return GpuIsLost;
        });

        Assert.Equal(GpuPresence.Lost, (await ReadAsync()).Presence);
    }

    [Fact]
    public async Task Without_the_library_there_are_no_cards_and_no_error()
    {
        Assert.Null(NvmlLibrary.TryLoad("libcomox-no-such-library.so.1"));
        Assert.Empty(await new NvmlSource(() => null).ReadAsync(default));
    }

    private async Task<GpuReading> ReadAsync()
    {
        var nvml = new NvmlLibrary(name => _functions.TryGetValue(name, out var function) ? Marshal.GetFunctionPointerForDelegate(function) : 0);
        return Assert.Single(await new NvmlSource(() => nvml).ReadAsync(default));
    }

    private static int Give<T>(T value, out T place)
    {
        place = value;
        return 0;
    }

    private static int Write(string words, byte[] text)
    {
        Encoding.UTF8.GetBytes(words, text);
        return 0;
    }
}
