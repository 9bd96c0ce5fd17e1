using Comox.Gateway.Backends;
using Comox.Gateway.Forwarding;
using Comox.Gateway.LoadBalancing;
using Comox.Gateway.OpenAI;
using Comox.Gateway.OpenAI.Responses;
using Comox.Gateway.Recall;
using Comox.Gateway.Routing;

namespace Comox.Gateway;

/// <summary>
/// One chat request on its way through the pipeline: the only mutable object in it. Each step fills in what the later ones read;
/// reading what no step has filled in is a bug.
/// </summary>
internal sealed class Exchange(HttpContext http, ChatCompletionRequest request, string id, TimeProvider time, CancellationToken stopped) : IAsyncDisposable
{
    private readonly List<Backend> _tried = new(2);
    private readonly List<RouteNote> _trace = new(2);
    private ModelRoute? _route;
    private BackendPool? _pool;
    private Attempt? _attempt;
    private RequestShape? _shape;
    private ReplyProgress? _progress;
    private IClientDialect? _dialect;

    public HttpContext Http { get; } = http;
    public ChatCompletionRequest Request { get; } = request;

    /// <summary><c>req_…</c>; makes the stored user turn idempotent.</summary>
    public string Id { get; } = id;

    /// <summary>Name of the caller.</summary>
    public string Caller => Http.User.Identity?.Name ?? "";

    public long StartedAt { get; } = time.GetTimestamp();

    /// <summary>The client has left.</summary>
    public CancellationToken Aborted => Http.RequestAborted;

    /// <summary>The gateway stops and cannot wait any longer.</summary>
    public CancellationToken Stopped { get; } = stopped;

    /// <summary>Whether <see cref="Route"/> can be read.</summary>
    public bool IsRouted => _route is not null;

    public ModelRoute Route
    {
        get => _route ?? throw new InvalidOperationException("No step has routed this exchange.");
        set => _route = value;
    }

    /// <summary>The pool that is asked at the moment.</summary>
    public BackendPool Pool
    {
        get => _pool ?? throw new InvalidOperationException("No step has chosen a pool.");
        set => _pool = value;
    }

    /// <summary>Whether backends that are not well may be used.</summary>
    public bool MayPanic { get; set; }

    /// <summary>The attempt under way, or the last one.</summary>
    public Attempt Attempt
    {
        get => _attempt ?? throw new InvalidOperationException("No step has chosen a backend.");
        set
        {
            _attempt = value;
            _trace.Add(new RouteNote(_trace.Count + 1, value));
        }
    }

    /// <summary>The attempts so far, and what became of them.</summary>
    public IReadOnlyList<RouteNote> Trace => _trace;

    public Backend Backend => Attempt.Backend;

    /// <summary>What load balancing knows of the request; read once the prompt is final.</summary>
    public RequestShape Shape => _shape ??= new RequestShape(this);

    /// <summary>Backends asked so far.</summary>
    public int Attempts => _tried.Count;

    /// <summary>Where what was sent belongs, for memory; null: the messages themselves tell.</summary>
    public InputPlace? Place { get; init; }

    /// <summary>What memory made of the request; null for plain models.</summary>
    public RecalledPrompt? Recalled { get; set; }

    /// <summary>Hands the reply over to memory; null for plain models.</summary>
    public ReplyRecorder? Recorder { get; set; }

    /// <summary>What is known of the answer so far.</summary>
    public ReplyFacts Reply { get; private set; } = new();

    /// <summary>How far the answer has come, over all attempts.</summary>
    public ReplyProgress Progress => _progress ??= new ReplyProgress(Reply, Request.Choices, time);

    /// <summary>Makes the dialect when the first word is due: what an answer is called may follow from what memory made of the request.</summary>
    public Func<Exchange, IClientDialect>? DialectFactory { get; init; }

    /// <summary>How the client's API words the answer; null: as chat completions do.</summary>
    public IClientDialect? Dialect => DialectFactory is null ? null : _dialect ??= DialectFactory(this);

    /// <summary>Where a streamed answer goes, from the first attempt to the last.</summary>
    public IReplySink? Sink { get; set; }

    /// <summary>Whether the client has been sent a status.</summary>
    public bool Committed { get; private set; }

    /// <summary>Whether the client has been sent a part of an answer. Before, everything may be tried again; after, nothing but a continuation.</summary>
    public bool Spoken { get; set; }

    /// <summary>The attempt under way goes on where one before broke off.</summary>
    public bool IsContinued { get; set; }

    /// <summary>The client asked for no usage; what the engine is asked for is ours alone.</summary>
    public bool HidesUsage { get; set; }

    // By index: the watch for stalls asks while a hedge may add to it.
    public bool HasTried(Backend backend)
    {
        for (var at = 0; at < _tried.Count; at++)
        {
            if (_tried[at].Load == backend.Load)
                return true;
        }

        return false;
    }

    public void Try(Backend backend) => _tried.Add(backend);

    /// <summary>Whether the backend can do what is left to be done.</summary>
    public bool Accepts(Backend backend) => !IsContinued || BackendKinds.CanContinue(backend.Kind);

    /// <summary>Forgets what a failed attempt has said to nobody: the next one says all of it.</summary>
    public void BeginAgain()
    {
        if (Spoken || _progress is not { } failed)
            return;
        Reply = new ReplyFacts();
        _progress = new ReplyProgress(Reply, Request.Choices, time) { Text = failed.Text is null ? null : new ReplyText(), HoldsFinish = failed.HoldsFinish, HidesUsage = failed.HidesUsage };
        failed.Text?.Dispose();
    }

    public void Commit()
    {
        if (Committed || Http.Response.HasStarted)
            throw new InvalidOperationException("An exchange commits once, before its first byte.");
        Committed = true;
    }

    public async ValueTask DisposeAsync()
    {
        if (Sink is not null)
            await Sink.DisposeAsync();
        _progress?.Dispose();
    }
}
