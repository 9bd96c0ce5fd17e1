using Comox.NodeAgent.ModelCache.Stores;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.ModelCache;

/// <summary>The model to serve and where it lies.</summary>
/// <param name="Path">The GGUF file, or the folder with the safetensors.</param>
/// <param name="Source">One of <see cref="ModelSources"/>.</param>
/// <param name="Info">What its files say.</param>
/// <param name="Fallback">Why it is this one and none that comes before it.</param>
internal sealed record ChosenModel(string Path, string Source, ModelInfo Info, string? Fallback = null)
{
    /// <summary>The files with its weights.</summary>
    public IReadOnlyList<string> Weights => Info switch
    {
        SafetensorsInfo safetensors => safetensors.Weights,
        GgufInfo { Parts.Count: > 0 } split => split.Parts,
        _ => [Path],
    };
}

/// <summary>A model that the engine could not load.</summary>
internal sealed record RefusedModel(string Path, string Reason);

/// <summary>
/// Finds a model; there always is one.
/// <code>
/// (1) the one the settings name; when it cannot be had that is an error, never a silent other model
/// (2) a chat model that is already in a cache
/// (3) a small instruct model from the hub, when the hub answers
/// (4) the built-in one
/// </code>
/// What the engine has refused to load is not chosen again; the choice then says so. Models in safetensors are only served when the settings name them.
/// </summary>
internal sealed class ModelLibrary(ModelCaches caches, ModelStores stores, RepositoryFetch fetch, IOptions<NodeAgentOptions> options, ILogger<ModelLibrary> log)
{
    /// <summary>Small enough for two cores, and trained to follow a system message.</summary>
    public static readonly ModelReference.OnHub Default = new("Qwen/Qwen2.5-0.5B-Instruct-GGUF", "qwen2.5-0.5b-instruct-q8_0.gguf");

