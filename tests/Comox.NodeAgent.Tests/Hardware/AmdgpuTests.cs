using Comox.NodeAgent.Hardware.Gpus;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Tests.Hardware;

public sealed class AmdgpuTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("comox-drm-");

    [Fact]
    public async Task Files_of_amdgpu_become_a_card_and_labels_say_which_sensor_is_which()
    {
        Write("card1/device", new()
        {
            ["vendor"] = "0x1002",
            ["device"] = "0x744c",
            ["unique_id"] = "e1d2c3b4a5968778",
            ["uevent"] = "DRIVER=amdgpu\nPCI_SLOT_NAME=0000:03:00.0",
            ["gpu_busy_percent"] = "98",
            ["mem_info_vram_total"] = "25753026560",
            ["mem_info_vram_used"] = "21474836480",
            ["pp_dpm_sclk"] = "0: 500Mhz \n1: 2304Mhz *\n2: 2526Mhz ",
            ["current_link_speed"] = "16.0 GT/s PCIe",
            ["current_link_width"] = "16",
            ["max_link_speed"] = "16.0 GT/s PCIe",
        });
        Write("card1/device/hwmon/hwmon4", new()
        {
            ["temp1_label"] = "junction",
            ["temp1_input"] = "88000",
            ["temp2_label"] = "edge",
            ["temp2_input"] = "64000",
            ["temp2_crit"] = "100000",
            ["temp3_label"] = "mem",
            ["temp3_input"] = "82000",
            ["power1_average"] = "301000000",
            ["power1_cap"] = "339000000",
            ["pwm1"] = "102",
            ["freq1_input"] = "2304000000",
        });
        Write("card0/device", new() { ["vendor"] = "0x10de" });
        Write("card1-DP-1/device", new() { ["vendor"] = "0x1002" });

        var reading = Assert.Single(await new AmdgpuSource(_root.FullName).ReadAsync(default));

        Assert.Equal(100, reading.SlowdownCelsius);
        var card = reading.Card;
        Assert.Equal((1, "AMD GPU 0x744c", "e1d2c3b4a5968778", "0000:03:00.0"), (card.Index, card.Name, card.Uuid, card.PciId));
        Assert.Equal((25753026560, 21474836480, 4278190080), (card.MemoryTotalBytes, card.MemoryUsedBytes, card.MemoryFreeBytes));
        Assert.Equal((64.0, 82.0, 301.0, 339.0, 98.0, 40.0), (card.TemperatureCelsius, card.MemoryTemperatureCelsius, card.PowerWatts, card.PowerLimitWatts, card.UtilizationPercent, card.FanPercent));
        Assert.Equal((2304, 2526, 4, 16), (card.CoreClockMegahertz, card.CoreClockMaxMegahertz, card.PcieGeneration, card.PcieWidth));
        Assert.Null(card.MemoryClockMegahertz);
        Assert.Null(card.PcieWidthMax);
        Assert.Null(card.Throttles);
        Assert.Equal(GpuSources.Amdgpu, card.Source);
    }

    [Fact]
    public async Task A_card_without_sensors_is_a_card_of_which_nothing_is_known()
    {
        Write("card0/device", new() { ["vendor"] = "0x1002", ["product_name"] = "Instinct MI210", ["gpu_busy_percent"] = "" });

        var card = Assert.Single(await new AmdgpuSource(_root.FullName).ReadAsync(default)).Card;

        Assert.Equal("Instinct MI210", card.Name);
        Assert.Null(card.TemperatureCelsius);
        Assert.Null(card.UtilizationPercent);
        Assert.Null(card.MemoryFreeBytes);
    }

    [Fact]
    public async Task Without_the_folder_there_are_no_cards() => Assert.Empty(await new AmdgpuSource("/nowhere/drm").ReadAsync(default));

    public void Dispose() => _root.Delete(recursive: true);

    private void Write(string folder, Dictionary<string, string> files)
    {
        var path = Directory.CreateDirectory(Path.Combine(_root.FullName, folder)).FullName;
        foreach (var (name, text) in files)
            File.WriteAllText(Path.Combine(path, name), text + "\n");
    }
}
