using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Comox.ServiceDefaults.Contracts.Gateway;

namespace Comox.Benchmarks.Fleet.Live;

/// <summary>The real gateway as a process, and what it says of each node.</summary>
internal sealed class LiveGateway : IDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    private readonly Process _process;
    private readonly HttpClient _http;
    private readonly Dictionary<string, BackendStatus> _backends = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _outSince = new(StringComparer.Ordinal);

    public LiveGateway(int port, IReadOnlyList<LiveNode> nodes, string folder)
    {
        Address = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));
        var environment = new Dictionary<string, string>
        {
            ["COMOX_HOME"] = Path.Combine(folder, "gateway"),
            ["Comox__ServiceKey"] = LiveProcess.Key,
            ["Comox__Gateway__AdminKey"] = LiveProcess.AdminKey,
            ["Comox__Gateway__FleetRoute__MaxAttempts"] = "4",
            ["services__memory__http__0"] = "http://127.0.0.1:9",
        };
        for (var number = 0; number < nodes.Count; number++)
            environment[string.Create(CultureInfo.InvariantCulture, $"Comox__Gateway__Nodes__{number}")] = nodes[number].Address.ToString();
        _process = LiveProcess.Start(Path.Combine(AppContext.BaseDirectory, "Comox.Gateway"), ["--urls", Address.ToString()], environment);
        _http = Client();
    }

    public Uri Address { get; }

    /// <summary>Raised when a node that was used is not, or has half of its share.</summary>
    public event Action<string, BackendStatus>? WentOut;

    public HttpClient Client()
    {
        var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, PooledConnectionIdleTimeout = TimeSpan.FromMinutes(5) }) { BaseAddress = Address, Timeout = TimeSpan.FromMinutes(2) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", LiveProcess.AdminKey);
        return http;
    }

    /// <summary>Whether new requests are kept from it, or half of them.</summary>
    public static bool IsOut(BackendStatus backend) => !backend.Ready || !backend.Well || backend.Circuit != "closed" || backend.Health != "ok";

    public BackendStatus? Of(LiveNode node)
    {
        lock (_backends)
            return _backends.GetValueOrDefault(node.Name);
    }

    public int InUse
    {
        get
        {
            lock (_backends)
                return _backends.Values.Count(backend => !IsOut(backend));
        }
    }

    /// <summary>When it was found out, as a timestamp; null: it is used.</summary>
    public long? OutSince(LiveNode node)
    {
        lock (_backends)
            return _outSince.TryGetValue(node.Name, out var since) ? since : null;
    }

    public async Task WatchAsync(CancellationToken stopping)
    {
        using var ticks = new PeriodicTimer(Look, TimeProvider.System);
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await ticks.WaitForNextTickAsync(stopping);
                Take(await _http.GetFromJsonAsync("gateway/routes", GatewayJson.Default.RouteList, stopping));
            }
            catch (Exception notYet) when (notYet is HttpRequestException or OperationCanceledException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, CancellationToken.None);
            }
        }
    }

    public async Task<NodeList> NodesAsync() => (await _http.GetFromJsonAsync("gateway/nodes", GatewayJson.Default.NodeList))!;

    public void Dispose()
    {
        _http.Dispose();
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }

    private void Take(RouteList? routes)
    {
        var now = TimeProvider.System.GetTimestamp();
        var news = new List<(string, BackendStatus)>();
        lock (_backends)
        {
            foreach (var backend in routes!.Data.SelectMany(route => route.Pools).SelectMany(pool => pool.Backends))
            {
                var name = backend.Id.Split('/')[0];
                _backends[name] = backend;
                if (!IsOut(backend))
                    _outSince.Remove(name);
                else if (_outSince.TryAdd(name, now))
                    news.Add((name, backend));
            }
        }

        news.ForEach(item => WentOut?.Invoke(item.Item1, item.Item2));
    }
}
