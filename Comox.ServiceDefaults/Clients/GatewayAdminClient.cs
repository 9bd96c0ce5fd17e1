using System.Net.Http.Json;
using System.Text.Json.Serialization.Metadata;
using Comox.ServiceDefaults.Contracts.Gateway;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.ServiceDefaults.Clients;

/// <summary>What operators ask of the gateway, typed.</summary>
public sealed class GatewayAdminClient(HttpClient http)
{
    public Task<ApiResult<GatewayStatus>> GetStatusAsync(CancellationToken cancellation = default) =>
        SendAsync(HttpMethod.Get, "gateway/status", GatewayJson.Default.GatewayStatus, cancellation);

    public Task<ApiResult<RouteList>> GetRoutesAsync(CancellationToken cancellation = default) =>
        SendAsync(HttpMethod.Get, "gateway/routes", GatewayJson.Default.RouteList, cancellation);

    public Task<ApiResult<KeyList>> GetKeysAsync(CancellationToken cancellation = default) =>
        SendAsync(HttpMethod.Get, "gateway/keys", GatewayJson.Default.KeyList, cancellation);

    /// <summary>Has the settings read again. Where they are not valid, the error's message names every fault and those before stay in force.</summary>
    public Task<ApiResult<SettingsStatus>> ReloadAsync(CancellationToken cancellation = default) =>
        SendAsync(HttpMethod.Post, "gateway/reload", GatewayJson.Default.SettingsStatus, cancellation);

    /// <summary>The nodes as the gateway knows them.</summary>
    public Task<ApiResult<NodeList>> GetNodesAsync(CancellationToken cancellation = default) =>
        SendAsync(HttpMethod.Get, "gateway/nodes", GatewayJson.Default.NodeList, cancellation);

    /// <summary>Somebody may soon ask for the model, or the character: its node makes it ready as far as that costs nobody anything.</summary>
    public async Task<ApiResult<ModelWarming>> WarmAsync(ModelHint hint, CancellationToken cancellation = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "gateway/warm") { Content = JsonContent.Create(hint, GatewayJson.Default.ModelHint) };
        return await ServiceHttp.SendAsync(http, request, GatewayJson.Default.ModelWarming, ServiceNames.Gateway, ErrorCodes.UpstreamError, cancellation);
    }

    /// <summary>A node agent says where it is; see <see cref="NodeLease"/>.</summary>
    public async Task<ApiResult<NodeLease>> RegisterNodeAsync(string address, CancellationToken cancellation = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "gateway/nodes") { Content = JsonContent.Create(new NodeRegistration(address), GatewayJson.Default.NodeRegistration) };
        return await ServiceHttp.SendAsync(http, request, GatewayJson.Default.NodeLease, ServiceNames.Gateway, ErrorCodes.UpstreamError, cancellation);
    }

    private async Task<ApiResult<T>> SendAsync<T>(HttpMethod method, string path, JsonTypeInfo<T> answer, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, path);
        return await ServiceHttp.SendAsync(http, request, answer, ServiceNames.Gateway, ErrorCodes.UpstreamError, cancellation);
    }
}
