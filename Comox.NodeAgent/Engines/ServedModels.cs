using Comox.NodeAgent.Adapters;
using Comox.NodeAgent.ModelCache;

namespace Comox.NodeAgent.Engines;

/// <summary>A model that this node serves, as the settings name it: <c>Comox:NodeAgent:Models:0</c>.</summary>
internal sealed record ServedModelOptions
{
    /// <summary>A path to a GGUF file, a folder with safetensors, or a Hugging Face name, as <see cref="NodeAgentOptions.Model"/>.</summary>
    public string Model { get; set; } = "";

    /// <summary>What clients send as <c>model</c>; null: made from the file's name.</summary>
    public string? Name { get; set; }

    /// <summary>The engine's id, as in <c>/node/engines/{id}</c>; null: made from the name.</summary>
    public string? Id { get; set; }

    /// <summary>True: always in memory.</summary>
    public bool Pinned { get; set; }

    /// <summary>One of <see cref="EngineKinds"/>; null: by what <see cref="Model"/> is.</summary>
    public string? Engine { get; set; }

    /// <summary>The same model in a form for each kind of engine, in place of <see cref="Model"/>: which of them is served, this node's hardware decides.</summary>
    public IReadOnlyList<ArtifactOptions> Artifacts { get; set; } = [];

    /// <summary>The card it is for, or the cards it is spread over and has to itself, by their index; then it must be pinned. None: one card, and the agent says which.</summary>
    public IReadOnlyList<int> Cards { get; set; } = [];

    /// <summary>LoRAs that are served beside it, each under a name of its own.</summary>
    public IReadOnlyList<AdapterOptions> Adapters { get; set; } = [];

    /// <summary>Adapters in one batch of vLLM; null: all, four at most.</summary>
    public int? AdaptersAtOnce { get; set; }

    /// <summary>Adapters that vLLM keeps loaded; null: all, sixteen at most.</summary>
    public int? AdaptersHeld { get; set; }

    /// <summary>How vLLM finds a call of a tool in what the model writes, by its name for <c>--tool-call-parser</c>; null: it takes no tools.</summary>
    public string? ToolParser { get; set; }

    /// <summary>How vLLM takes a model's thinking out of its answer, by its name for <c>--reasoning-parser</c>; null: it stays there.</summary>
    public string? ReasoningParser { get; set; }
}

/// <summary>One form of a model: <c>Comox:NodeAgent:Models:0:Artifacts:0</c>.</summary>
internal sealed record ArtifactOptions
{
    public string Model { get; set; } = "";
    public string? Engine { get; set; }
}

/// <summary>One form of a model that an engine may serve.</summary>
/// <param name="Model">What the settings name; null: Comox chooses.</param>
/// <param name="Engine">One of <see cref="EngineKinds"/>; null: by what the model is.</param>
/// <param name="Setting">The key that names it, for messages.</param>
internal sealed record EngineArtifact(string? Model, string? Engine, string Setting)
{
    public static IReadOnlyList<EngineArtifact> Of(ServedModelOptions served, string key) => served.Artifacts.Count == 0
        ? [new EngineArtifact(served.Model, served.Engine, $"{key}:Model")]
        : [.. served.Artifacts.Select((artifact, at) => new EngineArtifact(artifact.Model, artifact.Engine, $"{key}:Artifacts:{at}:Model"))];

    /// <summary>What is wrong with it as far as its name tells.</summary>
    public string? Problem()
    {
        if (Engine is not (null or EngineKinds.LlamaCpp or EngineKinds.VLlm))
            return $"{Setting[..^":Model".Length]}:Engine is '{Engine}'; there are {EngineKinds.LlamaCpp} and {EngineKinds.VLlm}, and without it the model decides.";
        if (Model is not { Length: > 0 } model || ModelReference.Parse(model) is not { } reference)
        {
            return Model is { } named && ModelFiles.IsPickle(named)
                ? $"{Setting}: {ModelFiles.Refusal(Path.GetFileName(named))}"
                : $"{Setting} must be a path to a .gguf file or to a folder with safetensors, or a Hugging Face name such as org/repo, org/repo:Q8_0 or org/repo:file.gguf; it is '{Model}'.";
        }

        return reference switch
        {
            ModelReference.OnHub { Selector: { } selector } when ModelFiles.IsPickle(selector) => $"{Setting}: {ModelFiles.Refusal(selector)}",
            { Format: ModelFormats.Gguf } when Engine == EngineKinds.VLlm => $"{Setting} is a GGUF file, and its engine is {EngineKinds.VLlm}. {Pairing.PairingRules.GgufOnVLlm}",
            { Format: ModelFormats.Safetensors } when Engine == EngineKinds.LlamaCpp => $"{Setting} is a folder with safetensors, and its engine is {EngineKinds.LlamaCpp}. {Pairing.PairingRules.SafetensorsOnLlamaCpp}",
            _ => null,
        };
    }
}
