using System.Collections.Concurrent;
using System.Security.Cryptography;
using Comox.NodeAgent.ModelCache;
using Comox.NodeAgent.ModelCache.Stores;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.Tests.ModelCache;

/// <summary>The order in which a model is found, against a hub on this machine.</summary>
public sealed class ModelLibraryTests : IAsyncLifetime
{
    private const string Token = "hf_secret_of_the_tests";
    private const string Commit = "0123456789abcdef0123456789abcdef01234567";
    private static readonly string DefaultFile = ModelLibrary.Default.Selector!;

    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("comox-models-");
    private readonly byte[] _file = [.. GgufFileTests.TinyGguf("qwen2"), .. RandomNumberGenerator.GetBytes(200_000)];
    private readonly ConcurrentQueue<(string Path, long From, bool HasToken)> _asked = new();
    private readonly ConcurrentQueue<string> _reports = new();
    private string _commit = Commit;
    private string? _announcedHash;
    private Func<int, int> _cut = _ => int.MaxValue;
    private bool _storageIsDown;
    private LocalServer _hub = null!;
    private LocalServer _storage = null!;

    public async ValueTask InitializeAsync()
    {
        _announcedHash = Convert.ToHexStringLower(SHA256.HashData(_file));
        _storage = await LocalServer.StartAsync(StorageAsync);
        _hub = await LocalServer.StartAsync(HubAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        await _storage.DisposeAsync();
        _home.Delete(recursive: true);
    }

    [Fact]
    public async Task A_hub_that_answers_gives_the_default_model_in_the_layout_of_hugging_face()
    {
        var model = (await ChooseAsync()).Value!;

        Assert.Equal(ModelSources.Hub, model.Source);
        var repository = Path.Combine(_home.FullName, "models", "models--Qwen--Qwen2.5-0.5B-Instruct-GGUF");
        Assert.Equal(Path.Combine(repository, "snapshots", Commit, DefaultFile), model.Path);
        Assert.Equal(Commit, await File.ReadAllTextAsync(Path.Combine(repository, "refs", "main")));
        Assert.Equal([Path.Combine(repository, "blobs", _announcedHash!)], Directory.GetFiles(Path.Combine(repository, "blobs")));
        Assert.Equal(_file, await File.ReadAllBytesAsync(model.Path));
        Assert.Contains(_reports, words => words.StartsWith("Downloading", StringComparison.Ordinal));

        // The second time it is in the cache: the hub is not asked.
        _asked.Clear();
        Assert.Equal(ModelSources.Cache, (await ChooseAsync()).Value!.Source);
        Assert.Empty(_asked);
    }

    [Fact]
    public async Task The_token_goes_to_the_hub_and_never_to_the_storage_it_redirects_to()
    {
        await ChooseAsync();
        Assert.All(_asked, request => Assert.Equal(!request.Path.StartsWith("/storage", StringComparison.Ordinal), request.HasToken));
        Assert.Contains(_asked, request => request.Path.StartsWith("/storage", StringComparison.Ordinal));
        Assert.DoesNotContain(_reports, words => words.Contains(Token, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_download_that_is_cut_goes_on_where_it_was()
    {
        _cut = attempt => attempt < 3 ? 60_000 : int.MaxValue;
        var model = (await ChooseAsync()).Value!;

        Assert.Equal(_file, await File.ReadAllBytesAsync(model.Path));
        var offsets = _asked.Where(request => request.Path.StartsWith("/storage", StringComparison.Ordinal)).Select(request => request.From).ToList();
        Assert.Equal(0, offsets[0]);
        Assert.True(offsets.Count >= 2 && offsets.Zip(offsets.Skip(1)).All(pair => pair.First < pair.Second), string.Join(',', offsets));
    }

    [Fact]
    public async Task What_an_earlier_process_had_fetched_is_not_fetched_again()
    {
        var blobs = Directory.CreateDirectory(Path.Combine(_home.FullName, "models", "models--Qwen--Qwen2.5-0.5B-Instruct-GGUF", "blobs"));
        await File.WriteAllBytesAsync(Path.Combine(blobs.FullName, $"{_announcedHash}.incomplete"), _file[..150_000]);

        Assert.Equal(_file, await File.ReadAllBytesAsync((await ChooseAsync()).Value!.Path));
        Assert.Equal(150_000, Assert.Single(_asked, request => request.Path.StartsWith("/storage", StringComparison.Ordinal)).From);
    }

    [Fact]
    public async Task Wrong_bytes_are_thrown_away_and_the_built_in_model_says_why_it_is_there()
    {
        _announcedHash = new string('0', 64);
        var model = (await ChooseAsync()).Value!;

        Assert.Equal(ModelSources.BuiltIn, model.Source);
        Assert.Contains("SHA-256", model.Fallback);
        Assert.Contains("SHA-256", EngineModels.Describe(model, new NodeAgentOptions()).Notice);
        Assert.All(Directory.EnumerateFiles(Path.Combine(_home.FullName, "models"), "*", SearchOption.AllDirectories), file => Assert.EndsWith(".lock", file));
    }

    [Fact]
    public async Task A_hub_that_dies_midway_leaves_the_built_in_model_and_the_part_for_next_time()
    {
        _cut = _ =>
        {
            _storageIsDown = true;
            return 60_000;
        };
        var model = (await ChooseAsync()).Value!;

        Assert.Equal(ModelSources.BuiltIn, model.Source);
        Assert.Contains("broke off", model.Fallback);
        Assert.True(new FileInfo(Directory.EnumerateFiles(Path.Combine(_home.FullName, "models"), "*.incomplete", SearchOption.AllDirectories).Single()).Length > 0);
    }

    [Fact]
    public async Task No_hub_at_all_leaves_the_built_in_model()
    {
        var model = (await ChooseAsync(options => options.Hub = new Uri("http://127.0.0.1:1"))).Value!;
        Assert.Equal(ModelSources.BuiltIn, model.Source);
        Assert.Contains("cannot be reached", model.Fallback);
    }

    [Fact]
    public async Task A_hub_that_never_answers_costs_the_probe_time_and_no_more()
    {
        await using var silent = await LocalServer.StartAsync(context => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted));
        var model = (await ChooseAsync(options => (options.Hub, options.ProbeTimeout) = (silent.Address, TimeSpan.FromMilliseconds(150)))).Value!;
        Assert.Equal(ModelSources.BuiltIn, model.Source);
    }

    [Theory]
    [InlineData("org/missing", "does not exist there, or it needs a token")]
    [InlineData("org/model:Q2_K", "has no single GGUF file")]
    public async Task A_named_model_that_cannot_be_had_is_an_error_and_no_other_model(string name, string reason)
    {
        var outcome = await ChooseAsync(options => options.Model = name);
        Assert.False(outcome.IsSuccess);
        Assert.Contains(reason, outcome.Problem);
        Assert.Contains("Comox:NodeAgent:Model", outcome.Problem);
    }

    [Fact]
    public async Task A_named_model_is_fetched_and_later_served_offline()
    {
        Assert.Equal(ModelSources.Configured, (await ChooseAsync(options => options.Model = "org/model:Q8_0")).Value!.Source);
        _asked.Clear();
        var offline = await ChooseAsync(options => (options.Model, options.Offline) = ("org/model", true));
        Assert.Equal(ModelSources.Configured, offline.Value!.Source);
        Assert.Empty(_asked);
    }

    [Fact]
    public async Task Of_the_models_in_a_cache_the_smallest_that_can_chat_is_taken()
    {
        var snapshot = Directory.CreateDirectory(Path.Combine(_home.FullName, "models", "models--a--b", "snapshots", Commit)).FullName;
        await File.WriteAllBytesAsync(Path.Combine(snapshot, "big.gguf"), [.. GgufFileTests.TinyGguf("big"), .. new byte[1000]]);
        await File.WriteAllBytesAsync(Path.Combine(snapshot, "chat.gguf"), GgufFileTests.TinyGguf("chat"));
        await File.WriteAllBytesAsync(Path.Combine(snapshot, "base.gguf"), GgufFileTests.TinyGguf("b", chat: false));
        await File.WriteAllBytesAsync(Path.Combine(snapshot, "embed.gguf"), GgufFileTests.TinyGguf("e", architecture: "bert"));
        await File.WriteAllBytesAsync(Path.Combine(snapshot, "cut.gguf"), GgufFileTests.TinyGguf("c")[..40]);

        Assert.Equal("chat.gguf", Path.GetFileName((await ChooseAsync()).Value!.Path));
        Assert.Empty(_asked);
    }

    [Theory]
    [InlineData("../../../../elsewhere")]
    [InlineData("main")]
    [InlineData("0123456789ABCDEF0123456789abcdef01234567")]
    [InlineData("0123456789abcdef0123456789abcdef01234567/..")]
    public async Task A_commit_that_is_none_leads_nowhere(string commit)
    {
        _commit = commit;
        var model = (await ChooseAsync()).Value!;
        Assert.Equal(ModelSources.BuiltIn, model.Source);
        Assert.Contains("in a form that is not the hub's", model.Fallback);
        Assert.Empty(Directory.EnumerateFiles(_home.FullName, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_part_of_a_split_model_is_not_taken_for_a_model()
    {
        var snapshot = Directory.CreateDirectory(Path.Combine(_home.FullName, "models", "models--a--b", "snapshots", Commit)).FullName;
        await File.WriteAllBytesAsync(Path.Combine(snapshot, "split-00001-of-00003.gguf"), GgufFileTests.TinyGguf("part"));
        await File.WriteAllBytesAsync(Path.Combine(snapshot, "whole.gguf"), [.. GgufFileTests.TinyGguf("whole"), .. new byte[1000]]);
        Assert.Equal("whole.gguf", Path.GetFileName((await ChooseAsync()).Value!.Path));
    }

    [Fact]
    public async Task What_the_engine_refused_is_passed_over_down_to_the_built_in_model_which_says_so()
    {
        var snapshot = Directory.CreateDirectory(Path.Combine(_home.FullName, "models", "models--a--b", "snapshots", Commit)).FullName;
        await File.WriteAllBytesAsync(Path.Combine(snapshot, "small.gguf"), GgufFileTests.TinyGguf("small"));
        var small = new RefusedModel(Path.Combine(snapshot, "small.gguf"), "llama-server was killed.");

        var fromHub = (await ChooseAsync(null, small)).Value!;
        Assert.Equal(ModelSources.Hub, fromHub.Source);
        Assert.Contains("small.gguf: llama-server was killed.", EngineModels.Describe(fromHub, new NodeAgentOptions()).Notice);

        _asked.Clear();
        var last = (await ChooseAsync(null, small, new RefusedModel(fromHub.Path, "llama-server crashed."))).Value!;
        Assert.Equal(ModelSources.BuiltIn, last.Source);
        Assert.Contains("small.gguf: llama-server was killed.", last.Fallback);
        Assert.Contains($"{DefaultFile}: llama-server crashed.", last.Fallback);
        Assert.Empty(_asked);
    }

    private async Task<Outcome<ChosenModel>> ChooseAsync(Action<NodeAgentOptions>? change = null, params RefusedModel[] refused)
    {
        var settings = new NodeAgentOptions { Hub = _hub.Address };
        change?.Invoke(settings);
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { [ComoxHome.Setting] = _home.FullName, ["HF_TOKEN"] = Token })
            .Build();
        var options = Options.Create(settings);
        var time = new HurriedTime(20);
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        var cache = new TestCache(configuration, options, time);
        var stores = cache.Stores(new HubClient(http, options, configuration));
        var library = new ModelLibrary(cache.Caches, stores, new RepositoryFetch(cache.Fetch(stores), cache.Leases), options, NullLogger<ModelLibrary>.Instance);
        return await library.ChooseAsync(settings.Model, "Comox:NodeAgent:Model", ModelFormats.Gguf, refused, (words, _) => _reports.Enqueue(words), TestContext.Current.CancellationToken);
    }

    private async Task HubAsync(HttpContext context)
    {
        Note(context);
        var path = context.Request.Path.Value!;
        if (path.Contains("/api/models/org/missing", StringComparison.Ordinal))
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        }
        else if (path.StartsWith("/api/models/", StringComparison.Ordinal))
        {
            await context.Response.WriteAsync($$"""{"id":"x","sha":"{{_commit}}","siblings":[{"rfilename":"README.md"},{"rfilename":"{{DefaultFile}}"}]}""");
        }
        else
        {
            context.Response.StatusCode = StatusCodes.Status302Found;
            context.Response.Headers["X-Repo-Commit"] = Commit;
            context.Response.Headers["X-Linked-Etag"] = $"\"{_announcedHash}\"";
            context.Response.Headers["X-Linked-Size"] = _file.Length.ToString(System.Globalization.CultureInfo.InvariantCulture);
            context.Response.Headers.Location = new Uri(_storage.Address, "/storage/blob").ToString();
        }
    }

    private async Task StorageAsync(HttpContext context)
    {
        if (_storageIsDown)
        {
            context.Abort();
            return;
        }

        Note(context);
        await LocalServer.SendAsync(context, _file, _cut(_asked.Count(request => request.Path.StartsWith("/storage", StringComparison.Ordinal))));
    }

    private void Note(HttpContext context) => _asked.Enqueue((
        context.Request.Path.Value!,
        context.Request.GetTypedHeaders().Range?.Ranges.Single().From ?? 0,
        context.Request.Headers.Authorization == $"Bearer {Token}"));
}
