namespace Comox.Web.Controls;

/// <summary>
/// The little markup of chat: <c>*actions*</c>, <c>**strong**</c>, <c>"speech"</c>, <c>`code`</c>, fenced code, paragraphs.
/// The result is a tree of words, never HTML, so nothing a model or a card writes can become an element of the page.
/// A marker without its partner is text: while a reply streams, the partner may still be on its way.
/// </summary>
internal static class Prose
{
    /// <summary>Deeper nesting than this is text: a reply of thousands of stars must not recurse as deep.</summary>
    private const int MaxDepth = 4;

    public static IReadOnlyList<ProseBlock> Parse(string text)
    {
        var blocks = new List<ProseBlock>();
        var paragraph = new List<string>();
        List<string>? code = null;
        foreach (var line in text.ReplaceLineEndings("\n").Split('\n'))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
            {
                if (code is null)
                    EndParagraph();
                else
                    blocks.Add(new CodeBlock(string.Join('\n', code)));
                code = code is null ? [] : null;
            }
            else if (code is not null)
                code.Add(line);
            else if (string.IsNullOrWhiteSpace(line))
                EndParagraph();
            else
                paragraph.Add(line);
        }

        if (code is not null)
            blocks.Add(new CodeBlock(string.Join('\n', code)));
        EndParagraph();
        return blocks;

        void EndParagraph()
        {
            if (paragraph.Count > 0)
                blocks.Add(new Paragraph(ParseSpans(string.Join('\n', paragraph), 0)));
            paragraph.Clear();
        }
    }

    private static List<ProseSpan> ParseSpans(ReadOnlySpan<char> text, int depth)
    {
        var spans = new List<ProseSpan>();
        var settled = Settled.None;
        var plainFrom = 0;
        var at = 0;
        while (at < text.Length)
        {
            if (depth < MaxDepth && SpanAt(text[at..], at == 0 ? ' ' : text[at - 1], depth, ref settled) is var (span, length))
            {
                AddText(spans, text[plainFrom..at]);
                spans.Add(span);
                at += length;
                plainFrom = at;
            }
            else
                at += RunOfStars(text[at..]);
        }

        AddText(spans, text[plainFrom..]);
        return spans;
    }

    private static (ProseSpan Span, int Length)? SpanAt(ReadOnlySpan<char> text, char before, int depth, ref Settled settled)
    {
        switch (text[0])
        {
            case '*':
                var stars = RunOfStars(text);
                var close = stars > 2 ? -1 : EndOfStars(text, stars, ref settled);
                if (close < 0)
                    return null;
                var inner = ParseSpans(text[stars..close], depth + 1);
                return (stars == 2 ? new StrongSpan(inner) : new ActionSpan(inner), close + stars);
            case '`':
                var tick = text[1..].IndexOf('`');
                return tick > 0 && !text.Slice(1, tick).Contains('\n') ? (new CodeSpan(text.Slice(1, tick).ToString()), tick + 2) : null;
            case '"' when !char.IsLetterOrDigit(before):
                return Speech(text, '"', depth, Settled.None, ref settled);
            case '\u201C':
                return Speech(text, '\u201D', depth, Settled.Quotes, ref settled);
            default:
                return null;
        }
    }

    /// <summary>The quotation marks stay part of the text: they are punctuation, not markup.</summary>
    private static (ProseSpan Span, int Length)? Speech(ReadOnlySpan<char> text, char mark, int depth, Settled kind, ref Settled settled)
    {
        if (kind != Settled.None && settled.HasFlag(kind))
            return null;
        var end = text[1..].IndexOf(mark);
        if (end < 0)
            settled |= kind;
        if (end < 1)
            return null;
        var spans = new List<ProseSpan>();
        AddText(spans, text[..1]);
        spans.AddRange(ParseSpans(text.Slice(1, end), depth + 1));
        AddText(spans, text.Slice(end + 1, 1));
        return (new SpeechSpan(spans), end + 2);
    }

    /// <summary>Where the closing run of exactly <paramref name="stars"/> stars begins, or -1. <c>2 * 3 * 4</c> opens nothing: a space follows the star.</summary>
    private static int EndOfStars(ReadOnlySpan<char> text, int stars, ref Settled settled)
    {
        var kind = stars == 2 ? Settled.TwoStars : Settled.OneStar;
        if (settled.HasFlag(kind) || stars >= text.Length || char.IsWhiteSpace(text[stars]))
            return -1;
        for (var at = stars; at < text.Length; at++)
        {
            if (text[at] != '*')
                continue;
            var run = RunOfStars(text[at..]);
            if (run == stars && !char.IsWhiteSpace(text[at - 1]))
                return at;
            at += run - 1;
        }

        settled |= kind;
        return -1;
    }

    private static int RunOfStars(ReadOnlySpan<char> text)
    {
        var length = text.IndexOfAnyExcept('*');
        return length < 0 ? text.Length : Math.Max(1, length);
    }

    /// <summary>
    /// Markers of which one was looked for up to the text's end and not found. Whether one closes depends on its own place alone, so for an opener further on there is
    /// none either: without this, each of a card's million open stars is searched the rest of the card for. A straight quote or a backtick needs none: the next one
    /// that could open is the one that closes, so only the last is looked for in vain.
    /// </summary>
    [Flags]
    private enum Settled
    {
        None = 0,
        OneStar = 1,
        TwoStars = 2,
        Quotes = 4,
    }

    private static void AddText(List<ProseSpan> spans, ReadOnlySpan<char> text)
    {
        if (!text.IsEmpty)
            spans.Add(new TextSpan(text.ToString()));
    }
}

internal abstract record ProseBlock;

internal sealed record Paragraph(IReadOnlyList<ProseSpan> Spans) : ProseBlock;

internal sealed record CodeBlock(string Text) : ProseBlock;

internal abstract record ProseSpan;

internal sealed record TextSpan(string Text) : ProseSpan;

internal sealed record CodeSpan(string Text) : ProseSpan;

internal sealed record ActionSpan(IReadOnlyList<ProseSpan> Spans) : ProseSpan;

internal sealed record StrongSpan(IReadOnlyList<ProseSpan> Spans) : ProseSpan;

internal sealed record SpeechSpan(IReadOnlyList<ProseSpan> Spans) : ProseSpan;
