using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text.Json;
using Comox.NodeAgent.Downloads;
using Comox.NodeAgent.ModelCache;
using Comox.NodeAgent.ModelCache.Bundles;
using Comox.NodeAgent.ModelCache.Stores;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.Tests.ModelCache;

/// <summary>A model in a file, from one installation to another that has no network.</summary>
public sealed class BundleTests : IAsyncLifetime
{
    private static readonly (string Name, byte[] Bytes)[] Model =
    [
        ("model-00001-of-00002.safetensors", RandomNumberGenerator.GetBytes(70_000)),
        ("model-00002-of-00002.safetensors", RandomNumberGenerator.GetBytes(50_000)),
        ("config.json", """{"model_type":"llama"}"""u8.ToArray()),
        ("tokenizer/tokenizer.json", """{"version":"1.0"}"""u8.ToArray()),
        ("pytorch_model.bin", [1, 2, 3]),
    ];

    private static readonly (string Name, byte[] Bytes)[] InParts =
    [
        ("model-00001-of-00002.safetensors", [1]),
        ("model-00002-of-00002.safetensors", [2]),
        ("model.safetensors.index.json", """{"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}"""u8.ToArray()),
        ("config.json", "{}"u8.ToArray()),
        ("m-q8_0-00001-of-00003.gguf", [3]),
        ("m-q8_0-00002-of-00003.gguf", [4]),
        ("m-q8_0-00003-of-00003.gguf", [5]),
    ];

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("comox-bundle-");
    private string _key = "";

    private string Bundle => Path.Combine(_root.FullName, "model.tar");

    public async ValueTask InitializeAsync()
    {
        await using var hub = await TestHub.StartAsync(Model);
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        var (cache, home, options) = Installation("here", new NodeAgentOptions { Hub = hub.Address });
        var stores = cache.Stores(new HubClient(http, options, Configuration("here")));
        var found = await stores.FindAsync(new ModelReference.OnHub("org/model", null), names => ModelSelection.Choose(names, null), TestContext.Current.CancellationToken);
        foreach (var file in found.Value!)
            Assert.True((await cache.Fetch(stores).RunAsync(file, (_, _) => { }, TestContext.Current.CancellationToken)).IsSuccess);

        var exported = await new BundleExport(cache.Caches, home, TimeProvider.System)
            .RunAsync(new ModelReference.OnHub("org/model", null), Bundle, keyFile: null, (_, _) => { }, TestContext.Current.CancellationToken);
        Assert.True(exported.IsSuccess, exported.Problem);
        _key = exported.Value!;
    }

