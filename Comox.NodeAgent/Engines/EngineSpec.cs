using Comox.NodeAgent.ModelCache;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Engines;

/// <summary>A model that this node serves, as the settings name it: <c>Comox:NodeAgent:Models:0</c>.</summary>
internal sealed record ServedModelOptions
{
    /// <summary>A path to a GGUF file, or a Hugging Face name, as <see cref="NodeAgentOptions.Model"/>.</summary>
    public string Model { get; set; } = "";

    /// <summary>What clients send as <c>model</c>; null: made from the file's name.</summary>
    public string? Name { get; set; }

    /// <summary>The engine's id, as in <c>/node/engines/{id}</c>; null: made from the name.</summary>
    public string? Id { get; set; }

    /// <summary>True: always in memory.</summary>
    public bool Pinned { get; set; }
}

/// <summary>One engine of this node and the model it is for.</summary>
/// <param name="Id">Stable within the node.</param>
/// <param name="Model">What the settings name; null: Comox chooses.</param>
/// <param name="Setting">The key that names it, for messages.</param>
/// <param name="IsPinned">Always in memory; the others are loaded when they are asked for.</param>
/// <param name="Name">What clients send; null: made from the file's name.</param>
internal sealed record EngineSpec(string Id, string? Model, string Setting, bool IsPinned, string? Name = null)
{
    public const string Chat = "chat";

    /// <summary>The engines that the settings make: the one of <c>Model</c>, always loaded, unless there are only <c>Models</c>; then those.</summary>
    public static IReadOnlyList<EngineSpec> Of(NodeAgentOptions options)
    {
        var specs = new List<EngineSpec>();
        if (options.Model is { Length: > 0 } || options.Models.Count == 0)
            specs.Add(new EngineSpec(Chat, options.Model, $"{NodeAgentOptions.Section}:Model", IsPinned: true));
        for (var at = 0; at < options.Models.Count; at++)
        {
            var served = options.Models[at];
            specs.Add(new EngineSpec(
                served.Id ?? (served.Name is { Length: > 0 } name ? EngineModels.Slug(name) : IdOf(served.Model)), served.Model, $"{NodeAgentOptions.Section}:Models:{at}:Model", served.Pinned, served.Name));
        }

        return specs;
    }

    public static IEnumerable<string> Problems(NodeAgentOptions options)
    {
        for (var at = 0; at < options.Models.Count; at++)
        {
            var (served, key) = (options.Models[at], $"{NodeAgentOptions.Section}:Models:{at}");
            if (ModelReference.Parse(served.Model) is null)
                yield return $"{key}:Model must be a path to a .gguf file or a Hugging Face name such as org/repo, org/repo:Q8_0 or org/repo:file.gguf; it is '{served.Model}'.";
            else if (served.Name is { } name && (name.Length is 0 or > 200 || name.Any(char.IsControl)))
                yield return $"{key}:Name is '{name}'; it must have 1 to 200 characters.";
            else if (served.Id is { } id && EngineModels.Slug(id) != id)
                yield return $"{key}:Id is '{id}'; it may have lower-case letters, digits, '-', '.' and '_', and must start and end with a letter or digit.";
        }

        foreach (var twice in Of(options).GroupBy(spec => spec.Id, StringComparer.Ordinal).Where(alike => alike.Count() > 1))
            yield return $"{string.Join(" and ", twice.Select(spec => spec.Setting))} both make an engine '{twice.Key}'; give one of them another Id.";
    }

    /// <summary>What is told of it before anything is known.</summary>
    public EngineStatus Announce(DateTimeOffset now) => new()
    {
        Id = Id, Kind = "llama.cpp", Role = "chat", State = EngineStates.Provisioning, Since = now, Reason = "Starting", ProxyPath = $"/node/engines/{Id}/proxy", Pinned = IsPinned,
    };

    private static string IdOf(string model) => ModelReference.Parse(model) switch
    {
        ModelReference.LocalFile file => EngineModels.Slug(Path.GetFileNameWithoutExtension(file.Path)),
        ModelReference.OnHub hub => EngineModels.Slug(hub.Repository.Split('/')[1] + (hub.Selector is null ? "" : "-" + Path.GetFileNameWithoutExtension(hub.Selector))),
        _ => "model",
    };
}
