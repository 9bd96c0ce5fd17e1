using System.Collections.Immutable;
using Comox.Gateway.Backends;
using Comox.Gateway.Routing;

namespace Comox.Gateway.LoadBalancing;

/// <summary>What makes an engine one that is asked by itself.</summary>
/// <param name="Kind">One of <see cref="BackendKinds"/>.</param>
/// <param name="Address">Of its pages; ends with a slash.</param>
/// <param name="Model">For llama-server, which may be a router before one process for each model; null: the engine has one.</param>
internal readonly record struct EngineKey(string Kind, Uri Address, string? Model);

/// <param name="Fault">Why it was not told.</param>
/// <param name="AgainAt">The timestamp before which it is not asked for again.</param>
internal readonly record struct MissingPage(string? Fault, long AgainAt);

/// <summary>
/// An engine that is asked about its load, and the backends that are this engine: more than one where several routes lead to it. What it says is told to the ledgers of all.
/// </summary>
internal sealed class ScrapedEngine(EngineKey key) : IDisposable
{
    private readonly CancellationTokenSource _gone = new();
    private volatile string? _fault;

    public EngineKey Key { get; } = key;

    /// <summary>At least one; changes with the routes.</summary>
    public ImmutableArray<Backend> Backends { get; set; }

    /// <summary>Whom to ask, by the address and with the key that its requests have; null while none can be sent a request either.</summary>
    public Backend? Ready => Backends.FirstOrDefault(backend => backend is { IsReady: true, IsLoaded: true });

    /// <summary>It has left the routes, or the gateway stops.</summary>
    public CancellationToken Gone => _gone.Token;

    /// <summary>What went wrong when it was asked last; null when nothing did, or nobody has asked yet.</summary>
    public string? Fault
    {
        get => _fault;
        set => _fault = value;
    }

    /// <summary>Pages that the engine does not have.</summary>
    public MissingPage Metrics { get; set; }
    public MissingPage Slots { get; set; }

    /// <summary>Once, before the dispose.</summary>
    public void Leave() => _gone.Cancel();

    public void Dispose() => _gone.Dispose();

    public void Report(BackendTelemetry telemetry)
    {
        foreach (var backend in Backends)
            backend.Load.Report(telemetry);
    }

    /// <summary>The engines of all routes. Clouds are not asked: they have no such pages.</summary>
    public static Dictionary<EngineKey, ImmutableArray<Backend>> Of(RouteSnapshot routes) => routes.Routes
        .SelectMany(route => route.Pools).Concat(routes.Fleet.Pools).SelectMany(pool => pool.Backends)
        .Where(backend => backend.Kind is BackendKinds.VLlm or BackendKinds.LlamaCpp)
        .DistinctBy(backend => backend.Load)
        .GroupBy(KeyOf)
        .ToDictionary(group => group.Key, group => group.ToImmutableArray());

    private static EngineKey KeyOf(Backend backend) =>
        new(backend.Kind, RootOf(backend.BaseAddress), backend.Kind == BackendKinds.LlamaCpp ? backend.UpstreamModel ?? backend.Model.Name : null);

    // http://gpu-1:8000/v1/ → http://gpu-1:8000/, where the engine's own pages are.
    private static Uri RootOf(Uri address) => address.AbsolutePath.EndsWith("/v1/", StringComparison.Ordinal) ? new Uri(address, "../") : address;
}
