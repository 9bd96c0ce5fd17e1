using Comox.NodeAgent.Supervision;

namespace Comox.NodeAgent.SavedSlots;

/// <summary>One place of an engine for a request, and what is left there of the last.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Tokens">What it has read and written.</param>
/// <param name="Adapters">How strongly each adapter was applied meanwhile, in the order of the engine's start; none where it has none.</param>
internal sealed record EngineSlot(int Id, int Tokens, IReadOnlyList<double> Adapters);

/// <summary>An engine that can write down what its slots have read, and take it up again. Each throws <see cref="HttpRequestException"/> or <see cref="IOException"/> where it cannot.</summary>
internal interface IEngineSlots
{
    /// <summary>Those that hold something and work on nothing.</summary>
    Task<IReadOnlyList<EngineSlot>> ListAsync(EngineEndpoint engine, CancellationToken cancellation);

    /// <param name="engine">Which engine.</param>
    /// <param name="slot">The number of the slot.</param>
    /// <param name="file">A name in the folder that the engine was started with.</param>
    /// <param name="cancellation">Ends the wait.</param>
    Task SaveAsync(EngineEndpoint engine, int slot, string file, CancellationToken cancellation);

    Task RestoreAsync(EngineEndpoint engine, EngineSlot slot, string file, CancellationToken cancellation);
}
