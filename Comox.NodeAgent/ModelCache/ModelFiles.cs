namespace Comox.NodeAgent.ModelCache;

/// <summary>Which files may come into the cache: weights that are only numbers, and the texts that go with them.</summary>
internal static class ModelFiles
{
    private static readonly string[] Pickles = [".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".npy", ".npz"];
    private static readonly string[] Weights = [".gguf", ".safetensors"];
    private static readonly string[] Texts = [".json", ".jinja", ".txt", ".md", ".model", ".tiktoken"];

    /// <summary>The weights of a model and what an engine reads beside them; the rest of a repository is not worth its bytes.</summary>
    public static bool IsWanted(string name) => Refusal(name) is null && !name.EndsWith(".md", StringComparison.OrdinalIgnoreCase);

    public static bool IsWeights(string name) => Weights.Contains(Path.GetExtension(name).ToLowerInvariant());

    public static bool IsPickle(string name) => Pickles.Contains(Path.GetExtension(name).ToLowerInvariant());

    /// <returns>Null when it may; else why not, in one or more sentences.</returns>
    public static string? Refusal(string name)
    {
        var kind = Path.GetExtension(name).ToLowerInvariant();
        if (!StaysInside(name))
            return $"The file '{name}' is refused: its name leads out of the folder.";
        if (IsPickle(name))
            return $"The file {name} is refused: a {kind} file of a model is a Python pickle or may be one, and loading one runs whatever program is in it. Use a repository with .safetensors or .gguf files.";
        return Weights.Contains(kind) || Texts.Contains(kind)
            ? null
            : $"The file {name} is refused: of a model only {string.Join(", ", Weights)} and {string.Join(", ", Texts)} files are taken.";
    }

    /// <summary>Somebody else's words become a path: on Windows a backslash and a drive lead out of a folder, too.</summary>
    public static bool StaysInside(string name) =>
        name.Length is > 0 and < 500 && name.IndexOfAny(['\\', ':', '\0']) < 0 && !Path.IsPathRooted(name)
        && name.Split('/').All(part => part.Length > 0 && part is not ("." or "..") && !part.Any(char.IsControl));
}
