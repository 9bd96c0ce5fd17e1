using Comox.FakeBackend;

namespace Comox.Gateway.Tests;

/// <summary>The gateway as a process of its own, in front of a fake node.</summary>
internal static class GatewayProcess
{
    /// <param name="home">Its data folder.</param>
    /// <param name="node">The only node it knows.</param>
    /// <param name="settings">Settings of Comox:Gateway, as names of the environment.</param>
    public static ChildProcess Start(TempHome home, FakeBackendServer node, params (string Key, string Value)[] settings) => ChildProcess.StartDotnet(
        Path.Combine(AppContext.BaseDirectory, "Comox.Gateway.dll"),
        ["--urls", "http://127.0.0.1:0"],
        [
            new("COMOX_HOME", home.Path),
            new("Comox__ServiceKey", TestService.ServiceKey),
            new("Comox__Gateway__AdminKey", TestService.AdminKey),
            new("services__nodeagent__http__0", node.Address.ToString()),
            // Nobody answers there: plain models need no memory.
            new("services__memory__http__0", "http://127.0.0.1:9"),
            .. settings.Select(setting => KeyValuePair.Create($"Comox__Gateway__{setting.Key}", setting.Value)),
        ]);

    /// <summary>A client that sends the admin key.</summary>
    public static HttpClient ClientOf(Uri address)
    {
        var http = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromSeconds(60) };
        http.DefaultRequestHeaders.Authorization = new("Bearer", TestService.AdminKey);
        return http;
    }

    public static Task IsReadyAsync(HttpClient http) =>
        Eventually.IsTrueAsync(async () => (await http.GetStringAsync("/v1/models")).Contains("fake-model", StringComparison.Ordinal), "the gateway knows the node");
}
