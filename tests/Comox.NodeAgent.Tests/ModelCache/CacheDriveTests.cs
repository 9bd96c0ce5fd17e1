using Comox.NodeAgent.ModelCache;
using Comox.NodeAgent.ModelCache.Stores;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.Tests.ModelCache;

/// <summary>Whether the folder of the cache is on the drive that it claims to be on.</summary>
public sealed class CacheDriveTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("comox-drive-");

    public void Dispose() => _root.Delete(recursive: true);

    private string Mount => Path.Combine(_root.FullName, "mnt");
    private string Marker => Path.Combine(Mount, CacheDrive.MarkerName);

    [Fact]
    public void The_first_use_leaves_a_marker_and_the_second_finds_it()
    {
        Assert.True(Check().IsSuccess);
        var marker = File.ReadAllText(Marker);
        Assert.True(Check().IsSuccess);
        Assert.Equal(marker, File.ReadAllText(Marker));
    }

    [Fact]
    public void A_drive_that_is_not_mounted_is_noticed_and_its_empty_folder_is_not_written_to()
    {
        Check();
        Unmount();
        Directory.CreateDirectory(Mount);

        var outcome = Check();
        Assert.Equal(ErrorCodes.CacheDrive, outcome.Code);
        Assert.Contains("not mounted", outcome.Problem);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Mount));

        Directory.Delete(Mount);
        Assert.False(Check().IsSuccess);
        Assert.False(Directory.Exists(Mount));

        Directory.Move(Mount + ".away", Mount);
        Assert.True(Check().IsSuccess);
    }

    [Fact]
    public void Another_cache_in_its_place_is_noticed()
    {
        Check();
        Unmount();
        Check(home: "other-home");
        Assert.Contains("is wanted", Check().Problem);
    }

    [Fact]
    public void The_settings_can_name_the_drive_so_that_a_new_data_folder_knows_it_too()
    {
        Assert.True(Check(volume: "nvme-8tb").IsSuccess);
        Assert.Contains("nvme-8tb", File.ReadAllText(Marker));
        Assert.True(Check(volume: "nvme-8tb", home: "new-home").IsSuccess);
        Assert.Contains("'nvme-8tb', and 'nvme-4tb' is wanted", Check(volume: "nvme-4tb", home: "third-home").Problem);
    }

    [Fact]
    public void To_begin_anew_the_file_that_the_message_names_is_deleted()
    {
        Check();
        Unmount();
        var named = Check().Problem!.Split("delete ")[1].TrimEnd('.');
        File.Delete(named);
        Assert.True(Check().IsSuccess);
    }

    [Fact]
    public void A_marker_that_a_kill_left_half_written_is_not_taken_for_a_drive()
    {
        Check();
        File.WriteAllText(Marker, "{\"id\":");
        Assert.Equal(ErrorCodes.CacheDrive, Check().Code);
    }

    [Theory]
    [InlineData("500GB", 500_000_000_000)]
    [InlineData("7.5 TB", 7_500_000_000_000)]
    [InlineData("64gib", 68_719_476_736)]
    [InlineData("123", 123L)]
    [InlineData("0", 0L)]
    [InlineData("", null)]
    [InlineData("much", null)]
    [InlineData("-1GB", null)]
    [InlineData("1e30TB", null)]
    [InlineData("NaN", null)]
    public void Sizes_are_read_as_people_write_them(string text, long? bytes) => Assert.Equal(bytes, ByteSize.Parse(text));

    [Fact]
    public void Wrong_options_are_all_told_with_their_keys()
    {
        var problems = CacheOptions.Problems(new CacheOptions { Path = "models", Size = "much", Reserve = "", Volume = "", Pins = ["just-a-word"], Connections = 0 }).ToList();
        Assert.Equal(6, problems.Count);
        Assert.All(problems, problem => Assert.Contains("Comox:NodeAgent:Cache:", problem));
    }

    [Fact]
    public void Every_setting_is_read_from_the_configuration()
    {
        var key = Convert.ToBase64String(new byte[32]);
        var cache = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Cache:Path"] = "/models", ["Cache:Size"] = "7TB", ["Cache:Reserve"] = "1GB", ["Cache:Volume"] = "v", ["Cache:Connections"] = "8",
            ["Cache:Pins:0"] = "org/a", ["Cache:Pins:1"] = "org/b:Q8_0", ["Cache:Peers:0"] = "http://box-2:8080", ["Cache:TrustedKeys:0"] = key,
            ["Cache:S3:Endpoint"] = "http://s3:9000", ["Cache:S3:Bucket"] = "models", ["Cache:S3:Prefix"] = "p", ["Cache:S3:Region"] = "r", ["Cache:S3:AccessKey"] = "a", ["Cache:S3:SecretKey"] = "s",
        }).Build().Get<NodeAgentOptions>()!.Cache;

        Assert.Equal(("/models", 7_000_000_000_000, 1_000_000_000, "v", 8), (cache.Path, cache.SizeBytes, cache.ReserveBytes, cache.Volume, cache.Connections));
        Assert.Equal(["org/a", "org/b:Q8_0"], cache.Pins);
        Assert.Equal([new Uri("http://box-2:8080")], cache.Peers);
        Assert.Equal([key], cache.TrustedKeys);
        Assert.Equal(new S3Options { Endpoint = new Uri("http://s3:9000"), Bucket = "models", Prefix = "p", Region = "r", AccessKey = "a", SecretKey = "s" }, cache.S3);
    }

    private Outcome<string> Check(string? volume = null, string home = "home")
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { [ComoxHome.Setting] = Path.Combine(_root.FullName, home) }).Build();
        var options = new NodeAgentOptions { Cache = new CacheOptions { Path = Mount, Volume = volume } };
        return new CacheDrive(ComoxHome.Open(configuration), Options.Create(options), TimeProvider.System).Check();
    }

    private void Unmount() => Directory.Move(Mount, Mount + ".away");
}
