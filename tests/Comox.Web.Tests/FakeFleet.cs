using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Gateway;
using Microsoft.AspNetCore.Http;

namespace Comox.Web.Tests;

/// <summary>What the gateway knows of its nodes: the test says it, and counts who asks.</summary>
internal sealed class FakeFleet
{
    private int _asked;
    private volatile IReadOnlyList<NodeEntry> _nodes = [Some.Entry("box-1")];
    private volatile IReadOnlyList<BackendStatus> _backends = [];

    /// <summary>Whether something that is ready speaks for characters.</summary>
    public bool AnswersCharacters { get; set; }

    /// <summary>Sent instead of a list.</summary>
    public ApiError? Refuse { get; set; }

    /// <summary>Sent as they are, for what no record of ours can be: the answer of an older gateway.</summary>
    public string? Raw { get; set; }

    /// <summary>How often the nodes were asked for.</summary>
    public int Asked => Volatile.Read(ref _asked);

    public void Set(params IReadOnlyList<NodeEntry> nodes) => _nodes = nodes;

    public void SetBackends(params IReadOnlyList<BackendStatus> backends) => _backends = backends;

    public Task ListAsync(HttpContext context)
    {
        Interlocked.Increment(ref _asked);
        return Refuse is { } error ? error.WriteAsync(context)
            : Raw is { } raw ? Results.Content(raw, "application/json").ExecuteAsync(context)
            : context.Response.WriteAsJsonAsync(new NodeList(_nodes), GatewayJson.Default.NodeList);
    }

    public Task RoutesAsync(HttpContext context)
    {
        var route = new RouteStatus { Model = "keepsake", Policy = "auto", MaxAttempts = 2, Ready = true, Characters = AnswersCharacters, Pools = [new PoolStatus("fleet", _backends)] };
        return context.Response.WriteAsJsonAsync(new RouteList([route]), GatewayJson.Default.RouteList);
    }
}
