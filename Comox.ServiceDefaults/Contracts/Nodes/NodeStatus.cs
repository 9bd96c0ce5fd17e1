namespace Comox.ServiceDefaults.Contracts.Nodes;

/// <summary><c>GET /node/status</c>, and the data of every <c>event: status</c> on <c>GET /node/events</c>.</summary>
public sealed record NodeStatus
{
    /// <summary>The node's name: its host name unless configured.</summary>
    public required string Node { get; init; }

    /// <summary>Grows by one with every change; a reader that sees it fall knows that the agent restarted.</summary>
    public required long Revision { get; init; }

    public required DateTimeOffset StartedAt { get; init; }
    public required string AgentVersion { get; init; }
    public required NodeHardware Hardware { get; init; }
    public required IReadOnlyList<EngineStatus> Engines { get; init; }

    /// <summary>What the node is fetching, and what it failed to fetch.</summary>
    public IReadOnlyList<DownloadStatus> Downloads { get; init; } = [];
}

/// <summary>One file on its way to the node.</summary>
public sealed record DownloadStatus
{
    /// <summary>The file's name.</summary>
    public required string Name { get; init; }

    /// <summary>Who sends it: the host of the hub or of a neighbour, or a bucket.</summary>
    public required string Source { get; init; }

    /// <summary>Bytes that are on the disk.</summary>
    public long DoneBytes { get; init; }

    public required long TotalBytes { get; init; }

    /// <summary>Over the last seconds; null until it is known, and while nothing comes.</summary>
    public long? BytesPerSecond { get; init; }

    public double? SecondsLeft { get; init; }

    /// <summary>Why it failed; null while it runs.</summary>
    public string? Problem { get; init; }

    /// <summary>The code of <see cref="Problem"/>, explained in docs/errors.md.</summary>
    public string? Code { get; init; }
}

/// <summary>What the box has. A figure nobody could read is null, never 0.</summary>
public sealed record NodeHardware
{
    public string? Cpu { get; init; }
    public int? CpuCores { get; init; }
    public long? MemoryBytes { get; init; }
    public long? MemoryAvailableBytes { get; init; }
    public required string OperatingSystem { get; init; }

    /// <summary>Names of the GPUs found; empty on a CPU-only box.</summary>
    public IReadOnlyList<string> Gpus { get; init; } = [];

    /// <summary>What is known of each of <see cref="Gpus"/>, in the same order.</summary>
    public IReadOnlyList<GpuStatus> Cards { get; init; } = [];
}

/// <summary>One engine process and the model in it.</summary>
public sealed record EngineStatus
{
    /// <summary>Stable id within the node, for example <c>chat</c>.</summary>
    public required string Id { get; init; }

    /// <summary><c>llama.cpp</c> or <c>vllm</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>One of <see cref="EngineStates"/>.</summary>
    public required string State { get; init; }

    /// <summary>When it entered <see cref="State"/>.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>The state in words, for a person: "Downloading llama-server", "Exited with code 1: failed to load model".</summary>
    public required string Reason { get; init; }

    /// <summary>0…1 while something long is going on and its size is known.</summary>
    public double? Progress { get; init; }

    /// <summary>What the engine is used for: <c>chat</c>, <c>embed</c>, …</summary>
    public required string Role { get; init; }

    /// <summary>Null until a model has been chosen.</summary>
    public EngineModel? Model { get; init; }

    /// <summary>Where the agent proxies this engine, relative to the agent's own address: <c>/node/engines/chat/proxy</c>. Append <c>/v1/chat/completions</c>.</summary>
    public required string ProxyPath { get; init; }

    public string? Version { get; init; }
    public int? ProcessId { get; init; }

    /// <summary>Requests the engine can work on at once.</summary>
    public int? Slots { get; init; }

    /// <summary>Always in memory. The others come and go; a request to one that is not there waits until it is.</summary>
    public bool Pinned { get; init; }

    /// <summary>Requests it works on.</summary>
    public int InFlight { get; init; }

    /// <summary>Requests that wait for it to be loaded.</summary>
    public int Waiting { get; init; }

    /// <summary>1: it is loaded now or next; null unless it is waited for.</summary>
    public int? Place { get; init; }

