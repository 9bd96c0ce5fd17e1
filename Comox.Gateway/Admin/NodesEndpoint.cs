using System.Text.Json;
using Comox.Gateway.Backends;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Gateway;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.Admin;

/// <summary><c>GET /gateway/nodes</c>, the nodes as this gateway knows them, and <c>POST /gateway/nodes</c>, with which an agent says where it is.</summary>
internal sealed class NodesEndpoint(Fleet fleet, NodeRegistrations registrations, TimeProvider time)
{
    public Task ListAsync(HttpContext http)
    {
        http.Response.Headers.CacheControl = "no-store";
        return http.Response.WriteAsJsonAsync(new NodeList([.. fleet.Current.Nodes.Select(Of)]), GatewayJson.Default.NodeList, cancellationToken: http.RequestAborted);
    }

    public async Task RegisterAsync(HttpContext http)
    {
        NodeRegistration? registration;
        try
        {
            registration = await http.Request.ReadFromJsonAsync(GatewayJson.Default.NodeRegistration, http.RequestAborted);
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException)
        {
            registration = null; // No JSON, or not called so.
        }

        // Its service key is sent there, so it is taken only as the plain address of a host.
        if (registration?.Address is not { } named || !Uri.TryCreate(named, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https")
            || address.UserInfo.Length > 0 || address.Query.Length > 0 || address.AbsolutePath != "/")
        {
            await new ApiError(
                StatusCodes.Status400BadRequest,
                ErrorCodes.InvalidRequest,
                "A node registers with {\"address\":\"http://host:port\"}: the address of its agent as this gateway reaches it, without a path.").WriteAsync(http);
            return;
        }

        if (!registrations.Register(address))
        {
            await new ApiError(StatusCodes.Status409Conflict, ErrorCodes.Conflict, "There are too many registered nodes; those that are not heard are forgotten after half a minute.")
            {
                RetryAfter = (int)NodeRegistrations.Lease.TotalSeconds,
            }.WriteAsync(http);
            return;
        }

        await http.Response.WriteAsJsonAsync(new NodeLease(NodeRegistrations.Lease.TotalSeconds), GatewayJson.Default.NodeLease, cancellationToken: http.RequestAborted);
    }

    private NodeEntry Of(NodeView node) => new()
    {
        Address = node.Address?.GetLeftPart(UriPartial.Authority),
        Source = node.Source,
        State = node switch
        {
            { Lost: not null } or { Status: null } => NodeStates.Lost,
            { Pulse.IsSilent: true } => NodeStates.Silent,
            { Pulse.IsQuiet: true } => NodeStates.Quiet,
            _ => NodeStates.Heard,
        },
        Reason = node.Lost,
        SilentSeconds = node.Pulse is { } pulse ? Math.Round(pulse.Silence(time.GetTimestamp()).TotalSeconds, 2) : null,
        Status = node.Status,
    };
}
