using System.Collections.Immutable;
using System.Globalization;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.Backends;

/// <summary>The interchangeable backends of one plain model; at least one.</summary>
internal sealed class BackendPool(string model, ImmutableArray<Backend> backends)
{
    private const int LoadingRetrySeconds = 2;

    public string Model { get; } = model;
    public ImmutableArray<Backend> Backends { get; } = backends;
    public ImmutableArray<Backend> Ready { get; } = [.. backends.Where(backend => backend.IsReady)];

    /// <summary>What the model is; the same on every backend of the pool.</summary>
    public EngineModel Details => (Ready.IsEmpty ? Backends : Ready)[0].Model;

    /// <summary>Why nobody can answer, told by the backend that is nearest to it.</summary>
    public ApiError WhyNotReady()
    {
        if (Backends.FirstOrDefault(backend => backend.NodeReachable && IsStarting(backend.Engine)) is { } starting)
            return Loading($"The model '{Model}' is not ready yet", starting.Engine);
        var reasons = Backends.Select(backend => backend.NodeReachable ? backend.Engine.Reason : $"the node of {backend.Id} cannot be reached").Distinct();
        return Unavailable($"The model '{Model}' cannot answer: {string.Join("; ", reasons).TrimEnd('.')}. The fleet page and GET /node/status show the engines.");
    }

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