    /// <summary>Seconds until it answers, as predicted: for one that is waited for from now on, else from when somebody asks. Null: unknown, or it is ready.</summary>
    public double? EtaSeconds { get; init; }

    /// <summary>
    /// While it is not in memory: what loading it would cost others, as the time to load what has to go for it again × how probable it is that it is asked for
    /// soon. Whoever chooses between nodes adds it to <see cref="EtaSeconds"/>.
    /// </summary>
    public double? LossSeconds { get; init; }

    /// <summary>Memory that it holds or, while it is not loaded, will hold, in bytes; null: unknown.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>
    /// One of <see cref="Healths"/>, by what it does and by the cards it is on: one that is <see cref="Healths.Ejected"/> gets no new requests, whatever its
    /// <see cref="State"/>.
    /// </summary>
    public string Health { get; init; } = Healths.Ok;

    /// <summary>Why it is not ok, each with what to do, for a person. Without figures that move.</summary>
    public IReadOnlyList<string> HealthReasons { get; init; } = [];

    /// <summary>Tokens it writes in a second, all its requests together, as last measured; null: it has written too little in the last seconds.</summary>
    public double? TokensPerSecond { get; init; }

    /// <summary>What it has shown that it can do under the load of <see cref="TokensPerSecond"/>; null: not seen often enough.</summary>
    public double? ExpectedTokensPerSecond { get; init; }

    /// <summary>The cards it runs on or is loaded into, by <see cref="GpuStatus.Index"/>; empty: the CPU.</summary>
    public IReadOnlyList<int> Cards { get; init; } = [];

    /// <summary>Whether it can sleep, in words: what was found when that was tried. Null: its kind does not, or it was not tried yet.</summary>
    public string? Sleep { get; init; }

    /// <summary>The LoRAs it serves beside its model, each asked for by its own name.</summary>
    public IReadOnlyList<AdapterStatus> Adapters { get; init; } = [];

    /// <summary>Times the engine was started again after a crash.</summary>
    public int Restarts { get; init; }
}

/// <summary>States of an engine, in the order of a good start.</summary>
public static class EngineStates
{
    /// <summary>Finding or installing the engine's program.</summary>
    public const string Provisioning = "provisioning";

    /// <summary>Choosing or downloading the model.</summary>
    public const string Fetching = "fetching";

    /// <summary>The process runs and loads the model.</summary>
    public const string Loading = "loading";

    public const string Ready = "ready";

    /// <summary>Not in memory; it is loaded when somebody asks for it.</summary>
    public const string Unloaded = "unloaded";

    /// <summary>Its process runs and holds next to nothing of the card; it wakes when somebody asks for it, sooner than it would be loaded.</summary>
    public const string Asleep = "asleep";

    /// <summary>It makes room: it finishes what it has begun, and what comes now waits until it is loaded again.</summary>
    public const string Draining = "draining";

    /// <summary>It died; a restart is due.</summary>
    public const string Restarting = "restarting";

    /// <summary>It cannot start without a change from outside; <see cref="EngineStatus.Reason"/> says which.</summary>
    public const string Failed = "failed";

    public const string Stopping = "stopping";
    public const string Stopped = "stopped";
}

/// <summary>The model an engine serves.</summary>
public sealed record EngineModel
{
    /// <summary>The name clients send as <c>model</c>.</summary>
    public required string Name { get; init; }

    /// <summary>One of <see cref="ModelSources"/>.</summary>
    public required string Source { get; init; }

    public long? SizeBytes { get; init; }
    public long? Parameters { get; init; }
    public int? ContextTokens { get; init; }
    public required PromptProfile Profile { get; init; }

    /// <summary>What this model can and cannot do, where that is not obvious (the built-in one); shown to people.</summary>
    public string? Notice { get; init; }
}

/// <summary>Where a model came from.</summary>
public static class ModelSources
{
    public const string Configured = "configured";
    public const string Cache = "cache";
    public const string Hub = "hub";
    public const string BuiltIn = "built-in";
}

/// <summary><c>GET /node/engines/{id}/log</c>: the engine's last lines, oldest first.</summary>
public sealed record EngineLog(IReadOnlyList<string> Lines);
