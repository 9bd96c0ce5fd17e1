using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Comox.NodeAgent.ModelCache;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.NodeAgent.Tests.ModelCache;

/// <summary>Two agents: what one has, the other does not fetch from the hub.</summary>
public sealed class PeerTests : IAsyncLifetime
{
    private const string Name = "m-q8_0.gguf";

    private readonly byte[] _model = [.. GgufFileTests.TinyGguf("peer"), .. RandomNumberGenerator.GetBytes(300_000)];
    private RunningAgent _owner = null!;
    private TestHub _hub = null!;

    public async ValueTask InitializeAsync()
    {
        _hub = await TestHub.StartAsync((Name, _model));
        _owner = await RunningAgent.StartAsync(Settings());
        Assert.True((await ChooseAsync(_owner)).IsSuccess);
        Assert.Single(_hub.Asked);
        _hub.Asked.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await _owner.DisposeAsync();
        await _hub.DisposeAsync();
    }

    [Fact]
    public async Task The_neighbour_is_asked_before_the_hub()
    {
        await using var agent = await RunningAgent.StartAsync(Settings(("Comox:NodeAgent:Cache:Peers:0", _owner.Http.BaseAddress!.ToString())));
        Assert.Equal(_model, await File.ReadAllBytesAsync((await ChooseAsync(agent)).Value!.Path));
        Assert.Empty(_hub.Asked);
    }

    [Fact]
    public async Task Without_a_hub_a_neighbour_says_what_the_name_means()
    {
        await using var agent = await RunningAgent.StartAsync(Settings(("Comox:NodeAgent:Cache:Peers:0", _owner.Http.BaseAddress!.ToString()), ("Comox:NodeAgent:Offline", "true")));
        var model = await ChooseAsync(agent);
        Assert.True(model.IsSuccess, model.Problem);
        Assert.Contains(TestHub.Commit, model.Value!.Path);
        Assert.Empty(_hub.Asked);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_neighbour_that_says_nothing_or_has_another_file_of_the_model_does_not_hide_the_one_that_has_it(bool isSilent)
    {
        await using var other = await LocalServer.StartAsync(context => isSilent
            ? Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted)
            : context.Request.Path.StartsWithSegments("/node/models") ? context.Response.WriteAsJsonAsync(new CachedRepository(new string('a', 40), [new CachedFile("m-q4_k_m.gguf", new string('b', 64), 7)]), NodesJson.Default.CachedRepository)
            : NotFoundAsync(context));
        await using var agent = await RunningAgent.StartAsync(Settings(
            ("Comox:NodeAgent:Cache:Peers:0", other.Address.ToString()), ("Comox:NodeAgent:Cache:Peers:1", _owner.Http.BaseAddress!.ToString()), ("Comox:NodeAgent:Offline", "true"), ("Comox:NodeAgent:ProbeTimeout", "00:00:02")));
        var model = await ChooseAsync(agent);
        Assert.True(model.IsSuccess, model.Problem);
        Assert.Equal(_model, await File.ReadAllBytesAsync(model.Value!.Path));

        static Task NotFoundAsync(HttpContext context)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task A_neighbour_that_is_gone_or_sends_other_bytes_costs_a_moment_and_no_wrong_model()
    {
        await using var liar = await LocalServer.StartAsync(context =>
            LocalServer.SendAsync(context, HttpMethods.IsHead(context.Request.Method) ? _model : RandomNumberGenerator.GetBytes(_model.Length)));
        await using var agent = await RunningAgent.StartAsync(
            Settings(("Comox:NodeAgent:Cache:Peers:0", "http://127.0.0.1:1"), ("Comox:NodeAgent:Cache:Peers:1", liar.Address.ToString()), ("Comox:NodeAgent:ProbeTimeout", "00:02:00")),
            new HurriedTime(20));
        Assert.Equal(_model, await File.ReadAllBytesAsync((await ChooseAsync(agent)).Value!.Path));
        Assert.Single(_hub.Asked);
    }

    [Fact]
    public async Task A_blob_is_given_out_in_parts_to_those_who_have_the_key()
    {
        var address = $"node/blobs/{Convert.ToHexStringLower(SHA256.HashData(_model))}";
        using var request = new HttpRequestMessage(HttpMethod.Get, address) { Headers = { Range = new RangeHeaderValue(100, 199) } };
        using var part = await _owner.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        Assert.Equal(_model[100..200], await part.Content.ReadAsByteArrayAsync());

        using var stranger = _owner.Client(key: null);
        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync(address)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync("node/models/org/model")).StatusCode);
    }

    [Theory]
    [InlineData("node/blobs/0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("node/blobs/..%2f..%2fservice.key")]
    [InlineData("node/models/org/other")]
    [InlineData("node/models/..%2f../other")]
    [InlineData("node/models/%2e%2e/other")]
    public async Task What_is_not_there_has_a_code(string path)
    {
        using var answer = await _owner.Http.GetAsync(path);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        if (!path.Contains("%2e", StringComparison.Ordinal)) // That one leads to no endpoint at all.
            Assert.Contains(ErrorCodes.BlobNotFound, await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_download_is_in_the_status_while_it_runs()
    {
        var half = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var sent = 0;
        _hub.Gate = async (wanted, _) =>
        {
            if (Interlocked.Add(ref sent, wanted) > 150_000 && half.TrySetResult())
                await go.Task;
            return wanted;
        };
        await using var agent = await RunningAgent.StartAsync(Settings());
        var choosing = ChooseAsync(agent);
        await half.Task;

        var status = (await agent.Node.GetStatusAsync()).Value!;
        var download = Assert.Single(status.Downloads);
        Assert.Equal((Name, "127.0.0.1", (long)_model.Length), (download.Name, download.Source, download.TotalBytes));
        go.SetResult();
        Assert.True((await choosing).IsSuccess);
        Assert.Empty((await agent.Node.GetStatusAsync()).Value!.Downloads);
    }

    private Dictionary<string, string?> Settings(params (string Key, string Value)[] more)
    {
        var settings = new Dictionary<string, string?>
        {
            ["Comox:NodeAgent:EnginePath"] = "/nowhere",
            ["Comox:NodeAgent:Offline"] = "false",
            ["Comox:NodeAgent:Hub"] = _hub.Address.ToString(),
            ["Comox:NodeAgent:Model"] = "org/model:Q8_0",
        };
        foreach (var (key, value) in more)
            settings[key] = value;
        return settings;
    }

    private static Task<Outcome<ChosenModel>> ChooseAsync(RunningAgent agent) =>
        agent.Services.GetRequiredService<ModelLibrary>().ChooseAsync("org/model:Q8_0", "Comox:NodeAgent:Model", ModelFormats.Gguf, [], (_, _) => { }, TestContext.Current.CancellationToken);
}
