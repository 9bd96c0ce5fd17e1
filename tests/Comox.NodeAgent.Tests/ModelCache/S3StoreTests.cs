using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Comox.NodeAgent.ModelCache;
using Comox.NodeAgent.ModelCache.Stores;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.Tests.ModelCache;

/// <summary>A bucket at a server that wants S3's path style and signatures, and knows ranges.</summary>
public sealed partial class S3StoreTests : IAsyncLifetime
{
    private const string Name = "m-q8_0.gguf";

    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("comox-s3-");
    private readonly byte[] _model = RandomNumberGenerator.GetBytes(20_000_000);
    private readonly ConcurrentQueue<(string Method, string Path, string? Range)> _asked = new();
    private readonly NodeAgentOptions _options = new() { Offline = true, ProbeTimeout = TimeSpan.FromMinutes(1) };
    private (string Name, string Value)? _says;
    private LocalServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _says = ("x-amz-checksum-sha256", Convert.ToBase64String(SHA256.HashData(_model)));
        _server = await LocalServer.StartAsync(AnswerAsync);
        _options.Cache = new CacheOptions { S3 = new S3Options { Endpoint = _server.Address, Bucket = "models", Prefix = "mirror", AccessKey = "AKCOMOX", SecretKey = "secret-of-the-tests" } };
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _home.Delete(recursive: true);
    }

    [Fact]
    public async Task A_model_comes_out_of_a_bucket_over_several_connections()
    {
        var outcome = await FetchAsync();
        Assert.True(outcome.IsSuccess, outcome.Problem);
        Assert.Equal(SHA256.HashData(_model), SHA256.HashData(await File.ReadAllBytesAsync(outcome.Value!)));
        Assert.True(_asked.Count(asked => asked.Range is not null) > 1);
        Assert.All(_asked, asked => Assert.StartsWith("/models", asked.Path));
    }

    [Fact]
    public async Task The_hash_may_be_in_the_metadata_and_so_may_the_commit()
    {
        _says = ("x-amz-meta-sha256", Convert.ToHexStringLower(SHA256.HashData(_model)));
        Assert.True((await FetchAsync()).IsSuccess);
    }

    [Theory]
    [InlineData("x-amz-checksum-sha256", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=-3")]
    [InlineData("x-amz-meta-other", "1")]
    public async Task An_object_whose_hash_nobody_says_is_not_taken(string header, string value)
    {
        _says = (header, value);
        var outcome = await FetchAsync();
        Assert.Equal(ErrorCodes.DownloadContradicted, outcome.Code);
        Assert.Contains("--checksum-algorithm SHA256", outcome.Problem);
    }

    [Fact]
    public async Task A_wrong_key_is_told_with_the_status_and_without_the_key()
    {
        _options.Cache = _options.Cache with { S3 = _options.Cache.S3! with { AccessKey = "AKWRONG" } };
        var outcome = await FetchAsync();
        Assert.Contains("403", outcome.Problem);
        Assert.DoesNotContain("secret-of-the-tests", outcome.Problem);
        Assert.DoesNotContain("secret-of-the-tests", _options.Cache.ToString());
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_no_mystery()
    {
        _options.Cache = _options.Cache with { S3 = _options.Cache.S3! with { Endpoint = new Uri("http://127.0.0.1:1") } };
        Assert.Contains("s3:models cannot be reached", (await FetchAsync()).Problem);
    }

    [Fact]
    public void Wrong_settings_are_told_with_their_keys()
    {
        var problems = CacheOptions.Problems(new CacheOptions { S3 = new S3Options { Bucket = "a/b", AccessKey = "x" } }).ToList();
        Assert.Equal(3, problems.Count);
        Assert.All(problems, problem => Assert.Contains("Comox:NodeAgent:Cache:S3:", problem));
    }

    private async Task<Outcome<string>> FetchAsync()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { [ComoxHome.Setting] = _home.FullName }).Build();
        var options = Options.Create(_options);
        using var http = new HttpClient();
        using var bucket = new S3Store(options);
        var cache = new TestCache(configuration, options, TimeProvider.System);
        var stores = cache.Stores(new HubClient(http, options, configuration), bucket);
        var found = await stores.FindAsync(new ModelReference.OnHub("org/model", "Q8_0"), names => [GgufSelection.Choose(names, "Q8_0")!], TestContext.Current.CancellationToken);
        return found.IsSuccess
            ? await cache.Fetch(stores).RunAsync(found.Value[0], (_, _) => { }, TestContext.Current.CancellationToken)
            : Outcome<string>.Failed(found.Problem, found.Code);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        _asked.Enqueue((request.Method, request.Path, request.Headers.Range));
        if (!Signature().IsMatch(request.Headers.Authorization.ToString()) || !request.Headers.ContainsKey("x-amz-date") || !request.Headers.ContainsKey("x-amz-content-sha256"))
        {
            response.StatusCode = 403;
            await response.WriteAsync("<Error><Code>SignatureDoesNotMatch</Code><Message>no</Message></Error>");
            return;
        }

        if (request.Path == "/models" || request.Path == "/models/")
        {
            response.ContentType = "application/xml";
            await response.WriteAsync(
                $"""<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>models</Name><Prefix>{request.Query["prefix"]}</Prefix><KeyCount>1</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>"""
                + $"""<Contents><Key>mirror/org/model/{Name}</Key><LastModified>2026-11-01T00:00:00.000Z</LastModified><ETag>"e1"</ETag><Size>{_model.Length.ToString(CultureInfo.InvariantCulture)}</Size></Contents></ListBucketResult>""");
            return;
        }

        if (request.Path != $"/models/mirror/org/model/{Name}")
        {
            response.StatusCode = 404;
            return;
        }

        response.Headers.ETag = "\"e1\"";
        response.Headers.LastModified = "Sun, 01 Nov 2026 00:00:00 GMT";
        if (HttpMethods.IsHead(request.Method))
        {
            response.ContentLength = _model.Length;
            if (_says is { } says)
                response.Headers[says.Name] = says.Value;
            return;
        }

        var range = request.GetTypedHeaders().Range!.Ranges.Single();
        var (from, to) = ((int)range.From!.Value, (int)range.To!.Value + 1);
        response.StatusCode = 206;
        response.Headers.ContentRange = $"bytes {from}-{to - 1}/{_model.Length}";
        response.ContentLength = to - from;
        await response.Body.WriteAsync(_model.AsMemory(from, to - from));
    }

    [GeneratedRegex("^AWS4-HMAC-SHA256 Credential=AKCOMOX/[0-9]{8}/us-east-1/s3/aws4_request, ?SignedHeaders=[a-z0-9;-]*host[a-z0-9;-]*, ?Signature=[0-9a-f]{64}$")]
    private static partial Regex Signature();
}
