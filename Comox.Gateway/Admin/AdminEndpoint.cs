using System.Text.Json.Serialization.Metadata;
using Comox.Gateway.Routing;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Gateway;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.Admin;

/// <summary>The admin API: each answer is one look at the gateway's memory. No engine and no node is asked.</summary>
internal sealed class AdminEndpoint(StatusReport status, RouteReport routes, LiveSettings settings)
{
    public Task StatusAsync(HttpContext http) => WriteAsync(http, status.Make(), GatewayJson.Default.GatewayStatus);

    public Task RoutesAsync(HttpContext http) => WriteAsync(http, routes.Make(), GatewayJson.Default.RouteList);

    public Task KeysAsync(HttpContext http) =>
        WriteAsync(http, new KeyList([.. settings.Current.Keys.Names.Select(name => new KeyName(name))]), GatewayJson.Default.KeyList);

    public Task ReloadAsync(HttpContext http)
    {
        var reload = settings.ReadAgain();
        return reload.Faults.IsEmpty
            ? WriteAsync(http, StatusReport.Of(settings), GatewayJson.Default.SettingsStatus)
            : new ApiError(
                StatusCodes.Status400BadRequest,
                ErrorCodes.InvalidSettings,
                $"The settings are not valid, and revision {settings.Current.Revision} stays in force. {string.Join(' ', reload.Faults)}").WriteAsync(http);
    }

    private static Task WriteAsync<T>(HttpContext http, T answer, JsonTypeInfo<T> type)
    {
        http.Response.Headers.CacheControl = "no-store";
        return http.Response.WriteAsJsonAsync(answer, type, cancellationToken: http.RequestAborted);
    }
}
