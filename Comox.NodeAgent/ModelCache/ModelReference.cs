using System.Text.RegularExpressions;

namespace Comox.NodeAgent.ModelCache;

/// <summary>What the setting <c>Model</c> names.</summary>
internal abstract partial record ModelReference
{
    /// <summary>A GGUF file of this machine.</summary>
    public sealed record LocalFile(string Path) : ModelReference;

    /// <summary>A file on the hub.</summary>
    /// <param name="Repository"><c>org/repo</c>.</param>
    /// <param name="Selector">A file name, a quantisation such as <c>Q8_0</c>, or null: Q8_0 where there is one.</param>
    public sealed record OnHub(string Repository, string? Selector) : ModelReference
    {
        public override string ToString() => Selector is null ? Repository : $"{Repository}:{Selector}";
    }

    /// <summary>Null when it is neither. <c>models/x.gguf</c> is a path: no hub repository is called like a file.</summary>
    public static ModelReference? Parse(string text)
    {
        if (text.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) && (Path.IsPathRooted(text) || !text.Contains(':')))
            return new LocalFile(Path.GetFullPath(text.StartsWith("~/", StringComparison.Ordinal) ? Home(text) : text));
        var match = HubName().Match(text);
        return match.Success && !text.Contains("..") ? new OnHub(match.Groups["repo"].Value, match.Groups["what"] is { Success: true, Value: var what } ? what : null) : null;
    }

    private static string Home(string text) => Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), text[2..]);

    [GeneratedRegex(@"^(?<repo>[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(:(?<what>[\w][\w./-]*))?$", RegexOptions.ExplicitCapture)]
    private static partial Regex HubName();
}
