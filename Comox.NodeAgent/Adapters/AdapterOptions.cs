using Comox.NodeAgent.Engines;
using Comox.NodeAgent.ModelCache;

namespace Comox.NodeAgent.Adapters;

/// <summary>A LoRA that is served beside its model, as the settings name it: <c>Comox:NodeAgent:Models:0:Adapters:0</c>.</summary>
internal sealed record AdapterOptions
{
    /// <summary>What clients send as <c>model</c> to get the model with this adapter.</summary>
    public string Name { get; set; } = "";

    /// <summary>A GGUF file for llama.cpp, a folder in PEFT's form for vLLM, or a Hugging Face name of either.</summary>
    public string Model { get; set; } = "";

    /// <summary>How strongly it is applied; llama.cpp alone can do it otherwise than the adapter says.</summary>
    public double Scale { get; set; } = 1;
}

/// <summary>An adapter of an engine.</summary>
/// <param name="Name">What clients send.</param>
/// <param name="Model">Its files, as the settings name them.</param>
/// <param name="Scale">How strongly it is applied.</param>
/// <param name="Setting">The key that names its files, for messages.</param>
internal sealed record AdapterSpec(string Name, string Model, double Scale, string Setting)
{
    public static IReadOnlyList<AdapterSpec> Of(ServedModelOptions served, string key) =>
        [.. served.Adapters.Select((adapter, at) => new AdapterSpec(adapter.Name, adapter.Model, adapter.Scale, $"{key}:Adapters:{at}:Model"))];

    /// <summary>What is wrong with the adapters of one model, as far as their names tell.</summary>
    /// <param name="served">The model.</param>
    /// <param name="key">The key that names it.</param>
    public static IEnumerable<string> Problems(ServedModelOptions served, string key)
    {
        var forms = EngineArtifact.Of(served, key).Select(FormOf).ToList();
        for (var at = 0; at < served.Adapters.Count; at++)
        {
            var (adapter, own) = (served.Adapters[at], $"{key}:Adapters:{at}");
            if (adapter.Name.Length is 0 or > 200 || adapter.Name.Any(char.IsControl))
                yield return $"{own}:Name is '{adapter.Name}'; an adapter has a name of 1 to 200 characters, which clients send as model.";
            if (adapter.Scale is not (>= -10 and <= 10) || adapter.Scale == 0)
                yield return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{own}:Scale is {adapter.Scale}; it must be between -10 and 10, and not 0.");
            if (ModelReference.Parse(adapter.Model) is not { } reference)
                yield return $"{own}:Model must be a path to a .gguf file or to a folder with adapter_config.json, or a Hugging Face name such as org/repo or org/repo:file.gguf; it is '{adapter.Model}'.";
            else if (reference.Format is { } form && forms.TrueForAll(known => known is not null && known != form))
                yield return $"{own}:Model is {(form == ModelFormats.Gguf ? $"a GGUF file, and its model is served by {EngineKinds.VLlm}. {AdapterFiles.GgufOnVLlm}" : $"a folder, and its model is served by {EngineKinds.LlamaCpp}. {AdapterFiles.PeftOnLlamaCpp}")}";
        }

        if (served.AdaptersAtOnce is < 1 or > 64 || served.AdaptersHeld is < 1 or > 1024 || served.AdaptersHeld < (served.AdaptersAtOnce ?? 1))
            yield return $"{key}:AdaptersAtOnce must be between 1 and 64, and {key}:AdaptersHeld between that and 1024.";
    }

    private static string? FormOf(EngineArtifact artifact) => artifact.Engine switch
    {
        EngineKinds.VLlm => ModelFormats.Safetensors,
        EngineKinds.LlamaCpp => ModelFormats.Gguf,
        _ => ModelReference.Parse(artifact.Model ?? "")?.Format,
    };
}
