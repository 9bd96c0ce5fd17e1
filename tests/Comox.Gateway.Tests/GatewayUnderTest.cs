using System.Text.Json;
using System.Net.Http.Json;
using System.Text;
using Comox.FakeBackend;
using Comox.Gateway.Backends;
using Comox.Gateway.Routing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Comox.Gateway.Tests;

/// <summary>The real gateway between a fake node and a fake memory service, each on its own Kestrel.</summary>
internal sealed class GatewayUnderTest : IAsyncDisposable
{
    private readonly TempHome _home = new();

    // How late the beat of a node is, or a token, must not decide about a test that is about something else: on a busy machine, and by a clock that jumps, everybody is late.
    private static readonly KeyValuePair<string, string?>[] Patient =
    [
        .. new[] { "QuietNode", "SilentNode", "QuietBackend", "StalledBackend", "StalledRemote" }.Select(limit => KeyValuePair.Create($"Comox:Gateway:Stalls:{limit}", (string?)"01:00:00")),
        new("Comox:Gateway:Stalls:SlowGaps", "1000"),
    ];

    private GatewayUnderTest(FakeBackendServer node, FakeMemory memory) => (Node, Memory) = (node, memory);

    public FakeBackendServer Node { get; }
    public FakeMemory Memory { get; }
    public TestService Service { get; private set; } = null!;
    public HttpClient Http { get; private set; } = null!;
    public TestLog Log { get; } = new();
    public string HomePath => _home.Path;

    /// <param name="script">How the engine answers.</param>
    /// <param name="time">The gateway's clock.</param>
    /// <param name="ready">Whether to wait until the gateway knows the node. With a clock of its own it knows nothing else from then on, see <see cref="KeepFleetAsync"/>.</param>
    /// <param name="change">What is different in the gateway's services.</param>
    /// <param name="settings">Settings of Comox:Gateway.</param>
    public static async Task<GatewayUnderTest> StartAsync(
        FakeScript? script = null, TimeProvider? time = null, bool ready = true, Action<WebApplicationBuilder>? change = null, params (string Key, string Value)[] settings)
    {
        var node = await FakeBackendServer.StartAsync(TestService.ServiceKey, script);
        var gateway = new GatewayUnderTest(node, await FakeMemory.StartAsync());
        gateway.Service = await TestService.StartAsync(
            builder =>
            {
                if (time is not null)
                    builder.Services.AddSingleton(time);
                builder.Logging.AddProvider(gateway.Log);
                builder.AddGateway();
                change?.Invoke(builder);
            },
            app => app.MapGateway(),
            [
                new("COMOX_HOME", gateway._home.Path),
                new("services:nodeagent:http:0", node.Address.ToString()),
                new("services:memory:http:0", gateway.Memory.Address.ToString()),
                // A comment in a stream must not depend on how busy the machine is.
                .. settings.Any(setting => setting.Key == "KeepAliveInterval") ? [] : new[] { KeyValuePair.Create("Comox:Gateway:KeepAliveInterval", (string?)"01:00:00") },
                // Engines are asked how they are by the tests that are about it alone.
                .. settings.Any(setting => setting.Key == "Load:ScrapeInterval") ? [] : new[] { KeyValuePair.Create("Comox:Gateway:Load:ScrapeInterval", (string?)"00:00:00") },
                // Its clients' timers keep a gateway in memory after its end (HttpServiceEndpointResolver's goes on), and a thousand of them with 32 MB of prefixes are more than a heap may have.
                .. settings.Any(setting => setting.Key == "Prefixes:MaxBytes") ? [] : new[] { KeyValuePair.Create("Comox:Gateway:Prefixes:MaxBytes", (string?)"1048576") },
                .. Patient.Where(limit => !settings.Any(setting => limit.Key.EndsWith($":{setting.Key}", StringComparison.Ordinal))),
                .. settings.Select(setting => KeyValuePair.Create($"Comox:Gateway:{setting.Key}", (string?)setting.Value)),
            ]);
        gateway.Http = gateway.Service.CreateClient();
        if (ready)
            await gateway.KnowsAsync(fleet => fleet.Pools.Any(pool => !pool.Ready.IsEmpty));
        if (ready && time is not null)
            await gateway.KeepFleetAsync();
        return gateway;
    }

