using Comox.NodeAgent.Adapters;
using Comox.NodeAgent.Engines.Placement;
using Comox.NodeAgent.Engines.Provisioning;
using Comox.NodeAgent.ModelCache;
using Comox.NodeAgent.SavedSlots;
using Comox.NodeAgent.Supervision;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Engines;

/// <summary>
/// All that differs between the programs that serve models; what is not here is the same for all of them. An engine that is ready answers 200 to
/// <c>GET /health</c>, and to <c>GET /v1/models</c> with its key by naming its model: that, too, is the same.
/// </summary>
internal interface IEngineKind
{
    /// <summary>One of <see cref="EngineKinds"/>, in the settings and in the status.</summary>
    string Name { get; }

    /// <summary>What a person calls the program: <c>llama-server</c>.</summary>
    string Program { get; }

    /// <summary>One of <see cref="ModelFormats"/>: what it reads.</summary>
    string Format { get; }

    /// <summary>What to do where it cannot use the memory there is; a sentence.</summary>
    string CannotUse { get; }

    /// <summary>How its engines sleep; null: they do not.</summary>
    IEngineSleep? Sleep { get; }

    /// <summary>How it serves adapters.</summary>
    IAdapterUse Adapters { get; }

    /// <summary>How what its slots have read is kept; null: it is not.</summary>
    IEngineSlots? Slots { get; }

    /// <summary>How long one that was asked to stop may take, before it is made to.</summary>
    TimeSpan StopGrace { get; }

    /// <summary>Looks for the program and installs nothing.</summary>
    /// <returns>Null where there is none yet and <see cref="ProvideAsync"/> may get one.</returns>
    Task<Outcome<EngineProgram>?> FindAsync(CancellationToken cancellation);

    /// <summary>Finds the program or, where that is possible, installs it.</summary>
    Task<Outcome<EngineProgram>> ProvideAsync(ProgressReport report, CancellationToken cancellation);

    /// <summary>Whether this program can put a model there.</summary>
    bool CanUse(EngineProgram program, EnginePlace place);

    /// <summary>Why it cannot serve a model on these cards, and what to do; null: it can.</summary>
    string? Refusal(ModelInfo model, IReadOnlyList<GpuStatus> cards);

    /// <summary>What it will be to serve a model: how many at once, how much of each, how much memory.</summary>
    /// <param name="engine">Which engine.</param>
    /// <param name="model">Its model.</param>
    /// <param name="adapters">Those of the settings, also those that cannot be served.</param>
    EngineService Serve(EngineSpec engine, ChosenModel model, IReadOnlyList<ChosenAdapter> adapters);

    /// <summary>A service in a seat → one start of the program.</summary>
    LaunchPlan Plan(EngineProgram program, EngineService service, EngineSeat seat);

    /// <summary>Why it died, in its own words.</summary>
    /// <param name="exitCode">Of the process.</param>
    /// <param name="wasReady">Whether it had loaded its model.</param>
    /// <param name="lines">What it wrote since its start.</param>
    EngineDeath Explain(int exitCode, bool wasReady, IReadOnlyList<string> lines);
}

/// <summary>What an engine is to serve.</summary>
/// <param name="Chosen">The model and where it lies.</param>
/// <param name="Model">As the status tells it; its name is what the engine answers to.</param>
/// <param name="Slots">Requests at once.</param>
/// <param name="SlotContext">Tokens of each.</param>
/// <param name="MemoryBytes">What all of it will take, estimated.</param>
internal sealed record EngineService(ChosenModel Chosen, EngineModel Model, int Slots, int SlotContext, long MemoryBytes)
{
    /// <summary>Those of the settings, also those that cannot be served.</summary>
    public IReadOnlyList<ChosenAdapter> Adapters { get; init; } = [];

    /// <summary>Those that it can serve, in the order of its start.</summary>
    public IReadOnlyList<ChosenAdapter> LaunchedAdapters => [.. Adapters.Where(adapter => adapter.IsGood)];

    /// <summary>Room for adapters that are loaded while it runs; null: none.</summary>
    public AdapterRoom? Room { get; init; }

    /// <inheritdoc cref="EngineSpec.Parsers"/>
    public (string? Tools, string? Reasoning) Parsers { get; init; }

    /// <summary>Started so that it can sleep; whether it really can is tried.</summary>
    public bool MaySleep { get; init; }
}

/// <summary>An engine that sleeps keeps its process, gives back what it has of a card, and wakes sooner than it would be loaded.</summary>
internal interface IEngineSleep
{
    /// <summary>False: it does not. Requests it still has are broken off.</summary>
    Task<bool> SleepAsync(EngineEndpoint engine, CancellationToken cancellation);

    /// <summary>False: it does not, and is of no use any more.</summary>
    Task<bool> WakeAsync(EngineEndpoint engine, CancellationToken cancellation);
}

/// <summary>How many adapters an engine can hold beside its model.</summary>
/// <param name="AtOnce">Used in one batch.</param>
/// <param name="Held">Kept in the machine's memory, those in use included.</param>
/// <param name="MaxRank">The largest rank one may have.</param>
internal sealed record AdapterRoom(int AtOnce, int Held, int MaxRank);

/// <summary>Where an engine is started.</summary>
/// <param name="Port">Where it is to listen, on 127.0.0.1.</param>
/// <param name="KeyFile">Holds the key that callers must send.</param>
/// <param name="Place">The memory it is put into.</param>
/// <param name="Bytes">What it may have of that.</param>
internal sealed record EngineSeat(int Port, string KeyFile, EnginePlace Place, long Bytes)
{
    /// <summary>Where it may write what its slots have read; null: nowhere.</summary>
    public string? SlotFolder { get; init; }
}

/// <summary>Why an engine died.</summary>
/// <param name="Reason">For a person, without a full stop.</param>
/// <param name="IsHopeless">Starting it again changes nothing.</param>
/// <param name="BlamesProgram">No other model would have helped.</param>
internal readonly record struct EngineDeath(string Reason, bool IsHopeless, bool BlamesProgram);

/// <summary>The kinds there are.</summary>
internal sealed class EngineKinds(IEnumerable<IEngineKind> kinds)
{
    public const string LlamaCpp = "llama.cpp";
    public const string VLlm = "vllm";

    private readonly IEngineKind[] _all = [.. kinds];

    public IEngineKind Of(string name) => Array.Find(_all, kind => kind.Name == name) ?? throw new ArgumentException($"There is no kind of engine '{name}'.", nameof(name));
}
