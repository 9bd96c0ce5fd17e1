using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.ServiceDefaults.Clients;

/// <summary>One node agent, typed.</summary>
public sealed class NodeAgentClient(HttpClient http, TimeProvider time)
{
    /// <summary>An agent sends something every 250 ms; after this long without a byte it is lost, even where no connection broke.</summary>
    public static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(1);

    /// <summary>How long an agent may take to accept a watcher: it may be on another continent, or be starting.</summary>
    private static readonly TimeSpan LongestWelcome = TimeSpan.FromSeconds(5);

    /// <summary>The agent at an address: the registered client, which carries the service key and no resilience handler; only its address is another one.</summary>
    public static NodeAgentClient At(Uri address, IHttpClientFactory clients, TimeProvider time)
    {
        var http = clients.CreateClient(nameof(NodeAgentClient));
        http.BaseAddress = address;
        return new NodeAgentClient(http, time);
    }

    /// <summary>Whether a request to the engine is answered: at once, or after its agent has loaded the model for it.</summary>
    public static bool TakesRequests(EngineStatus engine) =>
        engine.State == EngineStates.Ready || engine is { Pinned: false, State: EngineStates.Unloaded or EngineStates.Asleep or EngineStates.Loading or EngineStates.Draining };

    /// <summary>The engine that people chat with: the first that takes requests, as at the gateway; else the first that may yet; else the first. Null: there is none.</summary>
    public static EngineStatus? ChatEngine(NodeStatus? status)
    {
        var chatting = status?.Engines.Where(engine => engine.Role == "chat").ToList() ?? [];
        return chatting.Find(TakesRequests) ?? chatting.Find(engine => engine.State != EngineStates.Failed) ?? chatting.FirstOrDefault();
    }

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

    /// <summary>Somebody may soon ask for the engine; see <see cref="EngineWarming"/>.</summary>
    public async Task<ApiResult<EngineWarming>> WarmAsync(string engine, CancellationToken cancellation = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"node/engines/{Uri.EscapeDataString(engine)}/warm");
        using var limit = new CancellationTokenSource(LongestWelcome, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            return await ServiceHttp.SendAsync(http, request, NodesJson.Default.EngineWarming, ServiceNames.NodeAgent, ErrorCodes.EngineUnavailable, either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return ServiceHttp.Unreachable(ServiceNames.NodeAgent, ErrorCodes.EngineUnavailable);
        }
    }

    /// <summary>
    /// The node's status now and at every change, until the connection ends. The end (a return or an <see cref="HttpRequestException"/> or
    /// <see cref="IOException"/>) is itself the signal that the node is lost; the caller decides when to ask again. A <see cref="NodeSilentException"/> says that
    /// nothing is known but its silence: it may be that only the events have stopped.
    /// </summary>
    /// <param name="beat">How often to hear something, down to 50 ms; null: as the agent likes.</param>
    /// <param name="heard">Called whenever something has come.</param>
    /// <param name="cancellation">Ends it.</param>
    public async IAsyncEnumerable<NodeStatus> WatchAsync(TimeSpan? beat = null, Action? heard = null, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        using var response = await OpenAsync(beat, cancellation);
        await using var body = new SilenceLimitedStream(await response.Content.ReadAsStreamAsync(cancellation), LongestSilence, heard, time);
        var events = SseParser.Create(body, (_, data) => JsonSerializer.Deserialize(data, NodesJson.Default.NodeStatus));
        await foreach (var item in events.EnumerateAsync(cancellation))
        {
            if (item.EventType == "status" && item.Data is { } status)
                yield return status;
        }
    }

    private async Task<HttpResponseMessage> OpenAsync(TimeSpan? beat, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, beat is { } pause ? $"node/events?beat={(int)pause.TotalMilliseconds}" : "node/events");
        using var welcome = new CancellationTokenSource(LongestWelcome, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(welcome.Token, cancellation);
        try
        {
            var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            try
            {
                return response.EnsureSuccessStatusCode();
            }
            catch
            {
                response.Dispose();
                throw;
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new NodeSilentException(LongestWelcome);
        }
    }
}
