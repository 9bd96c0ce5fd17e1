using Comox.NodeAgent.Engines.LlamaCpp;
using Comox.NodeAgent.Engines.Provisioning;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Tests.Engines;

/// <summary>Which build of llama.cpp a machine gets, and which of its devices a card is.</summary>
public sealed class LlamaCppBuildsTests
{
    // The names of a release of 2026, by llama.cpp's own release.yml.
    private static readonly ReleaseAsset[] Release =
    [
        .. new[]
        {
            "cudart-llama-bin-win-cuda-12.4-x64.zip", "llama-b9-bin-android-arm64.tar.gz", "llama-b9-bin-macos-arm64.tar.gz", "llama-b9-bin-macos-x64.tar.gz", "llama-b9-bin-ubuntu-arm64.tar.gz",
            "llama-b9-bin-ubuntu-openvino-2026.0-x64.tar.gz", "llama-b9-bin-ubuntu-rocm-7.2-x64.tar.gz", "llama-b9-bin-ubuntu-s390x.tar.gz", "llama-b9-bin-ubuntu-vulkan-arm64.tar.gz",
            "llama-b9-bin-ubuntu-vulkan-x64.tar.gz", "llama-b9-bin-ubuntu-x64.tar.gz", "llama-b9-bin-win-cpu-arm64.zip", "llama-b9-bin-win-cpu-x64.zip", "llama-b9-bin-win-cuda-12.4-x64.zip",
            "llama-b9-bin-win-cuda-13.3-x64.zip", "llama-b9-bin-win-hip-radeon-x64.zip", "llama-b9-bin-win-vulkan-x64.zip", "llama-b9-ui.tar.gz", "llama-b9-xcframework.zip",
        }.Select(Asset),
    ];

    [Theory]
    [InlineData("linux-x64", "", "cpu", "llama-b9-bin-ubuntu-x64.tar.gz")]
    [InlineData("debian.12-arm64", "", "cpu", "llama-b9-bin-ubuntu-arm64.tar.gz")]
    [InlineData("linux-x64", "nvidia", "cpu", "llama-b9-bin-ubuntu-x64.tar.gz")]
    [InlineData("linux-x64", "nvidia vulkan", "vulkan", "llama-b9-bin-ubuntu-vulkan-x64.tar.gz")]
    [InlineData("linux-arm64", "nvidia vulkan", "vulkan", "llama-b9-bin-ubuntu-vulkan-arm64.tar.gz")]
    [InlineData("linux-x64", "amd rocm vulkan", "rocm", "llama-b9-bin-ubuntu-rocm-7.2-x64.tar.gz")]
    [InlineData("linux-x64", "amd vulkan", "vulkan", "llama-b9-bin-ubuntu-vulkan-x64.tar.gz")]
    [InlineData("linux-x64", "amd", "cpu", "llama-b9-bin-ubuntu-x64.tar.gz")]
    [InlineData("linux-x64", "rocm", "cpu", "llama-b9-bin-ubuntu-x64.tar.gz")]
    [InlineData("linux-arm64", "amd rocm", "cpu", "llama-b9-bin-ubuntu-arm64.tar.gz")]
    [InlineData("linux-x64", "vulkan", "vulkan", "llama-b9-bin-ubuntu-vulkan-x64.tar.gz")]
    [InlineData("win-x64", "", "cpu", "llama-b9-bin-win-cpu-x64.zip")]
    [InlineData("win-x64", "nvidia vulkan", "vulkan", "llama-b9-bin-win-vulkan-x64.zip")]
    [InlineData("osx-arm64", "", "cpu", "llama-b9-bin-macos-arm64.tar.gz")]
    [InlineData("linux-musl-x64", "nvidia vulkan", null, null)]
    [InlineData("linux-riscv64", "vulkan", null, null)]
    public void Each_machine_gets_its_build(string runtime, string has, string? backend, string? name)
    {
        var chosen = ReleaseAssets.Choose(Release, Hardware(runtime, has));
        Assert.Equal((backend, name), (chosen?.Build.Backend, chosen?.Asset.Name));
    }

    [Fact]
    public void A_build_with_cuda_is_taken_once_there_is_one()
    {
        var chosen = ReleaseAssets.Choose([.. Release, Asset("llama-b9-bin-ubuntu-cuda-13.3-x64.tar.gz")], Hardware("linux-x64", "nvidia vulkan"));
        Assert.Equal("llama-b9-bin-ubuntu-cuda-13.3-x64.tar.gz", chosen?.Asset.Name);
    }

