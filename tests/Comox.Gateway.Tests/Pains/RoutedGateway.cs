using System.Text;
using Comox.FakeBackend;
using Comox.Gateway.Backends;
using Comox.Gateway.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Gateway.Tests.Pains;

/// <summary>One backend of the route <c>m</c>: a fake of its own, in a pool of its own unless it names one.</summary>
internal sealed record At(string Name, string Kind = BackendKinds.VLlm)
{
    public FakeScript Script { get; init; } = new();
    public string? Pool { get; init; }
    public string? Model { get; init; }
    public double Weight { get; init; } = 1;

    /// <summary>Instead of a fake.</summary>
    public string? Url { get; init; }
}

/// <summary>The real gateway with one route of the settings; each backend has its own key.</summary>
internal sealed class RoutedGateway : IAsyncDisposable
{
    public const string Model = "m";

    private RoutedGateway(GatewayUnderTest gateway, IReadOnlyList<FakeBackendServer> servers) => (Gateway, Servers) = (gateway, servers);

    public GatewayUnderTest Gateway { get; }
    public IReadOnlyList<FakeBackendServer> Servers { get; }

    public ModelRoute Route => Gateway.Service.Services.GetRequiredService<RouteTable>().Current.Find(Model)!;

    public IEnumerable<Backend> Backends => Route.Pools.SelectMany(pool => pool.Backends);

    public static Task<RoutedGateway> StartAsync(params At[] backends) => StartAsync(null, [], backends);

    /// <param name="time">The gateway's clock.</param>
    /// <param name="settings">Keys that begin with a colon belong to the route, the others to Comox:Gateway.</param>
    /// <param name="backends">In the order in which their pools are asked.</param>
    public static async Task<RoutedGateway> StartAsync(TimeProvider? time, (string Key, string Value)[] settings, params At[] backends)
    {
        var servers = new List<FakeBackendServer>();
        List<(string, string)> all = [("Routes:0:Model", Model)];
        foreach (var pool in backends.GroupBy(backend => backend.Pool ?? backend.Name).Select((members, number) => (members, at: $"Routes:0:Pools:{number}")))
        {
            all.Add(($"{pool.at}:Name", pool.members.Key));
            foreach (var (backend, at) in pool.members.Select((backend, number) => (backend, $"{pool.at}:Backends:{number}")))
            {
                var server = await FakeBackendServer.StartAsync(KeyOf(backend.Name), backend.Script);
                server.TakesUnbounded = backend.Kind != BackendKinds.LlamaCpp;
                // The first one is told the conversation as the client tells it; all others must be told the same.
                server.Predecessor = servers.FirstOrDefault();
                servers.Add(server);
                all.AddRange([
                    ($"{at}:Name", backend.Name), ($"{at}:Kind", backend.Kind), ($"{at}:Url", backend.Url ?? $"{server.Address}v1"), ($"{at}:ApiKey", KeyOf(backend.Name)),
                    ($"{at}:Weight", FormattableString.Invariant($"{backend.Weight}")), ($"{at}:Model", backend.Model ?? ""),
                ]);
            }
        }

        all.AddRange(settings.Select(setting => (setting.Key.StartsWith(':') ? $"Routes:0{setting.Key}" : setting.Key, setting.Value)));
        return new RoutedGateway(await GatewayUnderTest.StartAsync(time: time, ready: false, settings: [.. all]), servers);
    }

    public static string KeyOf(string name) => $"key-of-{name}-0123456789";

    public static string Body(bool stream, string more = "", string messages = """{"role":"system","content":"You are \u00c4da. \ud83d\ude00"},{"role":"user","content":"Hi"}""") =>
        $$"""{"model":"m","messages":[{{messages}}]{{(stream ? ",\"stream\":true" : "")}}{{more}}}""";

    public Task<HttpResponseMessage> SendAsync(string body, string path = "/v1/chat/completions", string? session = null, CancellationToken cancellation = default, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (session is not null)
            request.Headers.Add("X-Comox-Session", session);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return Gateway.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
    }

    public async Task<IReadOnlyList<string>> EventsAsync(string body)
    {
        using var response = await SendAsync(body);
        Assert.Equal(200, (int)response.StatusCode);
        return Chat.Events(await response.Content.ReadAsStringAsync());
    }

    /// <summary>Nothing is left in the ledgers of what has ended.</summary>
    public async Task IsIdleAsync()
    {
        foreach (var backend in Backends)
            await Eventually.IsTrueAsync(() => backend.Load is { InFlight: 0, Decoding: 0, PromptTokens: 0, OutputTokens: 0 }, $"{backend.Id} has nothing in flight");
    }

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        foreach (var server in Servers)
            await server.DisposeAsync();
        Assert.All(Servers, server => Assert.Empty(server.Violations));
    }
}
