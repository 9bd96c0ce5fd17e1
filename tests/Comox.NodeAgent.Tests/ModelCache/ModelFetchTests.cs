using System.Security.Cryptography;
using Comox.NodeAgent.Downloads;
using Comox.NodeAgent.ModelCache;
using Comox.NodeAgent.ModelCache.Stores;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Comox.NodeAgent.Tests.ModelCache;

/// <summary>Files on their way into a cache of limited size, in Hugging Face's layout.</summary>
public sealed class ModelFetchTests : IAsyncLifetime
{
    private const string Weights = "m-q8_0.gguf";
    private static readonly DateTimeOffset Today = new(2026, 11, 29, 12, 0, 0, TimeSpan.Zero);

    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("comox-fetch-");
    private readonly byte[] _weights = RandomNumberGenerator.GetBytes(100_000);
    private readonly byte[] _other = RandomNumberGenerator.GetBytes(90_000);
    private readonly byte[] _config = """{"model_type":"llama"}"""u8.ToArray();
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false });
    private readonly FakeTimeProvider _time = new(Today);
    private readonly NodeAgentOptions _options = new();
    private TestHub _hub = null!;
    private TestCache? _cache;

    public async ValueTask InitializeAsync()
    {
        _hub = await TestHub.StartAsync((Weights, _weights), ("m-q4_k_m.gguf", _other), ("config.json", _config));
        _options.Hub = _hub.Address;
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _hub.DisposeAsync();
        _home.Delete(recursive: true);
    }

    private string Root => Path.Combine(_home.FullName, "models");
    private TestCache Cache => _cache ??= new TestCache(Configuration, Options.Create(_options), _time);
    private IConfiguration Configuration => new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { [ComoxHome.Setting] = _home.FullName }).Build();

    [Fact]
    public async Task The_layout_is_that_of_hugging_face_with_links_that_survive_a_move()
    {
        await FetchAsync(File("org/a"));
        await FetchAsync(Config("org/a"));

        Directory.Move(Root, Root + "-moved");
        var repository = Path.Combine(Root + "-moved", "models--org--a");
        var snapshot = Path.Combine(repository, "snapshots", TestHub.Commit);
        Assert.Equal(_weights, await System.IO.File.ReadAllBytesAsync(Path.Combine(snapshot, Weights)));
        Assert.Equal($"../../blobs/{Hash(_weights)}", new FileInfo(Path.Combine(snapshot, Weights)).LinkTarget);
        Assert.Equal($"../../blobs/{TestHub.GitName(_config)}", new FileInfo(Path.Combine(snapshot, "config.json")).LinkTarget);
        Assert.Equal(TestHub.Commit, await System.IO.File.ReadAllTextAsync(Path.Combine(repository, "refs", "main")));
        Assert.True(System.IO.File.Exists(Path.Combine(Root + "-moved", ".locks", "models--org--a", Hash(_weights) + ".lock")));
        Assert.Equal(2, Directory.GetFiles(Path.Combine(repository, "blobs")).Length);
    }

    [Fact]
    public async Task What_another_program_put_there_is_used_and_not_fetched()
    {
        var blob = Path.Combine(Root, "models--org--a", "blobs", Hash(_weights));
        Directory.CreateDirectory(Path.GetDirectoryName(blob)!);
        await System.IO.File.WriteAllBytesAsync(blob, _weights);

        var path = await FetchAsync(File("org/a"));
        Assert.Equal(_weights, await System.IO.File.ReadAllBytesAsync(path.Value!));
        Assert.Empty(_hub.Asked);
    }

    [Fact]
    public async Task Of_several_snapshots_the_one_that_main_is_counts_and_not_the_newest_on_the_disk()
    {
        var main = (await FetchAsync(File("org/a"))).Value!;
        var other = Path.Combine(Root, "models--org--a", "snapshots", new string('f', 40), Weights);
        Directory.CreateDirectory(Path.GetDirectoryName(other)!);
        System.IO.File.CreateSymbolicLink(other, Path.Combine("..", "..", "blobs", Hash(_weights)));
        Directory.SetLastWriteTimeUtc(Path.GetDirectoryName(main)!, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));

        Assert.Equal(main, Cache.Caches.Find(new ModelReference.OnHub("org/a", null)));
        await System.IO.File.WriteAllTextAsync(Path.Combine(Root, "models--org--a", "refs", "main"), new string('f', 40));
        Assert.Equal(other, Cache.Caches.Find(new ModelReference.OnHub("org/a", null)));
    }

    [Fact]
    public async Task A_blob_that_another_program_is_fetching_is_waited_for()
    {
        var file = File("org/a");
        var theirs = BlobLock.TryTake(Root, file.Repository, file.Digest.Hex)!;
        var waits = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ours = new TestCache(Configuration, Options.Create(_options), new HurriedTime(100)).Fetch(Stores).RunAsync(file, (words, _) => { if (words.Contains("Another program", StringComparison.Ordinal)) waits.TrySetResult(); }, TestContext.Current.CancellationToken);

        await Task.WhenAny(waits.Task, ours);
        Assert.True(waits.Task.IsCompleted);
        Assert.Empty(_hub.Asked);
        theirs.Dispose();
        Assert.True((await ours).IsSuccess);
    }

    [Fact]
    public async Task A_full_cache_loses_the_model_that_costs_least_to_lose()
    {
        _options.Cache = new CacheOptions { Size = "250KB", Reserve = "0" };
        await FetchAsync(File("org/a"));
        await FetchAsync(File("org/b"));
        Cache.Caches.Use("one", [PathOf("org/a")]); // Twice used now, and open; then another model is.
        Cache.Caches.Use("one", [PathOf("org/b")]);

        Assert.True((await FetchAsync(File("org/c"))).IsSuccess);
        Assert.False(System.IO.File.Exists(PathOf("org/a")));
        Assert.True(System.IO.File.Exists(PathOf("org/b")));
        Assert.False(Directory.Exists(Path.Combine(Root, "models--org--a")));
    }

    [Fact]
    public async Task Another_file_of_a_repository_takes_the_place_of_the_only_one_there()
    {
        _options.Cache = new CacheOptions { Size = "150KB", Reserve = "0" };
        var first = (await FetchAsync(File("org/a"))).Value!;
        var outcome = await FetchAsync(Other("org/a"));
        Assert.True(outcome.IsSuccess, outcome.Problem);
        Assert.Equal(_other, await System.IO.File.ReadAllBytesAsync(outcome.Value));
        Assert.False(System.IO.File.Exists(first));
    }

    [Fact]
    public async Task A_folder_in_which_a_download_is_about_to_begin_stays_when_another_makes_room_there()
    {
        _options.Cache = new CacheOptions { Size = "250KB", Reserve = "0" };
        await FetchAsync(File("org/a"));
        var draft = new HubCache(Root).PartialPath(Other("org/a"));
        using (Cache.Room.Reserve(Root, draft, "other", 1000).Value)
        {
            using var room = Cache.Room.Reserve(Root, new HubCache(Root).PartialPath(File("org/b")), "b", 200_000).Value;
            Assert.NotNull(room);
            Assert.False(System.IO.File.Exists(PathOf("org/a")));
            Assert.True(Directory.Exists(Path.GetDirectoryName(draft)));
        }
    }

    [Fact]
    public async Task The_model_in_use_pinned_ones_and_those_of_other_programs_stay_and_the_message_says_so()
    {
        _options.Cache = new CacheOptions { Size = "350KB", Reserve = "0", Pins = ["org/pinned:Q8_0"] };
        Cache.Caches.Use("one", [(await FetchAsync(File("org/used"))).Value!]);
        await FetchAsync(File("org/pinned"));
        var foreign = Directory.CreateDirectory(Path.Combine(Root, "models--their--own", "snapshots", TestHub.Commit));
        await System.IO.File.WriteAllBytesAsync(Path.Combine(foreign.FullName, "theirs.gguf"), _weights);

        var outcome = await FetchAsync(File("org/new"));
        Assert.Equal(ErrorCodes.CacheFull, outcome.Code);
        Assert.Contains("Comox:NodeAgent:Cache:Size", outcome.Problem);
        Assert.Equal(2, _hub.Asked.Count);
        Assert.All(["org/used", "org/pinned"], repository => Assert.True(System.IO.File.Exists(PathOf(repository))));
        Assert.True(System.IO.File.Exists(Path.Combine(foreign.FullName, "theirs.gguf")));
    }

    [Fact]
    public async Task What_the_settings_name_stays_before_its_engine_has_taken_it()
    {
        _options.Cache = new CacheOptions { Size = "350KB", Reserve = "0" };
        _options.Models = [new() { Model = "org/a-named:Q8_0", Adapters = [new() { Name = "voice", Model = "org/b-voice" }] }];
        // Alike in size and use, the first by name would go.
        await FetchAsync(File("org/a-named"));
        await FetchAsync(File("org/b-voice"));
        await FetchAsync(File("org/c-other"));

        Assert.True((await FetchAsync(File("org/new"))).IsSuccess);
        Assert.All(["org/a-named", "org/b-voice"], repository => Assert.True(System.IO.File.Exists(PathOf(repository))));
        Assert.False(System.IO.File.Exists(PathOf("org/c-other")));
    }

    [Fact]
    public async Task What_another_process_uses_stays_too()
    {
        _options.Cache = new CacheOptions { Size = "150KB", Reserve = "0" };
        Cache.Caches.Use("one", [(await FetchAsync(File("org/used"))).Value!]);

        var other = new TestCache(Configuration, Options.Create(_options), _time);
        var outcome = await other.Fetch(Stores).RunAsync(File("org/new"), (_, _) => { }, TestContext.Current.CancellationToken);
        Assert.Equal(ErrorCodes.CacheFull, outcome.Code);
        Assert.True(System.IO.File.Exists(PathOf("org/used")));
    }

    [Fact]
    public async Task The_reserve_of_the_drive_counts_where_no_size_is_set()
    {
        await FetchAsync(File("org/a"));
        Cache.Free = 2_000_050_000;
        Assert.True((await FetchAsync(File("org/b"))).IsSuccess);
        Assert.False(System.IO.File.Exists(PathOf("org/a")));
    }

    [Fact]
    public async Task Where_nothing_could_be_had_again_nothing_is_evicted()
    {
        await FetchAsync(File("org/a"));
        _options.Offline = true;
        Cache.Free = 0;
        Assert.Equal(ErrorCodes.CacheFull, Cache.Room.Reserve(Root, Path.Combine(Root, "x"), "x", 1).Code);
        Assert.True(System.IO.File.Exists(PathOf("org/a")));
    }

    [Fact]
    public async Task A_use_of_long_ago_counts_less()
    {
        _options.Cache = new CacheOptions { Size = "250KB", Reserve = "0" };
        await FetchAsync(File("org/once-loved"));
        for (var i = 0; i < 3; i++)
            Cache.Caches.Use("one", [PathOf("org/once-loved")]);
        _time.Advance(TimeSpan.FromDays(60));
        Cache.Caches.Use("one", [(await FetchAsync(File("org/new"))).Value!]);
        Assert.True((await FetchAsync(File("org/newer"))).IsSuccess);
        Assert.False(System.IO.File.Exists(PathOf("org/once-loved")));
    }

    [Theory]
    [InlineData("pytorch_model.bin", "pickle")]
    [InlineData("model.pt", "pickle")]
    [InlineData("sub/model.PKL", "pickle")]
    [InlineData("../../outside.gguf", "leads out")]
    [InlineData("/etc/model.gguf", "leads out")]
    [InlineData("a/./b.json", "leads out")]
    [InlineData("C:\\m.gguf", "leads out")]
    [InlineData("run.py", "only .gguf, .safetensors")]
    public async Task A_file_that_could_run_or_lead_out_is_refused_by_name(string name, string reason)
    {
        var outcome = await FetchAsync(File("org/a") with { Name = name });
        Assert.Equal(ErrorCodes.FileRefused, outcome.Code);
        Assert.Contains(reason, outcome.Problem);
        Assert.False(Directory.Exists(Path.Combine(Root, "models--org--a")));
    }

    [Fact]
    public async Task A_hub_that_is_asked_for_a_pickle_is_not_asked()
    {
        var outcome = await Stores.FindAsync(new ModelReference.OnHub("org/a", "pytorch_model.bin"), names => names, TestContext.Current.CancellationToken);
        Assert.Equal(ErrorCodes.FileRefused, outcome.Code);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task A_hub_that_lies_about_the_length_is_found_out(int more)
    {
        _hub.AnnouncedSize = bytes => bytes.Length + more;
        Assert.Equal(ErrorCodes.DownloadContradicted, (await FindAndFetchAsync()).Code);
        Assert.False(System.IO.File.Exists(PathOf("org/a")));
    }

    [Fact]
    public async Task A_hub_that_lies_about_the_hash_is_found_out()
    {
        _hub.Announced = _ => new string('a', 64);
        Assert.Equal(ErrorCodes.DownloadCorrupt, (await FindAndFetchAsync()).Code);
        Assert.False(System.IO.File.Exists(PathOf("org/a")));
    }

    [Theory]
    [InlineData("not a hash")]
    [InlineData("")]
    public async Task A_hub_that_gives_no_hash_is_not_believed(string hash)
    {
        _hub.Announced = _ => hash;
        Assert.Equal(ErrorCodes.DownloadContradicted, (await FindAndFetchAsync()).Code);
        Assert.Empty(_hub.Asked);
    }

    /// <summary>As most repositories have what is larger than a few gigabytes.</summary>
    [Theory]
    [InlineData("org/a:Q6_K")]
    [InlineData("org/a:m-q6_k-00001-of-00002.gguf")]
    public async Task A_model_in_parts_is_fetched_with_all_of_them_and_found_again(string named)
    {
        var (first, second) = (GgufFileTests.TinyGguf("split"), GgufFileTests.FurtherPart("blk.0.attn_q.weight"));
        await using var hub = await TestHub.StartAsync(("m-q6_k-00002-of-00002.gguf", second), ("m-q6_k-00001-of-00002.gguf", first), (Weights, _weights));
        (_options.Hub, _options.Model) = (hub.Address, named);
        var library = new ModelLibrary(Cache.Caches, Stores, new RepositoryFetch(Cache.Fetch(Stores), Cache.Leases), Options.Create(_options), NullLogger<ModelLibrary>.Instance);
        for (var time = 0; time < 2; time++)
        {
            var chosen = await library.ChooseAsync(named, "Comox:NodeAgent:Model", ModelFormats.Gguf, [], (_, _) => { }, TestContext.Current.CancellationToken);
            Assert.True(chosen.IsSuccess, chosen.Problem);
            Assert.EndsWith("m-q6_k-00001-of-00002.gguf", chosen.Value.Path, StringComparison.Ordinal);
            Assert.Equal(first.Length + second.Length, chosen.Value.Info.SizeBytes);
            Assert.All(chosen.Value.Weights, file => Assert.True(System.IO.File.Exists(file), file));
            Assert.Equal(2, chosen.Value.Weights.Count);
            Assert.Equal(2, hub.Asked.Count);
        }

        // One that was lost is fetched again.
        System.IO.File.Delete(Path.Combine(Path.GetDirectoryName((await library.ChooseAsync(named, "Comox:NodeAgent:Model", ModelFormats.Gguf, [], (_, _) => { }, TestContext.Current.CancellationToken)).Value!.Path)!, "m-q6_k-00002-of-00002.gguf"));
        Assert.True((await library.ChooseAsync(named, "Comox:NodeAgent:Model", ModelFormats.Gguf, [], (_, _) => { }, TestContext.Current.CancellationToken)).IsSuccess);
    }

    [Fact]
    public async Task A_model_in_a_file_of_its_own_needs_no_cache()
    {
        var model = Path.Combine(_home.FullName, "own.gguf");
        await System.IO.File.WriteAllBytesAsync(model, GgufFileTests.TinyGguf("own"));
        _options.Model = model;
        _options.Cache = new CacheOptions { Path = "/proc/no-drive" };
        var library = new ModelLibrary(Cache.Caches, Stores, new RepositoryFetch(Cache.Fetch(Stores), Cache.Leases), Options.Create(_options), NullLogger<ModelLibrary>.Instance);
        Assert.True((await library.ChooseAsync(_options.Model, "Comox:NodeAgent:Model", ModelFormats.Gguf, [], (_, _) => { }, TestContext.Current.CancellationToken)).IsSuccess);

        _options.Model = "org/a";
        Assert.Contains(ErrorCodes.CacheDrive, (await library.ChooseAsync(_options.Model, "Comox:NodeAgent:Model", ModelFormats.Gguf, [], (_, _) => { }, TestContext.Current.CancellationToken)).Problem);
    }

    [Fact]
    public async Task A_kill_between_the_blob_and_its_name_costs_no_second_download()
    {
        var path = (await FetchAsync(File("org/a"))).Value!;
        System.IO.File.Delete(path);
        await FetchAsync(File("org/a"));
        Assert.True(System.IO.File.Exists(path));
        Assert.Single(_hub.Asked);
    }

    private ModelStores Stores => Cache.Stores(new HubClient(_http, Options.Create(_options), Configuration));

    private async Task<Outcome<string>> FindAndFetchAsync()
    {
        var found = await Stores.FindAsync(new ModelReference.OnHub("org/a", null), names => [GgufSelection.Choose(names, null)!], TestContext.Current.CancellationToken);
        return found.IsSuccess ? await FetchAsync(found.Value[0]) : Outcome<string>.Failed(found.Problem, found.Code);
    }

    private Task<Outcome<string>> FetchAsync(HubFile file) => Cache.Fetch(Stores).RunAsync(file, (_, _) => { }, TestContext.Current.CancellationToken);

    private HubFile File(string repository) => new(repository, TestHub.Commit, Weights, ContentDigest.Parse(Hash(_weights))!, _weights.Length);

    private HubFile Other(string repository) => new(repository, TestHub.Commit, "m-q4_k_m.gguf", ContentDigest.Parse(Hash(_other))!, _other.Length);

    private HubFile Config(string repository) => new(repository, TestHub.Commit, "config.json", ContentDigest.Parse(TestHub.GitName(_config))!, _config.Length);

    private string PathOf(string repository) => Path.Combine(Root, $"models--{repository.Replace("/", "--", StringComparison.Ordinal)}", "snapshots", TestHub.Commit, Weights);

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
