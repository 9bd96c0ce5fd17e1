using Comox.NodeAgent.Supervision;

namespace Comox.NodeAgent.Adapters;

/// <summary>How a kind of engine serves adapters.</summary>
internal interface IAdapterUse
{
    /// <summary>It has all of them from its start, and gets no others.</summary>
    bool IsAtLaunch { get; }

    /// <summary>How a request says which it wants, beside its <c>model</c>: the value of <c>lora</c>, JSON.</summary>
    /// <param name="all">Those that it was started with, in that order.</param>
    /// <param name="chosen">One of them; null: the bare model.</param>
    /// <returns>Null: the model's name is enough.</returns>
    byte[]? Choice(IReadOnlyList<ChosenAdapter> all, ChosenAdapter? chosen);

    /// <summary>Whether a request to this path can have one: <c>/v1/chat/completions</c>.</summary>
    bool CanAdapt(string path);

    /// <returns>Null: it is loaded; else why not, in the engine's words.</returns>
    Task<string?> LoadAsync(EngineEndpoint engine, ChosenAdapter adapter, CancellationToken cancellation);

    /// <returns>Null: it is not loaded any more; else why it still is.</returns>
    Task<string?> UnloadAsync(EngineEndpoint engine, ChosenAdapter adapter, CancellationToken cancellation);
}
