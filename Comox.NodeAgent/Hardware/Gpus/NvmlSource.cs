using System.Globalization;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Hardware.Gpus;

/// <summary>NVIDIA's own library: the most figures, and cheap enough to be read every second.</summary>
internal sealed class NvmlSource(Func<NvmlLibrary?> load) : IGpuSource
{
    private const int CoreTemperature = 0;
    private const int SlowdownThreshold = 1;
    private const int SmClock = 1;
    private const int MemoryClock = 2;
    private const uint MemoryTemperatureField = 82;
    private const uint MemoryVersion2 = 40 | (2u << 24);
    private const uint TemperatureVersion1 = 12 | (1u << 24);

    private readonly Lock _oneAtATime = new();
    private NvmlLibrary? _nvml;
    private string? _driver;

    public TimeSpan Period => TimeSpan.FromSeconds(1);

    // A call into a driver in trouble may not come back, so none is made on the caller's thread.
    public Task<IReadOnlyList<GpuReading>> ReadAsync(CancellationToken cancellation) =>
        Task.Factory.StartNew(Read, cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private IReadOnlyList<GpuReading> Read()
    {
        lock (_oneAtATime)
            return ReadAlone();
    }

    private IReadOnlyList<GpuReading> ReadAlone()
    {
        if ((_nvml ??= Begin()) is not { } nvml || nvml.Find<NvmlLibrary.Count>("nvmlDeviceGetCount_v2") is not { } counter || counter(out var count) != NvmlLibrary.Success)
        {
            _nvml = null; // The driver was reloaded, perhaps; the next reading begins anew.
            return [];
        }

        return [.. Enumerable.Range(0, (int)Math.Min(count, 64)).Select(index => Card(nvml, (uint)index))];
    }

    private NvmlLibrary? Begin()
    {
        if (load() is not { } nvml || nvml.Find<NvmlLibrary.Call>("nvmlInit_v2") is not { } begin || begin() != NvmlLibrary.Success)
            return null;
        var text = new byte[80];
        _driver = nvml.Find<NvmlLibrary.SystemText>("nvmlSystemGetDriverVersion")?.Invoke(text, (uint)text.Length) == NvmlLibrary.Success ? NvmlLibrary.Words(text) : null;
        return nvml;
    }

    private GpuReading Card(NvmlLibrary nvml, uint index)
    {
        nint device = 0;
        var result = nvml.Find<NvmlLibrary.Handle>("nvmlDeviceGetHandleByIndex_v2")?.Invoke(index, out device) ?? NvmlLibrary.NotSupported;
        if (result != NvmlLibrary.Success)
            return new GpuReading(new GpuStatus { Index = (int)index, Name = "NVIDIA GPU", Source = GpuSources.Nvml, Driver = _driver }) { Presence = result == NvmlLibrary.Lost ? GpuPresence.Lost : GpuPresence.Silent };

        var lost = false;
        var memory = new NvmlLibrary.Memory { Version = MemoryVersion2 };
        var hasMemory = Did(nvml.Find<NvmlLibrary.MemoryInfo>("nvmlDeviceGetMemoryInfo_v2")?.Invoke(device, ref memory));
        var rates = default(NvmlLibrary.Utilization);
        var hasRates = Did(nvml.Find<NvmlLibrary.Rates>("nvmlDeviceGetUtilizationRates")?.Invoke(device, out rates));
        var card = new GpuStatus
        {
            Index = (int)index,
            Name = Text("nvmlDeviceGetName") ?? "NVIDIA GPU",
            Source = GpuSources.Nvml,
            Uuid = Text("nvmlDeviceGetUUID"),
            PciId = Pci(),
            Driver = _driver,
            ComputeCapability = Capability(),
            MemoryTotalBytes = hasMemory ? (long)memory.Total : null,
            MemoryUsedBytes = hasMemory ? (long)memory.Used : null,
            MemoryFreeBytes = hasMemory ? (long)memory.Free : null,
            TemperatureCelsius = NumberOf("nvmlDeviceGetTemperature", CoreTemperature) ?? Temperature(),
            MemoryTemperatureCelsius = MemoryTemperature(),
            PowerWatts = Number("nvmlDeviceGetPowerUsage") / 1000.0,
            PowerLimitWatts = Number("nvmlDeviceGetEnforcedPowerLimit") / 1000.0,
            EnergyWattHours = Long("nvmlDeviceGetTotalEnergyConsumption") / 3.6e6,
            UtilizationPercent = hasRates ? rates.Gpu : null,
            MemoryUtilizationPercent = hasRates ? rates.Memory : null,
            CoreClockMegahertz = NumberOf("nvmlDeviceGetClockInfo", SmClock),
            CoreClockMaxMegahertz = NumberOf("nvmlDeviceGetMaxClockInfo", SmClock),
            MemoryClockMegahertz = NumberOf("nvmlDeviceGetClockInfo", MemoryClock),
            MemoryClockMaxMegahertz = NumberOf("nvmlDeviceGetMaxClockInfo", MemoryClock),
            FanPercent = Number("nvmlDeviceGetFanSpeed"),
            PcieGeneration = Number("nvmlDeviceGetCurrPcieLinkGeneration"),
            PcieGenerationMax = Number("nvmlDeviceGetMaxPcieLinkGeneration"),
            PcieWidth = Number("nvmlDeviceGetCurrPcieLinkWidth"),
            PcieWidthMax = Number("nvmlDeviceGetMaxPcieLinkWidth"),
            Throttles = ThrottleBits.ToWords(Long("nvmlDeviceGetCurrentClocksEventReasons") ?? Long("nvmlDeviceGetCurrentClocksThrottleReasons")),
        };
        return new GpuReading(card) { SlowdownCelsius = NumberOf("nvmlDeviceGetTemperatureThreshold", SlowdownThreshold), Presence = lost ? GpuPresence.Lost : GpuPresence.Present };

        bool Did(int? code)
        {
            lost |= code == NvmlLibrary.Lost;
            return code == NvmlLibrary.Success;
        }

        string? Text(string function)
        {
            var text = new byte[96];
            return Did(nvml.Find<NvmlLibrary.Text>(function)?.Invoke(device, text, (uint)text.Length)) ? NvmlLibrary.Words(text) : null;
        }

        int? Number(string function)
        {
            uint value = 0;
            return Did(nvml.Find<NvmlLibrary.Number>(function)?.Invoke(device, out value)) ? (int)value : null;
        }

        int? NumberOf(string function, int which)
        {
            uint value = 0;
            return Did(nvml.Find<NvmlLibrary.NumberOf>(function)?.Invoke(device, which, out value)) ? (int)value : null;
        }

        ulong? Long(string function)
        {
            ulong value = 0;
            return Did(nvml.Find<NvmlLibrary.LongNumber>(function)?.Invoke(device, out value)) ? value : null;
        }

        string? Capability()
        {
            var (major, minor) = (0, 0);
            return Did(nvml.Find<NvmlLibrary.TwoNumbers>("nvmlDeviceGetCudaComputeCapability")?.Invoke(device, out major, out minor)) && major > 0
                ? string.Create(CultureInfo.InvariantCulture, $"{major}.{minor}")
                : null;
        }

        string? Pci()
        {
            var pci = default(NvmlLibrary.Pci);
            return Did(nvml.Find<NvmlLibrary.PciInfo>("nvmlDeviceGetPciInfo_v3")?.Invoke(device, out pci)) && pci.BusId is { } id ? PciAddress.Parse(NvmlLibrary.Words(id)) : null;
        }

        // nvmlDeviceGetTemperature is deprecated as of API 13.
        double? Temperature()
        {
            var temperature = new NvmlLibrary.Temperature { Version = TemperatureVersion1, Sensor = CoreTemperature };
            return Did(nvml.Find<NvmlLibrary.TemperatureV>("nvmlDeviceGetTemperatureV")?.Invoke(device, ref temperature)) ? temperature.Celsius : null;
        }

        double? MemoryTemperature()
        {
            var field = new NvmlLibrary.FieldValue { FieldId = MemoryTemperatureField };
            return Did(nvml.Find<NvmlLibrary.FieldValues>("nvmlDeviceGetFieldValues")?.Invoke(device, 1, ref field)) && Did(field.Result) && (uint)field.Value is > 0 and var celsius
                ? celsius
                : null;
        }
    }
}