    [Fact]
    public void One_without_a_digest_is_passed_over_for_the_next()
    {
        var assets = Release.Select(asset => asset.Name!.Contains("vulkan", StringComparison.Ordinal) ? asset with { Digest = null } : asset).ToList();
        Assert.Equal("cpu", ReleaseAssets.Choose(assets, Hardware("linux-x64", "vulkan"))?.Build.Backend);
    }

    [Theory]
    [InlineData("", "", null)]
    [InlineData("vulkan", "", null)]
    [InlineData("nvidia", "", "no Vulkan loader here. Install libvulkan1")]
    [InlineData("nvidia vulkan", "", "cannot use the card: delete it to have Comox install another one")]
    [InlineData("nvidia vulkan", "Vulkan0", "through Vulkan, because llama.cpp publishes no build with CUDA for Linux")]
    [InlineData("nvidia", "CUDA0", null)]
    [InlineData("amd", "", "neither ROCm nor a Vulkan loader")]
    [InlineData("amd vulkan", "Vulkan0", null)]
    [InlineData("amd rocm", "ROCm0", null)]
    public void What_leaves_a_card_unused_or_uses_it_badly_is_said(string has, string device, string? notice)
    {
        var told = LlamaCppBuilds.Notice(Hardware("linux-x64", has), device.Length == 0 ? [] : [new EngineDevice(device, "A card")]);
        if (notice is null)
            Assert.Null(told);
        else
            Assert.Contains(notice, told);
    }

    [Fact]
    public void The_list_of_devices_is_read_as_llama_server_writes_it()
    {
        Assert.Empty(LlamaCppDevices.Parse("Available devices:\n  (none)\n"));
        var devices = LlamaCppDevices.Parse("load_backend: loaded CPU backend\nAvailable devices:\n  CUDA0: NVIDIA GeForce RTX 3090 (24124 MiB, 23456 MiB free)\n  Vulkan1: AMD Radeon RX 7900 XTX (RADV NAVI31) (24560 MiB, 24000 MiB free)\n");
        Assert.Equal([new EngineDevice("CUDA0", "NVIDIA GeForce RTX 3090"), new EngineDevice("Vulkan1", "AMD Radeon RX 7900 XTX (RADV NAVI31)")], devices);
    }

    [Theory]
    [InlineData("CUDA0 CUDA1", GpuSources.Nvml, "1", "CUDA0", "CUDA_VISIBLE_DEVICES=1")]
    [InlineData("CUDA0 CUDA1", GpuSources.NvidiaSmi, "0,1", "CUDA0,CUDA1", "CUDA_VISIBLE_DEVICES=0,1")]
    [InlineData("ROCm0 ROCm1", GpuSources.Amdgpu, "1", "ROCm0", "HIP_VISIBLE_DEVICES=1")]
    [InlineData("Vulkan0 Vulkan1", GpuSources.Nvml, "1", "Vulkan1", null)]
    [InlineData("Vulkan0 Vulkan1", GpuSources.Amdgpu, "0", "Vulkan0", null)]
    [InlineData("", GpuSources.Nvml, "0", null, null)]
    [InlineData("ROCm0", GpuSources.Nvml, "0", null, null)]
    [InlineData("CUDA0", GpuSources.Amdgpu, "0", null, null)]
    [InlineData("Vulkan0 Vulkan1 Vulkan2", GpuSources.Amdgpu, "0", null, null)]
    public void A_card_is_found_among_the_devices_of_the_program(string devices, string source, string wanted, string? argument, string? variable)
    {
        GpuStatus[] cards = [.. Enumerable.Range(0, 2).Select(index => new GpuStatus { Index = index, Name = source == GpuSources.Amdgpu ? "AMD GPU 0x744c" : "NVIDIA GeForce RTX 3090", Source = source })];
        var chosen = LlamaCppDevices.Choose(
            [.. devices.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(name => new EngineDevice(name, source == GpuSources.Amdgpu ? "AMD Radeon RX 7900 XTX" : "NVIDIA GeForce RTX 3090"))],
            [.. wanted.Split(',').Select(index => cards[int.Parse(index, System.Globalization.CultureInfo.InvariantCulture)])],
            cards);
        Assert.Equal(argument, chosen?.Devices);
        if (variable is not null)
            Assert.Contains(variable, chosen!.Environment.Select(pair => $"{pair.Key}={pair.Value}"));
    }

    private static ReleaseAsset Asset(string name) => new(name, new Uri("http://x/"), "sha256:" + new string('0', 64), 1);

    private static BuildHardware Hardware(string runtime, string has) => new(runtime)
    {
        HasNvidia = has.Contains("nvidia", StringComparison.Ordinal),
        HasAmd = has.Contains("amd", StringComparison.Ordinal),
        HasRocm = has.Contains("rocm", StringComparison.Ordinal),
        HasVulkan = has.Contains("vulkan", StringComparison.Ordinal),
    };
}
