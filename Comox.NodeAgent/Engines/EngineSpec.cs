using Comox.NodeAgent.Adapters;
using Comox.NodeAgent.ModelCache;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Engines;

/// <summary>One engine of this node and the model it is for.</summary>
/// <param name="Id">Stable within the node.</param>
/// <param name="Artifacts">The forms of the model, one or more; one of them is served.</param>
/// <param name="IsPinned">Always in memory; the others are loaded when they are asked for.</param>
/// <param name="Name">What clients send; null: made from the file's name.</param>
internal sealed record EngineSpec(string Id, IReadOnlyList<EngineArtifact> Artifacts, bool IsPinned, string? Name = null)
{
    public const string Chat = "chat";

    /// <summary>LoRAs that are served beside the model.</summary>
    public IReadOnlyList<AdapterSpec> Adapters { get; init; } = [];

    /// <summary>How many of them are in one batch, and loaded, at most; null: as many as there are, within reason.</summary>
    public (int? AtOnce, int? Held) AdapterLimits { get; init; }

    /// <summary>vLLM's parsers for calls of tools and for thinking; null: none.</summary>
    public (string? Tools, string? Reasoning) Parsers { get; init; }

    /// <summary>The card it is for, or those it is spread over; none: one card, whichever, or the CPU.</summary>
    public IReadOnlyList<int> Cards { get; init; } = [];

    /// <summary>The key that names it, for messages.</summary>
    public string Setting => string.Join(" and ", Artifacts.Select(artifact => artifact.Setting));

    /// <summary>The engines that the settings make: the one of <c>Model</c>, always loaded, unless there are only <c>Models</c>; then those.</summary>
    public static IReadOnlyList<EngineSpec> Of(NodeAgentOptions options)
    {
        var specs = new List<EngineSpec>();
        if (options.Model is { Length: > 0 } || options.Models.Count == 0)
            specs.Add(new EngineSpec(Chat, [new EngineArtifact(options.Model, null, $"{NodeAgentOptions.Section}:Model")], IsPinned: true));
        for (var at = 0; at < options.Models.Count; at++)
        {
            var served = options.Models[at];
            var artifacts = EngineArtifact.Of(served, Key(at));
            specs.Add(new EngineSpec(
                served.Id ?? (served.Name is { Length: > 0 } name ? EngineModels.Slug(name) : IdOf(artifacts[0].Model ?? "")), artifacts, served.Pinned, served.Name)
            {
                Cards = served.Cards,
                Adapters = AdapterSpec.Of(served, Key(at)),
                AdapterLimits = (served.AdaptersAtOnce, served.AdaptersHeld),
                Parsers = (served.ToolParser, served.ReasoningParser),
            });
        }

        return specs;
    }

    public static IEnumerable<string> Problems(NodeAgentOptions options)
    {
        for (var at = 0; at < options.Models.Count; at++)
        {
            var (served, key) = (options.Models[at], Key(at));
            if (served.Artifacts.Count > 0 && (served.Model.Length > 0 || served.Engine is not null))
                yield return $"{key} has Artifacts and also Model or Engine; each of the Artifacts has its own.";
            else if (EngineArtifact.Of(served, key).Select(artifact => artifact.Problem()).FirstOrDefault(problem => problem is not null) is { } wrong)
                yield return wrong;
            else if (served.Artifacts.Count > 0 && served.Name is not { Length: > 0 })
                yield return $"{key}:Name is missing: with Artifacts a model has one name, whichever of them is served.";
            else if (served.Name is { } name && (name.Length is 0 or > 200 || name.Any(char.IsControl)))
                yield return $"{key}:Name is '{name}'; it must have 1 to 200 characters.";
            else if (served.Id is { } id && EngineModels.Slug(id) != id)
                yield return $"{key}:Id is '{id}'; it may have lower-case letters, digits, '-', '.' and '_', and must start and end with a letter or digit.";
            else if (served.Cards.Any(card => card < 0) || served.Cards.Distinct().Count() != served.Cards.Count || (served.Cards.Count > 1 && !served.Pinned))
                yield return $"{key}:Cards has the indexes of cards, each once; a model that is spread over several has them to itself, and needs {key}:Pinned.";
            foreach (var (setting, parser) in new[] { (nameof(served.ToolParser), served.ToolParser), (nameof(served.ReasoningParser), served.ReasoningParser) })
            {
                if (parser is not null && (parser.Length == 0 || !parser.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-')))
                    yield return $"{key}:{setting} is '{parser}'; it is the name of one of vLLM's parsers, such as hermes or qwen3.";
            }

            foreach (var problem in AdapterSpec.Problems(served, key))
                yield return problem;
        }

        foreach (var name in options.Models.Select(served => served.Name).OfType<string>().Concat(options.Models.SelectMany(served => served.Adapters).Select(adapter => adapter.Name)).Where(name => name.Length > 0)
            .GroupBy(name => name, StringComparer.Ordinal).Where(alike => alike.Count() > 1 && options.Models.Any(served => served.Adapters.Any(adapter => adapter.Name == alike.Key))))
            yield return $"{NodeAgentOptions.Section}:Models names '{name.Key}' more than once; a client that sends it as model means one model or one adapter.";

        foreach (var card in options.Models.Where(served => served.Cards.Count > 1).SelectMany(served => served.Cards.Distinct()).GroupBy(card => card).Where(alike => alike.Count() > 1))
            yield return $"{NodeAgentOptions.Section}:Models spreads two models over card {card.Key}; a model that is spread over several cards has them to itself.";
        foreach (var twice in Of(options).GroupBy(spec => spec.Id, StringComparer.Ordinal).Where(alike => alike.Count() > 1))
            yield return $"{string.Join(" and ", twice.Select(spec => spec.Setting))} both make an engine '{twice.Key}'; give one of them another Id.";
    }

    /// <summary>What is told of it before anything is known.</summary>
    public EngineStatus Announce(DateTimeOffset now) => new()
    {
        Id = Id, Kind = Artifacts[0].Engine ?? EngineKinds.LlamaCpp, Role = "chat", State = EngineStates.Provisioning, Since = now, Reason = "Starting", ProxyPath = $"/node/engines/{Id}/proxy", Pinned = IsPinned,
        Adapters = [.. Adapters.Select(adapter => new AdapterStatus { Name = adapter.Name, State = AdapterStates.Unloaded, Reason = "Starting" })],
    };

    private static string Key(int at) => $"{NodeAgentOptions.Section}:Models:{at}";

    private static string IdOf(string model) => ModelReference.Parse(model) switch
    {
        ModelReference.LocalFile file => EngineModels.Slug(Path.GetFileNameWithoutExtension(file.Path)),
        ModelReference.LocalFolder folder => EngineModels.Slug(Path.GetFileName(folder.Path)),
        ModelReference.OnHub hub => EngineModels.Slug(hub.Repository.Split('/')[1] + (hub.Selector is null ? "" : "-" + Path.GetFileNameWithoutExtension(hub.Selector))),
        _ => "model",
    };
}
