using System.Globalization;

namespace Comox.BuiltInModel.Tokenizer;

/// <summary>Learns the pieces: joins the pair of neighbours that is most frequent, again and again.</summary>
internal sealed class BpeTrainer
{
    public const string StartText = "<|im_start|>";
    public const string EndText = "<|im_end|>";

    private readonly List<Word> _words = [];
    private readonly Dictionary<(string, string), long> _counts = [];
    private readonly Dictionary<(string, string), HashSet<int>> _places = [];

    private sealed class Word(List<string> parts, long count)
    {
        public List<string> Parts { get; set; } = parts;

        public long Count { get; } = count;
    }

    /// <param name="counts">Segment → how often it was seen.</param>
    /// <param name="vocabulary">Count of all pieces, the control and byte pieces included.</param>
    /// <param name="cap">Each distinct segment counts at most so often: or a list of names that comes in every line would fill the vocabulary.</param>
    /// <param name="longest">Characters in a piece at most.</param>
    public static SpmTokenizer Train(IReadOnlyDictionary<string, long> counts, int vocabulary, int cap, int longest)
    {
        var pieces = new List<Piece> { new("<unk>", 0, PieceKind.Unknown), new(StartText, 0, PieceKind.Control), new(EndText, 0, PieceKind.Control) };
        pieces.AddRange(Enumerable.Range(0, 256).Select(value => new Piece(string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>"), 0, PieceKind.Byte)));
        var letters = Letters(counts, cap);
        pieces.AddRange(letters.Select(letter => new Piece(letter, 0, PieceKind.Normal)));
        if (pieces.Count >= vocabulary)
            throw new UsageException($"--vocab must be more than {pieces.Count}: so many are characters and control pieces.");

        var trainer = new BpeTrainer(counts, letters.ToHashSet(), cap);
        var known = letters.ToHashSet();
        while (pieces.Count < vocabulary && trainer.Best(longest) is { } pair)
        {
            trainer.Join(pair);

            // The scores only say the order: an earlier pair is joined before a later one.
            if (known.Add(pair.Left + pair.Right))
                pieces.Add(new Piece(pair.Left + pair.Right, -pieces.Count, PieceKind.Normal));
        }

        return new SpmTokenizer(pieces);
    }

    /// <summary>All that a keyboard writes, and of the rest what is frequent. All others are written as bytes.</summary>
    private static List<string> Letters(IReadOnlyDictionary<string, long> counts, int cap)
    {
        var seen = new Dictionary<string, long>();
        foreach (var (word, count) in counts)
        {
            foreach (var rune in word.EnumerateRunes())
                seen[rune.ToString()] = seen.GetValueOrDefault(rune.ToString()) + Math.Min(count, cap);
        }

        var written = Enumerable.Range(0x21, 0x7F - 0x21).Select(value => ((char)value).ToString()).Prepend(Segments.Space.ToString()).ToList();
        return [.. written, .. seen.Where(pair => pair.Key[0] > 0x7F && pair.Value >= 20).OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => pair.Key).Except(written).Take(96)];
    }

    private BpeTrainer(IReadOnlyDictionary<string, long> counts, HashSet<string> letters, int cap)
    {
        foreach (var (word, count) in counts.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            var parts = word.EnumerateRunes().Select(rune => rune.ToString()).ToList();
            if (parts.Count < 2 || !parts.TrueForAll(letters.Contains))
                continue;
            _words.Add(new Word(parts, Math.Min(count, cap)));
            Count(_words.Count - 1, 1);
        }
    }

    private (string Left, string Right)? Best(int longest)
    {
        var best = ("", "");
        var most = 1L;
        foreach (var (pair, count) in _counts)
        {
            if (count < most || pair.Item1.Length + pair.Item2.Length > longest)
                continue;
            if (count > most || string.CompareOrdinal(pair.Item1 + " " + pair.Item2, best.Item1 + " " + best.Item2) < 0)
                (best, most) = (pair, count);
        }

        return most > 1 ? best : null;
    }

    private void Join((string Left, string Right) pair)
    {
        foreach (var index in _places[pair].ToArray())
        {
            Count(index, -1);
            var joined = new List<string>();
            foreach (var part in _words[index].Parts)
            {
                if (joined.Count > 0 && joined[^1] == pair.Left && part == pair.Right)
                    joined[^1] += part;
                else
                    joined.Add(part);
            }

            _words[index].Parts = joined;
            Count(index, 1);
        }

        _counts.Remove(pair);
        _places.Remove(pair);
    }

    private void Count(int index, int sign)
    {
        var word = _words[index];
        for (var at = 0; at + 1 < word.Parts.Count; at++)
        {
            var pair = (word.Parts[at], word.Parts[at + 1]);
            _counts[pair] = _counts.GetValueOrDefault(pair) + (sign * word.Count);
            if (!_places.TryGetValue(pair, out var places))
                _places[pair] = places = [];
            if (sign > 0)
                places.Add(index);
            else
                places.Remove(index);
        }
    }
}
