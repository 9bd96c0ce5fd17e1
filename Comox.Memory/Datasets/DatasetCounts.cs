namespace Comox.Memory.Datasets;

/// <summary>What a data set has, and what was kept out of it.</summary>
internal sealed class DatasetCounts
{
    private readonly SortedDictionary<string, int> _kinds = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, int> _stages = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, int> _dropped = new(StringComparer.Ordinal);

    public int Examples { get; private set; }

    /// <summary>Replies within conversations that are learned from, too.</summary>
    public int EarlierReplies { get; private set; }

    public long PromptCharacters { get; private set; }
    public long ReplyCharacters { get; private set; }
    public int LongestPrompt { get; private set; }

    public IReadOnlyDictionary<string, int> Kinds => _kinds;
    public IReadOnlyDictionary<string, int> Stages => _stages;
    public IReadOnlyDictionary<string, int> Dropped => _dropped;

    public void Keep(Example example, Stage stage)
    {
        Examples++;
        var length = example.Prompt.Sum(message => message.Content.Length);
        PromptCharacters += length;
        ReplyCharacters += example.Reply.Length;
        LongestPrompt = Math.Max(LongestPrompt, length);
        Add(_kinds, example.Kind);
        Add(_stages, stage.Name);
    }

    public void Learned(int replies) => EarlierReplies += replies;

    public void Drop(string filter) => Add(_dropped, filter);

    private static void Add(SortedDictionary<string, int> counts, string key) => counts[key] = counts.GetValueOrDefault(key) + 1;
}
