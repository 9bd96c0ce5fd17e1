using Comox.Gateway.Backends;
using Comox.Gateway.Forwarding;
using Comox.Gateway.OpenAI;
using Comox.Gateway.Recall;
using Comox.Gateway.Routing;

namespace Comox.Gateway;

/// <summary>
/// One chat request on its way through the pipeline: the only mutable object in it. Each step fills in what the later ones read;
/// reading what no step has filled in is a bug.
/// </summary>
internal sealed class Exchange(HttpContext http, ChatCompletionRequest request, string id, TimeProvider time, CancellationToken stopped) : IAsyncDisposable
{
    private ModelRoute? _route;
    private Backend? _backend;
    private ReplyProgress? _progress;

    public HttpContext Http { get; } = http;
    public ChatCompletionRequest Request { get; } = request;

    /// <summary><c>req_…</c>; makes the stored user turn idempotent.</summary>
    public string Id { get; } = id;

    /// <summary>The client has left.</summary>
    public CancellationToken Aborted => Http.RequestAborted;

    /// <summary>The gateway stops and cannot wait any longer.</summary>
    public CancellationToken Stopped { get; } = stopped;

    public ModelRoute Route
    {
        get => _route ?? throw new InvalidOperationException("No step has routed this exchange.");
        set => _route = value;
    }

    public bool IsRouted => _route is not null;

    public Backend Backend
    {
        get => _backend ?? throw new InvalidOperationException("No step has chosen a backend.");
        set => _backend = value;
    }

    /// <summary>What memory made of the request; null for plain models.</summary>
    public RecalledPrompt? Recalled { get; set; }

    /// <summary>Hands the reply over to memory; null for plain models.</summary>
    public ReplyRecorder? Recorder { get; set; }

    /// <summary>What is known of the answer so far.</summary>
    public ReplyFacts Reply { get; } = new();

    /// <summary>How far the answer has come, over all attempts.</summary>
    public ReplyProgress Progress => _progress ??= new ReplyProgress(Reply, Request.Choices, time);

    /// <summary>Where the answer goes; made by the first attempt that has something to say.</summary>
    public IReplySink? Sink { get; set; }

    /// <summary>Whether the client has been sent a status. Before, everything may be tried again; after, nothing.</summary>
    public bool Committed { get; private set; }

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
        _progress?.Text?.Dispose();
    }
}
