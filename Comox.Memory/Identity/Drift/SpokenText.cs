namespace Comox.Memory.Identity.Drift;

internal enum PartKind
{
    /// <summary>What is neither of the others: in most chats, what the character says.</summary>
    Plain,

    /// <summary>Between single asterisks: <c>*She looks up.*</c></summary>
    Action,

    /// <summary>Between double quotation marks.</summary>
    Quote,
}

internal readonly record struct Part(PartKind Kind, int Start, int Length)
{
    public int End => Start + Length;
}

/// <summary>A reply cut into what is said, done and quoted. Quotation marks and apostrophes are straightened, so places in it are places in what was written.</summary>
internal sealed class SpokenText
{
    public SpokenText(string written)
    {
        Text = written.Replace('’', '\'').Replace('‘', '\'').Replace('“', '"').Replace('”', '"').Replace('„', '"');
        Parts = Cut(Text);
    }

    public string Text { get; }
    public IReadOnlyList<Part> Parts { get; }

    public ReadOnlySpan<char> Of(Part part) => Text.AsSpan(part.Start, part.Length);

    /// <summary>The part in which this place is.</summary>
    public Part At(int place)
    {
        foreach (var part in Parts)
        {
            if (place < part.End)
                return part;
        }

        return Parts.Count == 0 ? default : Parts[^1];
    }

    public bool Has(PartKind kind)
    {
        foreach (var part in Parts)
        {
            if (part.Kind == kind)
                return true;
        }

        return false;
    }

    private static List<Part> Cut(string text)
    {
        var parts = new List<Part>();
        var start = 0;
        for (var at = 0; at < text.Length; at++)
        {
            var kind = text[at] switch { '*' when IsSingle(text, at) => PartKind.Action, '"' => PartKind.Quote, _ => PartKind.Plain };
            if (kind == PartKind.Plain || Closing(text, at, kind) is not { } end)
                continue;
            Add(PartKind.Plain, start, at);
            Add(kind, at + 1, end);
            (start, at) = (end + 1, end);
        }

        Add(PartKind.Plain, start, text.Length);
        return parts;

        void Add(PartKind kind, int from, int to)
        {
            if (to > from)
                parts.Add(new Part(kind, from, to - from));
        }
    }

    // An asterisk before a blank is a list item, two are bold type; neither crosses the end of a paragraph, and nor does a quotation.
    private static int? Closing(string text, int open, PartKind kind)
    {
        if (open + 1 >= text.Length || (kind == PartKind.Action && char.IsWhiteSpace(text[open + 1])))
            return null;
        for (var at = open + 1; at < text.Length; at++)
        {
            if (text[at] == '\n' && (kind == PartKind.Quote || (at + 1 < text.Length && text[at + 1] == '\n')))
                return null;
            if (text[at] == text[open] && (kind == PartKind.Quote || IsSingle(text, at)))
                return at;
        }

        return null;
    }

    private static bool IsSingle(string text, int at) => (at == 0 || text[at - 1] != '*') && (at + 1 == text.Length || text[at + 1] != '*');
}