    public ValueTask DisposeAsync()
    {
        _root.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_model_arrives_whole_in_the_layout_of_hugging_face_and_without_pickles()
    {
        Assert.Equal("org/model", (await ImportAsync(trust: [_key])).Value);
        var there = Tree("there");
        Assert.Equal(Tree("here"), there);
        Assert.Equal(4, there.Count(entry => entry.Path.StartsWith("snapshots/", StringComparison.Ordinal)));
        Assert.DoesNotContain(there, entry => entry.Path.EndsWith(".bin", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_came_in_a_bundle_is_not_evicted()
    {
        await ImportAsync(trust: [_key]);
        var (cache, _, _) = Installation("there", new NodeAgentOptions());
        cache.Free = 0;
        Assert.Equal(ErrorCodes.CacheFull, cache.Room.Reserve(cache.Drive.Folder, "x", "x", 1).Code);
        Assert.Equal(Tree("here"), Tree("there"));
    }

    [Fact]
    public async Task A_key_that_nobody_trusts_is_refused_unless_told_so()
    {
        var outcome = await ImportAsync();
        Assert.Equal(ErrorCodes.BundleUntrusted, outcome.Code);
        Assert.Contains($"--trust {_key}", outcome.Problem);
        AssertNothingCame();

        Assert.True((await ImportAsync(anyKey: true)).IsSuccess);
    }

    [Fact]
    public async Task A_key_in_the_settings_is_trusted() =>
        Assert.True((await ImportAsync(options: new NodeAgentOptions { Cache = new CacheOptions { TrustedKeys = [_key] } })).IsSuccess);

    [Fact]
    public async Task A_changed_manifest_is_noticed_also_where_any_key_will_do()
    {
        await ChangeAsync((name, bytes) => name == BundleManifest.EntryName ? [.. bytes, (byte)' '] : bytes);
        Assert.Equal(ErrorCodes.BundleUntrusted, (await ImportAsync(anyKey: true)).Code);
        AssertNothingCame();
    }

    [Fact]
    public async Task A_changed_blob_is_noticed_and_nothing_of_the_bundle_is_published()
    {
        await ChangeAsync((name, bytes) => name.StartsWith("blobs/", StringComparison.Ordinal) && bytes.Length == 50_000 ? [.. bytes[..^1], (byte)(bytes[^1] ^ 1)] : bytes);
        var outcome = await ImportAsync(trust: [_key]);
        Assert.Equal(ErrorCodes.BundleInvalid, outcome.Code);
        Assert.Contains("model-00002-of-00002.safetensors", outcome.Problem);
        AssertNothingCame();
    }

    [Theory]
    [InlineData("blobs/0000000000000000000000000000000000000000", TarEntryType.RegularFile)]
    [InlineData("../../outside", TarEntryType.RegularFile)]
    [InlineData("/etc/outside", TarEntryType.RegularFile)]
    [InlineData("blobs/link", TarEntryType.SymbolicLink)]
    public async Task What_the_manifest_does_not_list_is_not_taken(string name, TarEntryType type)
    {
        await ChangeAsync((_, bytes) => bytes, tar => tar.WriteEntry(type == TarEntryType.SymbolicLink ? new PaxTarEntry(type, name) { LinkName = "/etc/passwd" } : new PaxTarEntry(type, name) { DataStream = new MemoryStream([1]) }));
        Assert.Equal(ErrorCodes.BundleInvalid, (await ImportAsync(trust: [_key])).Code);
        AssertNothingCame();
    }

    [Fact]
    public async Task A_bundle_that_is_cut_anywhere_brings_nothing()
    {
        var whole = await File.ReadAllBytesAsync(Bundle);
        for (var length = 0; length < whole.Length - 1024; length += whole.Length / 40)
        {
            await File.WriteAllBytesAsync(Bundle, whole[..length]);
            var outcome = await ImportAsync(trust: [_key]);
            Assert.False(outcome.IsSuccess, $"{length} of {whole.Length}");
            Assert.Equal(ErrorCodes.BundleInvalid, outcome.Code);
            AssertNothingCame();
        }
    }

    [Theory]
    [InlineData("../../../outside.json", "leads out")]
    [InlineData("/etc/outside.json", "leads out")]
    [InlineData("model.pkl", "pickle")]
    [InlineData("model.bin", "pickle")]
    [InlineData("run.sh", "only")]
    public async Task A_trusted_signer_may_not_bring_what_could_run_or_lead_out(string name, string reason)
    {
        var (_, home, _) = Installation("here", new NodeAgentOptions());
        using var key = BundleKeys.Open(home, null)!;
        var content = new byte[] { 1, 2, 3 };
        var hash = Convert.ToHexStringLower(SHA256.HashData(content));
        var manifest = JsonSerializer.SerializeToUtf8Bytes(
            new BundleManifest { Format = 1, Repository = "org/model", Commit = TestHub.Commit, MadeAt = default, Files = [new BundleFile(name, 3, hash, hash)] }, BundleJson.Default.BundleManifest);
        await WriteAsync(
            [
                (BundleManifest.EntryName, manifest),
                (BundleManifest.SignatureName, JsonSerializer.SerializeToUtf8Bytes(BundleKeys.Seal(key, manifest), BundleJson.Default.BundleSeal)),
                ($"blobs/{hash}", content),
            ],
            null);

        var outcome = await ImportAsync(trust: [_key]);
        Assert.Equal(ErrorCodes.BundleInvalid, outcome.Code);
        Assert.Contains(reason, outcome.Problem);
        AssertNothingCame();
    }

    [Theory]
    [InlineData("org/model", "1", 2)]
    [InlineData("../../etc", "0123456789abcdef0123456789abcdef01234567", 1)]
    [InlineData("org/model", "../../../0123456789abcdef0123456789abcdef01", 1)]
    public void A_manifest_whose_words_would_become_wrong_paths_is_refused(string repository, string commit, int format) =>
        Assert.False(new BundleManifest { Format = format, Repository = repository, Commit = commit, MadeAt = default, Files = [new BundleFile("a.json", 1, new string('0', 64), new string('0', 64))] }.Check().IsSuccess);

    [Fact]
    public async Task What_is_not_in_the_cache_cannot_be_exported()
    {
        var (cache, home, _) = Installation("here", new NodeAgentOptions());
        var outcome = await new BundleExport(cache.Caches, home, TimeProvider.System)
            .RunAsync(new ModelReference.OnHub("org/other", null), Bundle + "2", null, (_, _) => { }, TestContext.Current.CancellationToken);
        Assert.Contains("fetch org/other", outcome.Problem);
    }

    [Theory]
    [InlineData(null, "model-00002-of-00002.safetensors and 1 more of its files", "model-00002-of-00002.safetensors", "config.json")]
    [InlineData(null, "config.json", "config.json")]
    [InlineData("Q8_0", "m-q8_0-00002-of-00003.gguf", "m-q8_0-00002-of-00003.gguf")]
    [InlineData("m-q8_0-00001-of-00003.gguf", "m-q8_0-00002-of-00003.gguf", "m-q8_0-00002-of-00003.gguf")]
    public async Task What_is_only_half_in_the_cache_cannot_be_exported(string? selector, string lacks, params string[] absent)
    {
        var outcome = await ExportPartsAsync(selector, absent);
        Assert.Equal(ErrorCodes.BlobNotFound, outcome.Code);
        Assert.Contains($"it lacks {lacks}. Fetch the rest first", outcome.Problem);
        Assert.False(File.Exists(Bundle + "2"));
    }

    [Theory]
    [InlineData(null, "m-q8_0-00002-of-00003.gguf")]
    [InlineData("Q8_0", "config.json")]
    public async Task What_is_wanted_may_be_exported_whatever_else_is_missing(string? selector, params string[] absent)
    {
        var outcome = await ExportPartsAsync(selector, absent);
        Assert.True(outcome.IsSuccess, outcome.Problem);
        Assert.True(File.Exists(Bundle + "2"));
    }

    private async Task<Outcome<string>> ExportPartsAsync(string? selector, string[] absent)
    {
        var (cache, home, _) = Installation("half", new NodeAgentOptions());
        var hub = new HubCache(cache.Drive.Folder);
        foreach (var (name, bytes) in InParts.Where(file => !absent.Contains(file.Name)))
        {
            var file = new HubFile("org/model", TestHub.Commit, name, ContentDigest.Parse(Convert.ToHexStringLower(SHA256.HashData(bytes)))!, bytes.Length);
            await File.WriteAllBytesAsync(hub.PartialPath(file), bytes);
            hub.Publish(file);
        }

        return await new BundleExport(cache.Caches, home, TimeProvider.System)
            .RunAsync(new ModelReference.OnHub("org/model", selector), Bundle + "2", null, (_, _) => { }, TestContext.Current.CancellationToken);
    }

    private async Task<Outcome<string>> ImportAsync(string[]? trust = null, bool anyKey = false, NodeAgentOptions? options = null)
    {
        var (cache, home, wrapped) = Installation("there", options ?? new NodeAgentOptions());
        return await new BundleImport(cache.Drive, cache.Room, home, wrapped, TimeProvider.System).RunAsync(Bundle, trust ?? [], anyKey, (_, _) => { }, TestContext.Current.CancellationToken);
    }

    private (TestCache Cache, ComoxHome Home, IOptions<NodeAgentOptions> Options) Installation(string name, NodeAgentOptions options)
    {
        var wrapped = Options.Create(options);
        return (new TestCache(Configuration(name), wrapped, TimeProvider.System), ComoxHome.Open(Configuration(name)), wrapped);
    }

    private IConfiguration Configuration(string name) =>
        new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { [ComoxHome.Setting] = Path.Combine(_root.FullName, name) }).Build();

    private async Task ChangeAsync(Func<string, byte[], byte[]> change, Action<TarWriter>? add = null)
    {
        var entries = new List<(string Name, byte[] Bytes)>();
        await using (var reader = new TarReader(File.OpenRead(Bundle)))
        {
            while (await reader.GetNextEntryAsync(copyData: true) is { } entry)
                entries.Add((entry.Name, change(entry.Name, ((MemoryStream)entry.DataStream!).ToArray())));
        }

        await WriteAsync(entries, add);
    }

    private async Task WriteAsync(IReadOnlyList<(string Name, byte[] Bytes)> entries, Action<TarWriter>? add)
    {
        await using var writer = new TarWriter(File.Create(Bundle));
        foreach (var (name, bytes) in entries)
            await writer.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(bytes) });
        add?.Invoke(writer);
    }

    private void AssertNothingCame()
    {
        var repository = Path.Combine(_root.FullName, "there", "models", "models--org--model");
        Assert.False(Directory.Exists(Path.Combine(repository, "snapshots")) || Directory.Exists(Path.Combine(repository, "refs")));
        Assert.False(File.Exists("/etc/outside"));
        Assert.DoesNotContain(Directory.EnumerateFiles(_root.FullName, "outside*", SearchOption.AllDirectories), _ => true);
    }

    /// <summary>Names, link targets and contents, without our own notes.</summary>
    private List<(string Path, string? Link, string Content)> Tree(string installation)
    {
        var repository = Path.Combine(_root.FullName, installation, "models", "models--org--model");
        return [.. Directory.EnumerateFiles(repository, "*", SearchOption.AllDirectories)
            .Select(file => (Path: Path.GetRelativePath(repository, file), new FileInfo(file).LinkTarget, Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)))))
            .Where(file => !file.Path.StartsWith(".comox", StringComparison.Ordinal))
            .OrderBy(file => file.Path, StringComparer.Ordinal)];
    }
}