    /// <param name="configured">What the settings name; null: Comox chooses.</param>
    /// <param name="setting">The key that names it.</param>
    /// <param name="format">One of <see cref="ModelFormats"/>: what the engine reads.</param>
    /// <param name="refused">What the engine could not load.</param>
    /// <param name="report">Hears how far it is.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task<Outcome<ChosenModel>> ChooseAsync(
        string? configured, string setting, string format, IReadOnlyList<RefusedModel> refused, ProgressReport report, CancellationToken cancellation)
    {
        var needsCache = configured is not { Length: > 0 } || ModelReference.Parse(configured) is not (ModelReference.LocalFile or ModelReference.LocalFolder);
        if (needsCache && caches.Check() is { IsSuccess: false } wrong)
            return Outcome<ChosenModel>.Failed($"{wrong.Told} Then restart the engine.", wrong.Code);
        var chosen = await FindAsync(configured, setting, format, refused, report, cancellation);
        if (chosen.IsSuccess)
            caches.Use(setting, chosen.Value.Weights);
        return chosen;
    }

    /// <summary>In which form a model is: what the name says, else what is in a cache, else what its repository has.</summary>
    /// <returns>One of <see cref="ModelFormats"/>.</returns>
    public async Task<Outcome<string>> FormatOfAsync(ModelReference model, CancellationToken cancellation)
    {
        if (model.Format is { } said || model is not ModelReference.OnHub wanted)
            return Outcome<string>.Of(model.Format ?? ModelFormats.Gguf);
        if (caches.Find(wanted) is not null)
            return Outcome<string>.Of(ModelFormats.Gguf);
        if (caches.FindFolder(wanted.Repository) is not null)
            return Outcome<string>.Of(ModelFormats.Safetensors);
        var found = await stores.FindAsync(wanted, names => ModelSelection.Choose(names, null).Take(1).ToList(), cancellation);
        return found.IsSuccess
            ? Outcome<string>.Of(GgufSelection.ModelOf(found.Value[0].Name) is null ? ModelFormats.Safetensors : ModelFormats.Gguf)
            : Outcome<string>.Failed(found.Problem, found.Code);
    }

    private async Task<Outcome<ChosenModel>> FindAsync(
        string? configured, string setting, string format, IReadOnlyList<RefusedModel> refused, ProgressReport report, CancellationToken cancellation)
    {
        if (configured is { Length: > 0 }) // (1)
            return await ConfiguredAsync(configured, setting, format, report, cancellation);

        var passedOver = string.Join(' ', refused.Select(model => $"The engine cannot load {System.IO.Path.GetFileName(model.Path)}: {model.Reason}"));
        if (Cached(refused) is { } cached) // (2)
            return Outcome<ChosenModel>.Of(Explained(cached));

        var fallback = passedOver;
        if (options.Value.Offline)
        {
            fallback = $"{passedOver} {NodeAgentOptions.Section}:Offline is set.".TrimStart();
        }
        else if (!refused.Any(model => System.IO.Path.GetFileName(model.Path) == Default.Selector)) // (3)
        {
            var fetched = await FetchAsync(Default, ModelFormats.Gguf, ModelSources.Hub, report, cancellation);
            if (fetched.IsSuccess)
                return Outcome<ChosenModel>.Of(Explained(fetched.Value));
            fallback = $"{passedOver} {fetched.Told}".TrimStart();
            log.HubModelNotHad(fetched.Told);
        }

        var path = System.IO.Path.Combine(AppContext.BaseDirectory, "nodeagent", BuiltInModel.FileName); // (4)
        return GgufFile.TryRead(path, out var info, out var problem)
            ? Outcome<ChosenModel>.Of(new ChosenModel(path, ModelSources.BuiltIn, info, fallback))
            : Outcome<ChosenModel>.Failed($"The built-in model {path} cannot be used: {problem}. Install Comox again, or name a model in {NodeAgentOptions.Section}:Model.");

        ChosenModel Explained(ChosenModel model) => passedOver.Length > 0 ? model with { Fallback = passedOver } : model;
    }

    private async Task<Outcome<ChosenModel>> ConfiguredAsync(string configured, string setting, string format, ProgressReport report, CancellationToken cancellation)
    {
        switch (ModelReference.Parse(configured))
        {
            case ModelReference.LocalFile { Path: var path }:
                return GgufFile.TryRead(path, out var info, out var problem)
                    ? Outcome<ChosenModel>.Of(new ChosenModel(path, ModelSources.Configured, info))
                    : Outcome<ChosenModel>.Failed($"The model file {path} cannot be used: {problem}. Correct {setting}, or remove it to let Comox choose.");

            case ModelReference.LocalFolder { Path: var folder }:
                return Safetensors.TryRead(folder, out var read, out var unread)
                    ? Outcome<ChosenModel>.Of(new ChosenModel(folder, ModelSources.Configured, read))
                    : Outcome<ChosenModel>.Failed($"The model in {folder} cannot be used: {unread}. Correct {setting}.");

            case ModelReference.OnHub wanted:
                if ((format == ModelFormats.Safetensors ? caches.FindFolder(wanted.Repository) : caches.Find(wanted)) is { } cached)
                    return Read(cached, format, ModelSources.Configured);
                var fetched = await FetchAsync(wanted, format, ModelSources.Configured, report, cancellation);
                return fetched.IsSuccess
                    ? fetched
                    : Outcome<ChosenModel>.Failed($"The model {wanted} cannot be had. {fetched.Told} Then restart the engine; or remove {setting} to let Comox choose.", fetched.Code);

            default:
                return Outcome<ChosenModel>.Failed($"{setting} is not a model: '{configured}'.");
        }
    }

    private ChosenModel? Cached(IReadOnlyList<RefusedModel> refused)
    {
        if (caches.Find(Default) is { } preferred && IsAllowed(preferred) && Read(preferred, ModelFormats.Gguf, ModelSources.Cache) is { IsSuccess: true } known)
            return known.Value;

        // The smallest: on a CPU the difference between one that answers at once and one that does not.
        return caches.Files()
            .Where(file => IsAllowed(file.Path) && !GgufSelection.IsPart(file.Path))
            .Select(file => Read(file.Path, ModelFormats.Gguf, ModelSources.Cache).Value)
            .OfType<ChosenModel>()
            .Where(model => model.Info is GgufInfo { IsEncoder: false, HasChatTemplate: true })
            .MinBy(model => model.Info.SizeBytes);

        bool IsAllowed(string path) => refused.All(model => model.Path != path);
    }

    private async Task<Outcome<ChosenModel>> FetchAsync(ModelReference.OnHub wanted, string format, string source, ProgressReport report, CancellationToken cancellation)
    {
        var fetched = await FetchFilesAsync(wanted, format, report, cancellation);
        return fetched.IsSuccess ? Read(fetched.Value, format, source) : Outcome<ChosenModel>.Failed(fetched.Problem, fetched.Code);
    }

    /// <summary>Fetches what a name means, whatever it is.</summary>
    /// <returns>The path of the GGUF file, or of the folder.</returns>
    public async Task<Outcome<string>> FetchFilesAsync(ModelReference.OnHub wanted, string format, ProgressReport report, CancellationToken cancellation)
    {
        report($"Looking for {wanted.Repository}", null);
        var found = await stores.FindAsync(wanted, names => Choose(names, wanted.Selector, format), cancellation);
        if (!found.IsSuccess)
            return Outcome<string>.Failed(found.Problem, found.Code);

        foreach (var file in found.Value)
            log.Downloading(file.Name, file.Repository, file.Size);
        var fetched = await fetch.RunAsync(found.Value, report, cancellation);
        // Of a model in parts the folder comes back, and its first part stands for it.
        return fetched.IsSuccess && format == ModelFormats.Gguf && found.Value.Count > 1
            ? Outcome<string>.Of(System.IO.Path.Combine(fetched.Value, GgufSelection.PartsWith(found.Value[0].Name).First()))
            : fetched;
    }

    private static IReadOnlyList<string> Choose(IReadOnlyList<string> names, string? selector, string format) =>
        format == ModelFormats.Safetensors ? ModelSelection.Safetensors(names)
        : GgufSelection.Choose(names, selector) is null ? []
        : ModelSelection.Choose(names, selector);

    private static Outcome<ChosenModel> Read(string path, string format, string source)
    {
        ModelInfo? info;
        string? problem;
        if (format == ModelFormats.Safetensors)
            info = Safetensors.TryRead(path, out var folder, out problem) ? folder : null;
        else
            info = GgufFile.TryRead(path, out var file, out problem) ? file : null;
        return info is not null
            ? Outcome<ChosenModel>.Of(new ChosenModel(path, source, info))
            : Outcome<ChosenModel>.Failed($"The model file {path} cannot be used: {problem}. Delete it to have it fetched again.");
    }
}
