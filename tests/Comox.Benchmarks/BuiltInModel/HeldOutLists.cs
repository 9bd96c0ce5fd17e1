namespace Comox.Benchmarks.BuiltInModel;

/// <summary>The lists of the folder HeldOut: what the built-in model has never seen. Lines that begin with # are comments.</summary>
internal sealed class HeldOutLists
{
    private readonly string _folder;

    public HeldOutLists(string folder)
    {
        _folder = folder;
        Names = [.. Lines("names.txt")];
        Values = Keyed("values.txt").SelectMany(pair => pair.Text.Split(", ").Select(value => (pair.Key, value))).ToLookup(pair => pair.Key, pair => pair.value, StringComparer.Ordinal);
        Nouns = Keyed("nouns.txt").Select(pair => (pair.Key, pair.Text.Split(" = "))).ToLookup(pair => pair.Key, pair => new HeldOutNoun(pair.Item2[0], pair.Item2[1]), StringComparer.Ordinal);
        Common = Lookup("common.txt");
        Phrasings = Keyed("phrasings.txt").Concat(Keyed("phrasings-own.txt")).ToLookup(pair => pair.Key, pair => pair.Text, StringComparer.Ordinal);
        Told = Lookup("told.txt");
        Corrections = [.. Lines("corrections.txt")];
        World = [.. Lines("world.txt")];
        Greetings = [.. Lines("greetings.txt")];
        Remarks = [.. Lines("remarks.txt")];
        Fillers = [.. Lines("lines.txt")];
        Personas = HeldOutPersona.Read(File.ReadLines(Path.Combine(folder, "personas.txt")));
    }

    /// <summary>Of people.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>By what they are: "city", "job".</summary>
    public ILookup<string, string> Values { get; }

    /// <summary>Of <c>my {n}</c>, by "is", "favourite", "named" and "pet".</summary>
    public ILookup<string, HeldOutNoun> Nouns { get; }

    /// <summary>Questions by topic that the model may have seen.</summary>
    public ILookup<string, string> Common { get; }

    /// <summary>Questions by topic that it has not.</summary>
    public ILookup<string, string> Phrasings { get; }

    /// <summary>Statements by topic.</summary>
    public ILookup<string, string> Told { get; }

    public IReadOnlyList<string> Corrections { get; }
    public IReadOnlyList<string> World { get; }
    public IReadOnlyList<string> Greetings { get; }
    public IReadOnlyList<string> Remarks { get; }

    /// <summary>What a character says in between, without its voice and without a full stop.</summary>
    public IReadOnlyList<string> Fillers { get; }

    public IReadOnlyList<HeldOutPersona> Personas { get; }

    private ILookup<string, string> Lookup(string file) => Keyed(file).ToLookup(pair => pair.Key, pair => pair.Text, StringComparer.Ordinal);

    private IEnumerable<(string Key, string Text)> Keyed(string file) => Lines(file).Select(line => line.Split(": ", 2)).Select(parts => (parts[0], parts[1]));

    private IEnumerable<string> Lines(string file) => File.ReadLines(Path.Combine(_folder, file)).Where(line => line.Length > 0 && line[0] != '#');
}

/// <param name="Word">"scooter".</param>
/// <param name="Values">The list that its values are of.</param>
internal sealed record HeldOutNoun(string Word, string Values);
