using Comox.BuiltInModel.Model;
using Comox.BuiltInModel.Tokenizer;

namespace Comox.BuiltInModel.Training;

/// <summary>Where the words of a reply come from: what is said again of the prompt, and which place of it a reply is about.</summary>
/// <remarks>
/// From the text alone a small model needs most of its training to find out where to look. Whoever reads prompt and reply side by side sees it, and can tell the model
/// ("Neural Machine Translation with Supervised Attention", L. Liu and others, 2016). What is learned is an ordinary llama.
/// </remarks>
internal sealed class Sources(SpmTokenizer tokenizer)
{
    /// <summary>A piece that makes up less than this share of all replies says something; a stretch without any such piece is everywhere.</summary>
    private const double Telling = 0.002;

    /// <summary>A stretch that the prompt has in more places than this is about none of them.</summary>
    private const int MostPlaces = 6;

    /// <summary>What a character always says stands in each of its replies: several tokens may be copied from any of so many places.</summary>
    private const int MostCopies = 30;

    /// <summary>So many tokens of a reply that says nothing of the prompt look at its beginning.</summary>
    private const int Nothing = 6;

    private readonly int _lineBreak = tokenizer.Encode("\n")[^1];
    private readonly long[] _counts = new long[tokenizer.Pieces.Count];
    private long _all;

    /// <summary>
    /// <list type="number">
    /// <item>The reply is cut into stretches that stand in the prompt, too, each as long as can be; each of its tokens is copied from there;</item>
    /// <item>of these a stretch that is in nobody's card and not in the question is what the reply is about, and every token up to it looks there;</item>
    /// <item>where there is no such stretch, but for a name that may be asked for, the reply is about nothing that the prompt has.</item>
    /// </list>
    /// </summary>
    /// <param name="tokens">A whole example.</param>
    /// <param name="learned">For each token, whether it is to be learned. Looked at is the last stretch of such.</param>
    public IReadOnlyList<Hint> Of(int[] tokens, bool[] learned)
    {
        var end = Array.LastIndexOf(learned, true);
        if (end < 1)
            return [];
        var start = end;
        while (start > 1 && learned[start - 1])
            start--;
        Count(tokens.AsSpan(start, end + 1 - start));

        // 1.
        var said = Stretches(tokens, start, end).ToList();
        var hints = said.Where(stretch => stretch.Places.Count <= (stretch.Length > 1 ? MostCopies : MostPlaces))
            .SelectMany(stretch => Enumerable.Range(0, stretch.Length).Select(index => new Hint(Hint.Head.Copy, stretch.At + index, [.. stretch.Places.Select(place => place + index)]))).ToList();

        // 2.
        var (card, question) = (Array.IndexOf(tokens, tokenizer.End, 0, start), QuestionIn(tokens, start));
        bool IsAsked(Stretch stretch) => stretch.Places.Exists(place => place >= question.From && place < question.To);
        bool IsOfCard(Stretch stretch) => stretch.Places[0] <= card;
        var about = said.Where(stretch => !IsOfCard(stretch) && !IsAsked(stretch)).ToList();
        var looking = start;
        foreach (var stretch in about.Where(stretch => stretch.Places.Count <= MostPlaces))
        {
            int[] keys = [.. stretch.Places.SelectMany(place => Enumerable.Range(place, stretch.Length))];
            for (; looking <= stretch.At; looking++)
                hints.Add(new Hint(Hint.Head.Find, looking, keys));
        }

        // 3. The card's first line has the names: a reply may be about nobody else's.
        var names = Array.IndexOf(tokens, _lineBreak, Array.IndexOf(tokens, _lineBreak) + 1);
        if (about.Count == 0 && (said.Exists(IsAsked) || said.TrueForAll(stretch => IsOfCard(stretch) && stretch.Places[0] > names)))
            hints.AddRange(Enumerable.Range(start, Math.Min(Nothing, end - start)).Select(at => new Hint(Hint.Head.Find, at, [0])));
        return hints;
    }

    private void Count(ReadOnlySpan<int> reply)
    {
        foreach (var token in reply)
            _counts[token]++;
        _all += reply.Length;
    }

    private IEnumerable<Stretch> Stretches(int[] tokens, int start, int end)
    {
        for (var at = start; at < end;)
        {
            var stretch = Longest(tokens, at, end, start);
            if (stretch.Length > 0 && Enumerable.Range(at, stretch.Length).Any(index => _counts[tokens[index]] < Telling * _all))
                yield return stretch;
            at += Math.Max(1, stretch.Length);
        }
    }

    /// <summary>The last paragraph of the last message.</summary>
    private (int From, int To) QuestionIn(int[] tokens, int start)
    {
        var to = Array.LastIndexOf(tokens, tokenizer.End, start - 1);
        if (to < 1)
            return (start, start);
        var from = to - 1;
        while (from > 1 && tokens[from] != tokenizer.Start && !(tokens[from] == _lineBreak && tokens[from - 1] == _lineBreak))
            from--;
        return (from, to);
    }

    private static Stretch Longest(int[] tokens, int at, int end, int prompt)
    {
        var longest = new Stretch(at, 0, []);
        for (var place = Array.IndexOf(tokens, tokens[at], 1, prompt - 1); place > 0; place = Array.IndexOf(tokens, tokens[at], place + 1, prompt - place - 1))
        {
            var length = tokens.AsSpan(place, Math.Min(end - at, prompt - place)).CommonPrefixLength(tokens.AsSpan(at));
            if (length > longest.Length)
                longest = new Stretch(at, length, []);
            if (length == longest.Length)
                longest.Places.Add(place);
        }

        return longest;
    }

    /// <summary>So many tokens of a reply, from one on, stand in the prompt, too, and begin there at these places.</summary>
    private sealed record Stretch(int At, int Length, List<int> Places);
}
