using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.ServiceDefaults.Clients;

/// <summary>One node agent, typed.</summary>
public sealed class NodeAgentClient(HttpClient http, TimeProvider time)
{
    /// <summary>An agent sends something every second; after this long without a byte it is lost, even where no connection broke.</summary>
    public static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(3);

    /// <summary>Whether a request to the engine is answered: at once, or after its agent has loaded the model for it.</summary>
    public static bool TakesRequests(EngineStatus engine) =>
        engine.State == EngineStates.Ready || engine is { Pinned: false, State: EngineStates.Unloaded or EngineStates.Asleep or EngineStates.Loading or EngineStates.Draining };

    public async Task<ApiResult<NodeStatus>> GetStatusAsync(CancellationToken cancellation = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "node/status");
        return await ServiceHttp.SendAsync(http, request, NodesJson.Default.NodeStatus, ServiceNames.NodeAgent, ErrorCodes.EngineUnavailable, cancellation);
    }

    public async Task<ApiResult<EngineLog>> GetLogAsync(string engine, CancellationToken cancellation = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"node/engines/{Uri.EscapeDataString(engine)}/log");
        return await ServiceHttp.SendAsync(http, request, NodesJson.Default.EngineLog, ServiceNames.NodeAgent, ErrorCodes.EngineUnavailable, cancellation);
    }

    /// <summary>
    /// The node's status now and at every change, until the connection ends. The end (a return or an <see cref="HttpRequestException"/> or
    /// <see cref="IOException"/>) is itself the signal that the node is lost; the caller decides when to ask again.
    /// </summary>
    public async IAsyncEnumerable<NodeStatus> WatchAsync([EnumeratorCancellation] CancellationToken cancellation = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "node/events");
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        response.EnsureSuccessStatusCode();
        await using var body = new SilenceLimitedStream(await response.Content.ReadAsStreamAsync(cancellation), LongestSilence, time);
        var events = SseParser.Create(body, (_, data) => JsonSerializer.Deserialize(data, NodesJson.Default.NodeStatus));
        await foreach (var item in events.EnumerateAsync(cancellation))
        {
            if (item.EventType == "status" && item.Data is { } status)
                yield return status;
        }
    }
}
