using System.Text.RegularExpressions;

namespace Comox.NodeAgent.ModelCache;

/// <summary>What the setting <c>Model</c> names.</summary>
internal abstract partial record ModelReference
{
    /// <summary>A GGUF file of this machine.</summary>
    public sealed record LocalFile(string Path) : ModelReference;

    /// <summary>A folder of this machine with a model's <c>config.json</c> and safetensors.</summary>
    public sealed record LocalFolder(string Path) : ModelReference;

    /// <summary>A file on the hub.</summary>
    /// <param name="Repository"><c>org/repo</c>.</param>
    /// <param name="Selector">A GGUF file, a quantisation such as <c>Q8_0</c>, or null: of GGUF files Q8_0 where there is one, else the safetensors.</param>
    public sealed record OnHub(string Repository, string? Selector) : ModelReference
    {
        public override string ToString() => Selector is null ? Repository : $"{Repository}:{Selector}";
    }

    /// <summary>In which form the name alone says that it is; null: it may be either.</summary>
    public string? Format => this switch
    {
        LocalFile or OnHub { Selector: not null } => ModelFormats.Gguf,
        LocalFolder => ModelFormats.Safetensors,
        _ => null,
    };

    /// <summary>
    /// Null when it is none. <c>models/x.gguf</c> is a path: no hub repository is called like a file. A folder is only one that begins like a path, because
    /// <c>models/x</c> may be a repository.
    /// </summary>
    public static ModelReference? Parse(string text)
    {
        if (text.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) && (Path.IsPathRooted(text) || !text.Contains(':')))
            return new LocalFile(Full(text));
        if (Path.IsPathRooted(text) || text.StartsWith("~/", StringComparison.Ordinal) || text.StartsWith("./", StringComparison.Ordinal))
            return Path.HasExtension(text) && (ModelFiles.IsPickle(text) || ModelFiles.IsWeights(text)) ? null : new LocalFolder(Path.TrimEndingDirectorySeparator(Full(text)));
        var match = HubName().Match(text);
        return match.Success && !text.Contains("..") ? new OnHub(match.Groups["repo"].Value, match.Groups["what"] is { Success: true, Value: var what } ? what : null) : null;
    }

    private static string Full(string text) => Path.GetFullPath(text.StartsWith("~/", StringComparison.Ordinal) ? Home(text) : text);

    private static string Home(string text) => Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), text[2..]);

    [GeneratedRegex(@"^(?<repo>[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(:(?<what>[\w][\w./-]*))?$", RegexOptions.ExplicitCapture)]
    private static partial Regex HubName();
}
