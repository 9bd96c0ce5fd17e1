using System.Reflection;

namespace Comox.Memory.Datasets.Words;

/// <summary>
/// The words a data set is made of, written by hand in <c>Datasets/Lists</c> and built into the program:
/// <list type="bullet">
/// <item><c>values/NAME.txt</c>: a value a line;</item>
/// <item><c>topics/</c>, <c>voices/</c>, <c>talk/</c>: lines <c>key: text</c>, a key as often as it likes.</item>
/// </list>
/// Empty lines and lines that begin with <c>#</c> say nothing.
/// </summary>
internal sealed class WordLists
{
    private const string Prefix = "lists/";

    private readonly Dictionary<string, IReadOnlyList<string>> _lines;

    private WordLists(Dictionary<string, IReadOnlyList<string>> lines) => _lines = lines;

    public static WordLists BuiltIn { get; } = new(ReadAll());

    /// <summary>Names of all lists, as <c>topics/lives_in</c>, in order.</summary>
    public IEnumerable<string> Names => _lines.Keys.Order(StringComparer.Ordinal);

    /// <summary>The lines of <c>values/NAME</c>.</summary>
    public IReadOnlyList<string> Values(string name) => _lines.TryGetValue("values/" + name, out var lines) ? lines : throw new ArgumentException($"There is no list of values '{name}'.", nameof(name));

    public KeyedLines Keyed(string path) => _lines.TryGetValue(path, out var lines) ? KeyedLines.Of(path, lines) : throw new ArgumentException($"There is no list '{path}'.", nameof(path));

    /// <summary>The lists of a folder, by name.</summary>
    public IReadOnlyList<KeyedLines> Folder(string folder) => [.. Names.Where(name => name.StartsWith(folder + "/", StringComparison.Ordinal)).Select(Keyed)];

    /// <summary>These lists and one more.</summary>
    public WordLists With(string name, params IEnumerable<string> lines) => new(new Dictionary<string, IReadOnlyList<string>>(_lines, StringComparer.Ordinal) { [name] = Lines(lines) });

    /// <summary>What a list says; without what is for its readers.</summary>
    public static IReadOnlyList<string> Lines(IEnumerable<string> text) => [.. text.Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#').Distinct(StringComparer.Ordinal)];

    private static Dictionary<string, IReadOnlyList<string>> ReadAll()
    {
        var assembly = Assembly.GetExecutingAssembly();
        var all = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var name in assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            all[name[Prefix.Length..].Replace('\\', '/')] = Lines(reader.ReadToEnd().Split('\n'));
        }

        return all;
    }
}

/// <summary>A list whose lines have keys.</summary>
internal sealed class KeyedLines
{
    private readonly Dictionary<string, List<string>> _byKey = new(StringComparer.Ordinal);

    private KeyedLines(string path) => Path = path;

    /// <summary><c>topics/lives_in</c>.</summary>
    public string Path { get; }

    public IEnumerable<string> Keys => _byKey.Keys;

    /// <summary>How many lines it has.</summary>
    public int Count => _byKey.Values.Sum(texts => texts.Count);

    public string Name => Path[(Path.LastIndexOf('/') + 1)..];

    public static KeyedLines Of(string path, IEnumerable<string> lines)
    {
        var list = new KeyedLines(path);
        foreach (var line in lines)
        {
            var colon = line.IndexOf(": ", StringComparison.Ordinal);
            if (colon < 1)
                throw new FormatException($"'{line}' of the list {path} is not 'key: text'.");
            var key = line[..colon];
            if (!list._byKey.TryGetValue(key, out var texts))
                list._byKey[key] = texts = [];
            texts.Add(line[(colon + 2)..].Trim());
        }

        return list;
    }

    /// <summary>The texts of a key; empty where there is none.</summary>
    public IReadOnlyList<string> this[string key] => _byKey.TryGetValue(key, out var texts) ? texts : [];

    /// <summary>The texts of a key that must be there.</summary>
    public IReadOnlyList<string> Needed(string key) => this[key] is { Count: > 0 } texts ? texts : throw new FormatException($"The list {Path} has no '{key}'.");
}
