using System.Collections.Immutable;
using System.Globalization;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.Backends;

/// <summary>Interchangeable backends of one plain model; in the fleet at least one.</summary>
internal sealed class BackendPool(string model, ImmutableArray<Backend> backends, string name = BackendPool.FleetName)
{
    public const string FleetName = "fleet";

    private const int LoadingRetrySeconds = 2;

    public string Model { get; } = model;

    /// <summary>For traces and metrics.</summary>
    public string Name { get; } = name;

    public ImmutableArray<Backend> Backends { get; } = backends;
    public ImmutableArray<Backend> Ready { get; } = [.. backends.Where(backend => backend.IsReady)];

    /// <summary>What its backends know the adapter by that is its model; null: it is a bare model.</summary>
    public ulong? Adapter { get; } = backends.Any(backend => backend.Adapter is not null) ? LoadBalancing.PrefixHasher.Seed(backends.First(backend => backend.Adapter is not null).Model.Name) : null;

    /// <summary>What a server of the settings is for is not known: it counts as one that chats.</summary>
    public bool CanChat => Backends.Any(backend => backend.Engine is null or { Role: "chat" });

    /// <summary>An engine of a node is there that chats.</summary>
    public bool NodeCanChat => Backends.Any(backend => backend.Engine is { Role: "chat" });

    /// <summary>What the model is; the same on every backend of the pool.</summary>
    public EngineModel Details => (Ready.IsEmpty ? Backends : Ready)[0].Model;

    /// <summary>Why nobody can answer, told by the backend that is nearest to it.</summary>
    public ApiError WhyNotReady()
    {
        if (Backends.FirstOrDefault(backend => backend.NodeReachable && backend.Adapter is not { State: AdapterStates.Failed } && backend.Engine is { } engine && IsStarting(engine)) is { } starting)
            return Loading($"The model '{Model}' is not ready yet", starting.Engine!);
        var reasons = Backends.Select(backend => backend.NodeReachable ? FailureOf(backend.Adapter) ?? backend.Engine?.Reason ?? $"{backend.Id} is not asked at the moment" : $"the node of {backend.Id} cannot be reached").Distinct();
        return Unavailable($"The model '{Model}' cannot answer: {string.Join("; ", reasons).TrimEnd('.')}. The fleet page and GET /node/status show the engines.");
    }

    private static string? FailureOf(AdapterStatus? adapter) => adapter is { State: AdapterStates.Failed } ? adapter.Reason : null;

    internal static bool IsStarting(EngineStatus engine) =>
        engine.State is EngineStates.Provisioning or EngineStates.Fetching or EngineStates.Loading or EngineStates.Restarting;

    internal static ApiError Loading(string what, EngineStatus engine)
    {
        var progress = engine.Progress is { } part ? string.Create(CultureInfo.InvariantCulture, $" ({part * 100:0} %)") : "";
        return new ApiError(
            StatusCodes.Status503ServiceUnavailable, ErrorCodes.EngineLoading, $"{what}: {engine.Reason.TrimEnd('.')}{progress}. Try again in a moment.")
        {
            RetryAfter = LoadingRetrySeconds,
        };
    }

    internal static ApiError Unavailable(string message) =>
        new(StatusCodes.Status503ServiceUnavailable, ErrorCodes.EngineUnavailable, message) { RetryAfter = LoadingRetrySeconds };
}
