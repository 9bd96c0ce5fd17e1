using System.Globalization;
using System.Text.RegularExpressions;

namespace Comox.NodeAgent.ModelCache;

/// <summary>Which of a repository's files is meant.</summary>
internal static partial class GgufSelection
{
    /// <param name="names">All files of the repository.</param>
    /// <param name="selector">A file name, a quantisation, or null for Q8_0 or else the only one.</param>
    /// <returns>Null when none or more than one fits. Of a model in parts, which is chosen only when it is named or when no whole one has the quantisation, the first.</returns>
    public static string? Choose(IEnumerable<string?> names, string? selector)
    {
        var models = names.OfType<string>()
            .Where(name => name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) && ModelFiles.StaysInside(name))
            .ToList();
        if (selector?.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) == true)
            return models.Find(name => name.Equals(selector, StringComparison.OrdinalIgnoreCase)) is { } named ? First(named) : null;

        var whole = models.Where(name => !IsPart(name) && !name.Contains("mmproj", StringComparison.OrdinalIgnoreCase)).ToList();
        if (selector is null)
            return Only(whole, "Q8_0") ?? (whole is [var one] ? one : null);
        var split = models.Where(IsPart).GroupBy(name => ModelOf(name)!, StringComparer.OrdinalIgnoreCase).Where(model => Fits(model.Key, selector)).ToList();
        return Only(whole, selector) ?? (split is [var only] ? First(only.First()) : null);

        string First(string name) => IsPart(name) ? models.Find(part => part.Equals(PartsWith(name).FirstOrDefault(), StringComparison.OrdinalIgnoreCase)) ?? name : name;
    }

    /// <summary>One file of a model that is split into several.</summary>
    public static bool IsPart(string name) => Part().IsMatch(name);

    /// <summary>The names of all the parts of the model of which <paramref name="part"/> is one.</summary>
    public static IEnumerable<string> PartsWith(string part)
    {
        var ending = Part().Match(part).Value; // -00001-of-00003.gguf
        return Enumerable.Range(1, int.Parse(ending.AsSpan(10, 5), CultureInfo.InvariantCulture))
            .Select(number => string.Create(CultureInfo.InvariantCulture, $"{part[..^ending.Length]}-{number:00000}{ending[6..]}"));
    }

    /// <summary>The model that a GGUF file is, or is a part of: its name without <c>-00001-of-00003</c>. Null when it is no GGUF file.</summary>
    public static string? ModelOf(string name) => name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) ? Part().Replace(name, ".gguf") : null;

    [GeneratedRegex(@"-[0-9]{5}-of-[0-9]{5}\.gguf\z", RegexOptions.IgnoreCase)]
    private static partial Regex Part();

    private static string? Only(List<string> names, string quantisation) => names.Where(name => Fits(name, quantisation)).ToList() is [var only] ? only : null;

    private static bool Fits(string name, string quantisation) => Path.GetFileNameWithoutExtension(name).EndsWith(quantisation, StringComparison.OrdinalIgnoreCase);
}
