namespace Comox.NodeAgent.ModelCache;

/// <summary>Which of a repository's files are the model that a name means, for any engine.</summary>
internal static class ModelSelection
{
    /// <param name="names">All files of the repository.</param>
    /// <param name="selector">A GGUF file or a quantisation; null: the one GGUF file that Comox would choose, else the safetensors with what belongs to them.</param>
    /// <returns>None: nothing fits, or more than one thing does.</returns>
    public static IReadOnlyList<string> Choose(IReadOnlyList<string> names, string? selector)
    {
        if (GgufSelection.Choose(names, selector) is not { } one)
            return selector is null ? Safetensors(names) : [];
        return GgufSelection.IsPart(one) ? [.. names.Intersect(GgufSelection.PartsWith(one), StringComparer.OrdinalIgnoreCase).Order(StringComparer.OrdinalIgnoreCase)] : [one];
    }

    /// <summary>What a model needs beside those of its files that are here.</summary>
    /// <param name="here">Chosen by <see cref="Choose"/> among the files of a cache, which has no more of a model than has been fetched.</param>
    /// <param name="indexed">The files with weights that the model's index names, where it has one.</param>
    public static IReadOnlyList<string> Missing(IReadOnlyList<string> here, IEnumerable<string> indexed)
    {
        var needed = here.Where(GgufSelection.IsPart).SelectMany(GgufSelection.PartsWith).Concat(indexed);
        if (here.Any(name => name.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase)) && !here.Contains("adapter_config.json"))
            needed = needed.Append("config.json"); // It comes last: what has it has all the others.
        return [.. needed.Except(here, StringComparer.OrdinalIgnoreCase)];
    }

    /// <summary>The safetensors with what belongs to them; none: there are none.</summary>
    public static IReadOnlyList<string> Safetensors(IReadOnlyList<string> names)
    {
        var wanted = names.Where(name => ModelFiles.IsWanted(name) && GgufSelection.ModelOf(name) is null).ToList();
        return wanted.Any(ModelFiles.IsWeights) ? wanted : [];
    }
}
