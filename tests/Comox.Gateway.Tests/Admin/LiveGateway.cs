using System.Text.Json;
using System.Text.Json.Nodes;
using Comox.FakeBackend;
using Comox.ServiceDefaults.Clients;
using Microsoft.Extensions.Configuration;

namespace Comox.Gateway.Tests.Admin;

/// <summary>A gateway whose routes and keys are in a file that tests write anew, in front of two backends.</summary>
internal sealed class LiveGateway : IAsyncDisposable
{
    private readonly TempHome _folder = new();

    private LiveGateway(FakeBackendServer a, FakeBackendServer b) => (A, B) = (a, b);

    public FakeBackendServer A { get; }
    public FakeBackendServer B { get; }
    public GatewayUnderTest Gateway { get; private set; } = null!;
    public GatewayAdminClient Admin { get; private set; } = null!;

    private string FilePath => Path.Combine(_folder.Path, "live.json");

    /// <param name="settings">What the file holds in the section Comox:Gateway.</param>
    /// <param name="watched">Whether a change of the file is noticed without being told.</param>
    /// <param name="others">Settings of Comox:Gateway that are not in the file.</param>
    public static async Task<LiveGateway> StartAsync(Func<LiveGateway, string> settings, bool watched = false, params (string Key, string Value)[] others)
    {
        var live = new LiveGateway(await FakeBackendServer.StartAsync(null), await FakeBackendServer.StartAsync(null));
        live.Write(settings(live));
        live.Gateway = await GatewayUnderTest.StartAsync(change: builder => builder.Configuration.AddJsonFile(live.FilePath, optional: false, reloadOnChange: watched), settings: others);
        live.Admin = new GatewayAdminClient(live.Gateway.Http);
        return live;
    }

    public void Write(string settings) => WriteRaw($$$"""{"Comox":{"Gateway":{{{settings}}}}}""");

    // Whole at once, as editors and ConfigMaps do it: a watcher must not read half of it.
    public void WriteRaw(string text)
    {
        File.WriteAllText($"{FilePath}.new", text);
        File.Move($"{FilePath}.new", FilePath, overwrite: true);
    }

    public static string Routes(params string[] routes) => $$"""{"Routes":[{{string.Join(',', routes)}}]}""";

    /// <summary>A route with a pool for each backend, asked in that order.</summary>
    public static string Route(string model, params (string Name, FakeBackendServer Server)[] backends) => new JsonObject
    {
        ["Model"] = model,
        ["Pools"] = new JsonArray(
        [
            .. backends.Select(backend => new JsonObject
            {
                ["Name"] = "local",
                ["Backends"] = new JsonArray(new JsonObject
                {
                    ["Name"] = backend.Name, ["Kind"] = "llama.cpp", ["Url"] = new Uri(backend.Server.Address, "v1").ToString(), ["ApiKey"] = "sk-secret-of-the-backend",
                }),
            }),
        ]),
    }.ToJsonString();

    public Task<HttpResponseMessage> ChatAsync(string model) => Gateway.SendAsync(Chat.Streamed.Replace("fake-model", model));

    public async Task<JsonElement> GetAsync(string path) => JsonDocument.Parse(await Gateway.Http.GetStringAsync(path)).RootElement;

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await A.DisposeAsync();
        await B.DisposeAsync();
        _folder.Dispose();
    }
}
