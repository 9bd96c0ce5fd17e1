using System.Text;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.ModelCache;

/// <summary>The built-in model, and how a chosen model looks to others.</summary>
internal static class BuiltInModel
{
    public const string FileName = "keepsake-q8.gguf";

    /// <summary>The name its own file gives it; a copy elsewhere needs its prompt profile too.</summary>
    public const string Name = "keepsake";

    /// <summary>An LFM2; those before were llamas.</summary>
    public static bool Is(ModelInfo info) => info is { Name: Name, Architecture: "lfm2" or "llama" };

    public static string Notice(string? fallback) =>
        "The built-in demonstration model (4 million parameters): it speaks as the character's card says, takes in what it is told of you, and answers " +
        "questions about it. It knows nothing of the world and cannot hold an open conversation; for that, name a model in Comox:NodeAgent:Model." +
        (fallback is null ? "" : $" No other model is in use because: {fallback}");
}

/// <summary>A chosen model as others see it.</summary>
internal static class EngineModels
{
    private const int StandardContext = 4096;

    /// <summary>Tokens of one slot.</summary>
    public static int SlotContext(ModelInfo info, NodeAgentOptions options)
    {
        var wanted = options.ContextTokens ?? (BuiltInModel.Is(info) ? PromptProfile.BuiltIn.ContextTokens : StandardContext);
        return Math.Min(wanted, info.ContextTokens ?? wanted);
    }

    /// <param name="model">The file.</param>
    /// <param name="options">How much of its context is used.</param>
    /// <param name="name">What the settings call it; null: its own name.</param>
    public static EngineModel Describe(ChosenModel model, NodeAgentOptions options, string? name = null)
    {
        var builtIn = BuiltInModel.Is(model.Info);
        return new EngineModel
        {
            Name = name ?? (builtIn ? BuiltInModel.Name : Slug(Path.GetFileNameWithoutExtension(model.Path))),
            Source = model.Source,
            SizeBytes = model.Info.SizeBytes,
            Parameters = model.Info.Parameters,
            ContextTokens = SlotContext(model.Info, options),
            Profile = builtIn ? PromptProfile.BuiltIn : PromptProfiles.ForContext(SlotContext(model.Info, options)),
            Notice = builtIn ? BuiltInModel.Notice(model.Fallback) : model.Fallback,
        };
    }

    /// <summary>The name clients send: the file's, in lower case, with what a URL or a shell would trip over replaced by <c>-</c>.</summary>
    public static string Slug(string fileName)
    {
        var slug = new StringBuilder(fileName.Length);
        foreach (var c in fileName)
        {
            if (char.IsAsciiLetterOrDigit(c) || c is '.' or '_')
                slug.Append(char.ToLowerInvariant(c));
            else if (slug.Length > 0 && slug[^1] != '-')
                slug.Append('-');
        }

        return slug.ToString().Trim('-', '.') is { Length: > 0 } name ? name : "model";
    }
}