    /// <summary>
    /// What the gateway knows of its nodes stays as it is: by a clock that jumps, each of them would be silent for longer than a node may be, and lost where it is not asked again and heard
    /// before the next jump.
    /// </summary>
    public Task KeepFleetAsync() => Service.Services.GetServices<IHostedService>().OfType<NodeWatcher>().Single().StopAsync(CancellationToken.None);

    /// <summary>The routes and not the fleet itself, which is a moment ahead of them: a request in between would find no model.</summary>
    public Task KnowsAsync(Func<FleetSnapshot, bool> what) =>
        Eventually.IsTrueAsync(() => what(Service.Services.GetRequiredService<RouteTable>().Current.Fleet), "the gateway knows the fleet");

    /// <summary>Its only node is somewhere else from now on.</summary>
    public void MoveNode(Uri address)
    {
        // Whoever followed it would find it where it was, as soon as it was asked again after a silence.
        _ = KeepFleetAsync();
        var fleet = Service.Services.GetRequiredService<Fleet>();
        var node = fleet.Current.Nodes.Single();
        fleet.Tell(new NodeKey(0, node.Address!.Authority), node with { Address = address });
    }

    /// <summary>Sends a chat; the answer's headers are there when it returns.</summary>
    public Task<HttpResponseMessage> SendAsync(string body, string? session = null, CancellationToken cancellation = default, string? transcript = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (session is not null)
            request.Headers.Add("X-Comox-Session", session);
        if (transcript is not null)
            request.Headers.Add("X-Comox-Transcript", transcript);
        return Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Service.DisposeAsync();
        await Node.DisposeAsync();
        await Memory.DisposeAsync();
        _home.Dispose();
        Assert.Empty(Node.Violations);
        Assert.Empty(Memory.Violations);
    }
}

/// <summary>Request bodies.</summary>
internal static class Chat
{
    public const string Streamed = """{"model":"fake-model","messages":[{"role":"user","content":"Hi"}],"stream":true}""";
    public const string Whole = """{"model":"fake-model","messages":[{"role":"user","content":"Hi"}]}""";
    public const string CharacterStreamed = """{"model":"character/ada","messages":[{"role":"user","content":"Hi"}],"stream":true}""";
    public const string CharacterWhole = """{"model":"character/ada","messages":[{"role":"user","content":"Hi"}]}""";

    public static async Task<JsonElement> JsonAsync(this HttpResponseMessage response) => await response.Content.ReadFromJsonAsync<JsonElement>();

    /// <summary>Status, code and message of an error in OpenAI's shape.</summary>
    public static async Task<(int Status, string Code, string Message)> ErrorAsync(this HttpResponseMessage response)
    {
        var error = (await response.JsonAsync()).GetProperty("error");
        Assert.Equal(JsonValueKind.String, error.GetProperty("type").ValueKind);
        Assert.True(error.TryGetProperty("param", out _));
        return ((int)response.StatusCode, error.GetProperty("code").GetString()!, error.GetProperty("message").GetString()!);
    }

    /// <summary>The data of every event; comments are left out.</summary>
    public static IReadOnlyList<string> Events(string stream) =>
        [.. stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Where(item => item.StartsWith("data: ", StringComparison.Ordinal)).Select(item => item[6..])];

    public static string TextOf(IEnumerable<string> events) => string.Concat(events
        .Where(data => data.StartsWith('{'))
        .Select(data => JsonDocument.Parse(data).RootElement)
        .Where(chunk => chunk.TryGetProperty("choices", out var choices) && choices.GetArrayLength() > 0)
        .Select(chunk => chunk.GetProperty("choices")[0].GetProperty("delta"))
        .Select(delta => delta.TryGetProperty("content", out var content) ? content.GetString() : null));
}
