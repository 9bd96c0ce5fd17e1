using Comox.NodeAgent.Engines;
using Comox.NodeAgent.ModelCache;

namespace Comox.NodeAgent.Adapters;

/// <summary>An adapter that an engine is to serve.</summary>
/// <param name="Spec">As the settings have it.</param>
/// <param name="Path">The GGUF file, or the folder.</param>
/// <param name="Info">What its files say; null: it cannot be served.</param>
/// <param name="Problem">Why not, in sentences; null: it can.</param>
internal sealed record ChosenAdapter(AdapterSpec Spec, string Path, AdapterInfo? Info, string? Problem)
{
    public string Name => Spec.Name;
    public bool IsGood => Problem is null;
}

/// <summary>Finds the adapters of a model, fetches those that are on the hub, and looks whether they fit. One that cannot be had is told of, and no reason not to serve the model.</summary>
internal sealed class AdapterLibrary(ModelCaches caches, ModelLibrary models)
{
    public async Task<IReadOnlyList<ChosenAdapter>> ChooseAsync(EngineSpec engine, ChosenModel model, string name, ProgressReport report, CancellationToken cancellation)
    {
        var chosen = new List<ChosenAdapter>();
        foreach (var adapter in engine.Adapters)
            chosen.Add(await ChooseAsync(adapter, model, name, report, cancellation));
        return chosen;
    }

    private async Task<ChosenAdapter> ChooseAsync(AdapterSpec adapter, ChosenModel model, string name, ProgressReport report, CancellationToken cancellation)
    {
        var isGguf = model.Info is GgufInfo;
        if (adapter.Name == name)
            return Unable($"It has the name of its model. Correct {adapter.Setting[..^":Model".Length]}:Name, then restart the agent.");
        if (!isGguf && adapter.Scale != 1)
            return Unable($"vLLM applies an adapter as its lora_alpha says. Take {adapter.Setting[..^":Model".Length]}:Scale away, then restart the agent.");
        var reference = ModelReference.Parse(adapter.Model);
        if (reference?.Format is { } form && form != model.Info.Format)
            return Unable($"{(isGguf ? AdapterFiles.PeftOnLlamaCpp : AdapterFiles.GgufOnVLlm)} Correct {adapter.Setting}, then restart the agent.");
        var path = await PathAsync(reference, model.Info.Format, report, cancellation);
        if (!path.IsSuccess)
            return Unable($"It cannot be had. {path.Told} Correct that or {adapter.Setting}, then restart the agent.");
        var info = AdapterFiles.Read(path.Value, model.Info);
        if (!info.IsSuccess)
            return Unable($"{path.Value} cannot be used: {info.Problem}. Correct {adapter.Setting}, then restart the agent.");
        caches.Use(adapter.Setting, info.Value.Files);
        return new ChosenAdapter(adapter, path.Value, info.Value, null);

        ChosenAdapter Unable(string problem) => new(adapter, "", null, problem);
    }

    private async Task<Outcome<string>> PathAsync(ModelReference? reference, string format, ProgressReport report, CancellationToken cancellation)
    {
        switch (reference)
        {
            case ModelReference.LocalFile { Path: var file }:
                return Outcome<string>.Of(file);
            case ModelReference.LocalFolder { Path: var folder }:
                return Outcome<string>.Of(folder);
            case ModelReference.OnHub wanted:
                if (caches.Check() is { IsSuccess: false } wrong)
                    return wrong;
                var cached = format == ModelFormats.Gguf ? caches.Find(wanted) : caches.FindFolder(wanted.Repository, "adapter_config.json");
                return cached is null ? await models.FetchFilesAsync(wanted, format, report, cancellation) : Outcome<string>.Of(cached);
            default:
                return Outcome<string>.Failed("Its name is none.");
        }
    }
}
