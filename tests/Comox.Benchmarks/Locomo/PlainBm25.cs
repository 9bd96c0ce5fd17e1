namespace Comox.Benchmarks.Locomo;

/// <summary>What everybody has: BM25 over the words of each turn alone, lower case and nothing more (k1 1.2, b 0.75).</summary>
internal sealed class PlainBm25
{
    private const double K1 = 1.2;
    private const double B = .75;

    private readonly List<Dictionary<string, int>> _counts = [];
    private readonly List<int> _lengths = [];
    private readonly Dictionary<string, int> _having = new(StringComparer.Ordinal);

    public PlainBm25(IEnumerable<string> texts)
    {
        foreach (var text in texts)
        {
            var words = Words(text).ToList();
            var counts = words.GroupBy(word => word, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal);
            foreach (var word in counts.Keys)
                _having[word] = _having.GetValueOrDefault(word) + 1;
            _counts.Add(counts);
            _lengths.Add(words.Count);
        }
    }

    /// <summary>Places of the texts, best first.</summary>
    public IReadOnlyList<int> Rank(string question, int limit)
    {
        var average = _lengths.Average();
        var scores = new double[_counts.Count];
        foreach (var word in Words(question).Distinct(StringComparer.Ordinal))
        {
            if (!_having.TryGetValue(word, out var having))
                continue;
            var rarity = Math.Log(1 + ((scores.Length - having + .5) / (having + .5)));
            for (var at = 0; at < scores.Length; at++)
            {
                if (_counts[at].TryGetValue(word, out var count))
                    scores[at] += rarity * count * (K1 + 1) / (count + (K1 * (1 - B + (B * _lengths[at] / average))));
            }
        }

        return [.. Enumerable.Range(0, scores.Length).OrderByDescending(at => scores[at]).Take(limit)];
    }

    private static IEnumerable<string> Words(string text) =>
        text.ToLowerInvariant().Split([.. text.ToLowerInvariant().Where(letter => !char.IsLetterOrDigit(letter)).Distinct()], StringSplitOptions.RemoveEmptyEntries);
}
