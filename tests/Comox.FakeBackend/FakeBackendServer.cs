using System.Collections.Concurrent;
using System.Text.Json;
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

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly WebApplication _app;
    private readonly Channel<FakeRequest> _arrivals = Channel.CreateUnbounded<FakeRequest>();
    private readonly Lock _lock = new();
    private readonly List<Channel<NodeStatus?>> _watchers = [];
    private volatile TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile TaskCompletionSource _watched = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string? _firstSystemPrompt;
    private int _scrapes;
    private NodeStatus _status = FakeNode.Ready();

    private FakeBackendServer(WebApplication app, string key) => (_app, Key) = (app, key);

    /// <summary>What callers must send; empty: nothing.</summary>
    public string Key { get; }

    /// <summary>How requests are answered from now on.</summary>
    public FakeScript Script { get; set; } = new();

    /// <summary>Answers some requests (their JSON) by another script; null: by <see cref="Script"/>. Called once per request that is not refused at sight.</summary>
    public Func<JsonElement, FakeScript?>? Choose { get; set; }

    /// <summary>What <c>GET /v1/models</c> lists.</summary>
    public IReadOnlyList<string> Models { get; set; } = [FakeNode.Model];

    public FakeMetrics Metrics { get; set; } = new();

    /// <summary>Takes unstreamed and unlimited chats too, as any server but ours does.</summary>
    public bool TakesUnbounded { get; set; }

    /// <summary>The server that had the conversation before: what it was told is what this one must be told.</summary>
    public FakeBackendServer? Predecessor { get; set; }

    /// <summary>How often <c>/metrics</c> was read.</summary>
    public int Scrapes => Volatile.Read(ref _scrapes);

    /// <summary>Requests that have not ended.</summary>
    public int InFlight => Requests.Count(request => !request.Ended.IsCompleted);

    /// <summary>Every request so far that was not refused.</summary>
    public ConcurrentQueue<FakeRequest> Requests { get; } = [];

    /// <summary>Engines that the node was told somebody may soon ask for.</summary>
    public ConcurrentQueue<string> Warmed { get; } = [];

    /// <summary>Whether such hints are refused.</summary>
    public bool RefuseWarming { get; set; }

    /// <summary>What callers did against the rules.</summary>
    public ConcurrentQueue<string> Violations { get; } = [];

    /// <summary>How many different connections requests came over.</summary>
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

    /// <summary>Configures a server; <c>--key</c> sets its key (empty: it asks for none), <c>--urls</c> its address.</summary>
    public static FakeBackendServer Create(params string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        // A flush ends when the bytes are sent, so that a script's reset cannot overtake the events before it.
        builder.WebHost.UseSockets(sockets => sockets.MaxWriteBufferSize = 1);
        var app = builder.Build();
        var server = new FakeBackendServer(app, builder.Configuration["key"] ?? DefaultKey);
        FakeEngine.Map(app, server);
        FakeNode.Map(app, server);
        FakeControl.Map(app, server);
        return server;
    }

    /// <summary>A server in this process, at a free port and without a word on the console. Without a key it asks for none.</summary>
    public static async Task<FakeBackendServer> StartAsync(string? key = DefaultKey, FakeScript? script = null)
    {
        var server = Create("--urls", "http://127.0.0.1:0", "--key", key ?? "", "--Logging:LogLevel:Default", "None", "--Logging:LogLevel:Microsoft.Hosting.Lifetime", "None");
        server.Script = script ?? server.Script;
        await server._app.StartAsync();
        return server;
    }

    /// <summary>The vector that <c>/v1/embeddings</c> has for a text.</summary>
    public static float[] VectorOf(string text, int dimensions = FakeEmbeddings.Dimensions) => FakeEmbeddings.VectorOf(text, dimensions);

    public Task RunAsync() => _app.RunAsync();

    /// <summary>The next chat request that nobody has asked for yet; a <see cref="TimeoutException"/> if none comes: a test that fails is better than one that hangs.</summary>
    public Task<FakeRequest> NextRequestAsync() => _arrivals.Reader.ReadAsync().AsTask().WaitAsync(Patience);

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

    internal string? FirstSystemPrompt => Predecessor?.FirstSystemPrompt ?? _firstSystemPrompt;

    internal void NoteSystemPrompt(string prompt) => Interlocked.CompareExchange(ref _firstSystemPrompt, prompt, null);

    // Chosen once per request: a test may count in it.
    internal FakeScript ScriptFor(FakeRequest request) => request.Script ??= Choose?.Invoke(request.Json) ?? Script;

    internal void CountScrape() => Interlocked.Increment(ref _scrapes);

    /// <returns>Whether the request may go on; else it has been answered.</returns>
    internal async Task<bool> AuthorizeAsync(HttpContext context, bool anthropic = false)
    {
        // Anthropic takes both headers; its own clients changed from the first to the second.
        if (Key.Length == 0 || context.Request.Headers.Authorization == $"Bearer {Key}" || (anthropic && context.Request.Headers["x-api-key"] == Key))
            return true;
        await RefuseAsync(context, 401, "authentication_error", anthropic ? "invalid x-api-key" : "Invalid API Key", anthropic);
        return false;
    }

    internal async Task RefuseAsync(HttpContext context, int status, string type, string message, bool anthropic = false)
    {
        Violations.Enqueue($"{context.Request.Method} {context.Request.Path}: {message}");
        context.Response.StatusCode = status;
        if (anthropic)
            await context.Response.WriteAsJsonAsync(new { type = "error", error = new { type, message }, request_id = "req_fake" });
        else
            await context.Response.WriteAsJsonAsync(new { error = new { code = status, message, type } });
    }
}
