using System.Collections.Concurrent;
using System.Threading.Channels;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Comox.FakeBackend;

/// <summary>
/// A scripted OpenAI engine behind a scripted node agent, on a real Kestrel. It is strict: what a real node agent or our own rules would
/// refuse, it refuses and remembers in <see cref="Violations"/>.
/// </summary>
public sealed class FakeBackendServer : IAsyncDisposable
{
    public const string DefaultKey = "fake-service-key-0123456789";

    private readonly WebApplication _app;
    private readonly Channel<FakeRequest> _arrivals = Channel.CreateUnbounded<FakeRequest>();
    private readonly Lock _lock = new();
    private readonly List<Channel<NodeStatus?>> _watchers = [];
    private volatile TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile TaskCompletionSource _watched = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private NodeStatus _status = FakeNode.Ready();

    private FakeBackendServer(WebApplication app, string key) => (_app, Key) = (app, key);

    public string Key { get; }

    /// <summary>How chat requests are answered from now on.</summary>
    public FakeScript Script { get; set; } = new();

    /// <summary>Every chat request so far.</summary>
    public ConcurrentQueue<FakeRequest> Requests { get; } = [];

    /// <summary>What callers did against the rules.</summary>
    public ConcurrentQueue<string> Violations { get; } = [];

    /// <summary>How many different connections chat requests came over.</summary>
    public int Connections => Requests.Select(request => request.Connection).Distinct().Count();

    /// <summary>Whether the node agent's event stream is refused.</summary>
    public bool RefuseWatchers { get; set; }

    /// <summary>Keeps the event streams open and sends nothing on them, as a machine that lost its power.</summary>
    public bool FallsSilent { get; set; }

    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());

    /// <summary>What the node agent reports; setting it tells every watcher.</summary>
    public NodeStatus Status
    {
        get => _status;
        set
        {
            lock (_lock)
            {
                _status = value with { Revision = _status.Revision + 1 };
                foreach (var watcher in _watchers)
                    watcher.Writer.TryWrite(_status);
            }
        }
    }

    /// <summary>Configures a server; <c>--key</c> sets its key, <c>--urls</c> its address.</summary>
    public static FakeBackendServer Create(params string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        var app = builder.Build();
        var server = new FakeBackendServer(app, builder.Configuration["key"] ?? DefaultKey);
        FakeEngine.Map(app, server);
        FakeNode.Map(app, server);
        FakeControl.Map(app, server);
        return server;
    }

    /// <summary>A server in this process, at a free port and without a word on the console.</summary>
    public static async Task<FakeBackendServer> StartAsync(string key = DefaultKey, FakeScript? script = null)
    {
        var server = Create("--urls", "http://127.0.0.1:0", "--key", key, "--Logging:LogLevel:Default", "None", "--Logging:LogLevel:Microsoft.Hosting.Lifetime", "None");
        server.Script = script ?? server.Script;
        await server._app.StartAsync();
        return server;
    }

    public Task RunAsync() => _app.RunAsync();

    /// <summary>The next chat request that nobody has asked for yet.</summary>
    public async Task<FakeRequest> NextRequestAsync(CancellationToken cancellation = default) => await _arrivals.Reader.ReadAsync(cancellation);

    /// <summary>Lets everything go on that a script holds, once.</summary>
    public void Release() => Interlocked.Exchange(ref _released, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();

    /// <summary>Ends every node event stream, as a dying agent would.</summary>
    public void DropWatchers()
    {
        lock (_lock)
        {
            _watched = new(TaskCreationOptions.RunContinuationsAsynchronously);
            foreach (var watcher in _watchers)
                watcher.Writer.TryWrite(null);
        }
    }

    /// <summary>Completes when somebody follows the node's events (again).</summary>
    public Task WatchedAsync() => _watched.Task;

    public async ValueTask DisposeAsync()
    {
        DropWatchers();
        Release();
        using var impatient = new CancellationTokenSource(TimeSpan.FromMilliseconds(200), TimeProvider.System);
        await _app.StopAsync(impatient.Token);
        await _app.DisposeAsync();
    }

    internal Task Released() => _released.Task;

    internal void Add(FakeRequest request)
    {
        Requests.Enqueue(request);
        _arrivals.Writer.TryWrite(request);
    }

    internal ChannelReader<NodeStatus?> Watch()
    {
        lock (_lock)
        {
            var watcher = Channel.CreateUnbounded<NodeStatus?>();
            watcher.Writer.TryWrite(_status);
            _watchers.Add(watcher);
            _watched.TrySetResult();
            return watcher.Reader;
        }
    }

    /// <returns>Whether the request may go on; else it has been answered.</returns>
    internal async Task<bool> AuthorizeAsync(HttpContext context)
    {
        if (context.Request.Headers.Authorization == $"Bearer {Key}")
            return true;
        await RefuseAsync(context, 401, "authentication_error", "Invalid API Key");
        return false;
    }

    internal async Task RefuseAsync(HttpContext context, int status, string type, string message)
    {
        Violations.Enqueue($"{context.Request.Method} {context.Request.Path}: {message}");
        context.Response.StatusCode = status;
        await context.Response.WriteAsJsonAsync(new { error = new { code = status, message, type } });
    }
}
