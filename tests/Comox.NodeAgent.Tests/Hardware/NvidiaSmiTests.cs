using Comox.NodeAgent.Hardware.Gpus;
using Comox.ServiceDefaults.Contracts.Nodes;
using FsCheck;
using FsCheck.Xunit;

namespace Comox.NodeAgent.Tests.Hardware;

public sealed class NvidiaSmiTests
{
    private const string Row3090 =
        "0, GPU-4a1c8e52-0000-1111-2222-333344445555, NVIDIA GeForce RTX 3090, 00000000:01:00.0, 550.54.14, 24576, 11203, 13049, 61, N/A, 287.31, 300.00, "
        + "97, 44, 1695, 2100, 9501, 9751, 55, 4, 4, 16, 16, 8.6, 0x0000000000000004";

    [Fact]
    public void A_row_becomes_a_card_in_bytes_and_words_and_what_is_not_available_is_unknown()
    {
        var card = Assert.Single(NvidiaSmiCsv.Parse(NvidiaSmiCsv.Queries[0], Row3090 + "\n")).Card;

        Assert.Equal("NVIDIA GeForce RTX 3090", card.Name);
        Assert.Equal("0000:01:00.0", card.PciId);
        Assert.Equal(24576L << 20, card.MemoryTotalBytes);
        Assert.Equal(11203L << 20, card.MemoryUsedBytes);
        Assert.Equal(287.31, card.PowerWatts);
        Assert.Equal(1695, card.CoreClockMegahertz);
        Assert.Equal(16, card.PcieWidth);
        Assert.Equal("8.6", card.ComputeCapability);
        Assert.Equal([GpuThrottles.PowerCap], card.Throttles);
        Assert.Null(card.MemoryTemperatureCelsius);
    }

    [Theory]
    [InlineData("[N/A]")]
    [InlineData("[Not Supported]")]
    [InlineData("[Unknown Error]")]
    [InlineData("[GPU requires reset]")]
    [InlineData("N/A")]
    [InlineData("")]
    [InlineData("nan")]
    public void A_figure_that_is_no_number_is_unknown_and_not_zero(string value)
    {
        var card = Assert.Single(NvidiaSmiCsv.Parse(NvidiaSmiCsv.Queries[^1], $"0, A card, {value}, {value}, {value}, {value}, {value}, {value}, {value}")).Card;

        Assert.Null(card.TemperatureCelsius);
        Assert.Null(card.UtilizationPercent);
        Assert.Null(card.MemoryUsedBytes);
        Assert.Null(card.FanPercent);
        Assert.Null(card.PowerWatts);
        Assert.Null(card.Throttles);
    }

    [Property]
    public void Whatever_stands_in_one_field_the_others_are_read(NonNull<string> text, byte place)
    {
        var fields = Row3090.Split(", ");
        var broken = 3 + (place % (fields.Length - 3)); // behind index, id and name, without which there is no card
        fields[broken] = text.Get.Replace(',', ' ').Replace('\n', ' ');

        var card = Assert.Single(NvidiaSmiCsv.Parse(NvidiaSmiCsv.Queries[0], string.Join(", ", fields))).Card;

        Assert.Equal("GPU-4a1c8e52-0000-1111-2222-333344445555", card.Uuid);
        if (broken != 8)
            Assert.Equal(61, card.TemperatureCelsius);
        if (broken != fields.Length - 1)
            Assert.Equal([GpuThrottles.PowerCap], card.Throttles);
    }

    [Fact]
    public void Lines_that_are_no_rows_are_left_out()
    {
        Assert.Empty(NvidiaSmiCsv.Parse(NvidiaSmiCsv.Queries[0], "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n0, GPU-4a\n\n"));
    }

    [Fact]
    public async Task A_driver_that_does_not_know_a_field_is_asked_for_fewer()
    {
        using var program = new Script("""
            case "$1" in
              *clocks*) echo "Field \"clocks_event_reasons.active\" is not a valid field to query."; exit 2;;
              *) echo "0, NVIDIA GeForce GTX 1060, GPU-1, 45, 3, 812, 6144, 20, 31.2";;
            esac
            """);

        var card = Assert.Single(await new NvidiaSmiSource(program.Path, TimeSpan.FromSeconds(30), TimeProvider.System).ReadAsync(default)).Card;

        Assert.Equal(("NVIDIA GeForce GTX 1060", "GPU-1", 6144L << 20), (card.Name, card.Uuid, card.MemoryTotalBytes));
        Assert.Null(card.PcieWidth);
    }

    [Fact]
    public async Task A_program_that_hangs_is_given_up()
    {
        using var program = new Script("exec sleep 600");

        Assert.Empty(await new NvidiaSmiSource(program.Path, TimeSpan.FromMilliseconds(200), TimeProvider.System).ReadAsync(default));
    }

    [Fact]
    public async Task A_program_that_is_not_there_means_no_cards()
    {
        Assert.Empty(await new NvidiaSmiSource("/nowhere/nvidia-smi", TimeSpan.FromSeconds(1), TimeProvider.System).ReadAsync(default));
    }

    private sealed class Script : IDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("comox-smi-");

        public Script(string body)
        {
            Path = System.IO.Path.Combine(_folder.FullName, "nvidia-smi");
            File.WriteAllText(Path, "#!/bin/sh\n" + body + "\n");
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        public string Path { get; }

        public void Dispose() => _folder.Delete(recursive: true);
    }
}
