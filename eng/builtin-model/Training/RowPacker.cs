using Comox.BuiltInModel.Model;
using Comox.BuiltInModel.Tokenizer;

namespace Comox.BuiltInModel.Training;

internal sealed record PackingOptions
{
    /// <summary>Tokens of an example at most; a longer one is left out.</summary>
    public int Context { get; init; } = 1024;

    /// <summary>Tokens of a row at most, unless one example alone has more.</summary>
    public int RowTokens { get; init; } = 2000;

    /// <summary>A batch is full once it has so many; the first have two fifths of it, and the number grows until half of the data are read.</summary>
    public int BatchTokens { get; init; } = 4096;

    /// <summary>So many rows that follow one another are mixed.</summary>
    public int Mixed { get; init; } = 64;

    /// <summary>Whether heads are told where to look.</summary>
    public bool HasHints { get; init; }

    /// <summary>Among whom the rows of a batch are shared out.</summary>
    public int Workers { get; init; } = 2;
}

/// <summary>Makes rows of examples that follow one another and begin alike, and batches of rows.</summary>
internal sealed class RowPacker(DataReader data, SpmTokenizer tokenizer, PackingOptions options)
{
    /// <summary>Examples that follow one another are of one encounter when this share of each is the beginning of the first.</summary>
    private const double SameEncounter = 0.3;

    /// <summary>Of an encounter.</summary>
    private const int MostExamples = 64;

    /// <summary>A batch whose rows leave the workers idle for more than this share of its time is filled up to half as many tokens again.</summary>
    private const double MostIdle = 0.1;

    /// <summary>What a small batch teaches at the beginning, a large one would teach no better, and a step counts more than what is in it.</summary>
    private const double FirstBatch = 0.4;

    private readonly Sources _sources = new(tokenizer);

    /// <summary>Examples left out because they are too long.</summary>
    public long TooLong { get; private set; }

    /// <summary>Examples is their count; Next is the first line that is not in it.</summary>
    public sealed record Batch(IReadOnlyList<PackedRow> Rows, int Examples, DataPlace Next);

    public IEnumerable<Batch> From(DataPlace place)
    {
        var (rows, examples, tokens) = (new List<PackedRow>(), 0, 0);
        foreach (var (row, count, next) in Mixed(place))
        {
            rows.Add(row);
            (examples, tokens) = (examples + count, tokens + row.Length);
            var full = options.BatchTokens * Math.Min(1, FirstBatch + (2 * (1 - FirstBatch) * data.Share(next)));
            if (tokens < full || (tokens < 1.5 * full && Shares.Idle(rows, options.Workers) > MostIdle))
                continue;
            yield return new Batch(rows, examples, next);
            (rows, examples, tokens) = ([], 0, 0);
        }
    }

    /// <summary>The rows, blocks of them in an order of chance: those of one encounter, and its neighbours, would push all weights of a step the same way.</summary>
    private IEnumerable<(PackedRow Row, int Examples, DataPlace Next)> Mixed(DataPlace place)
    {
        var (begin, skip) = (place with { Rows = 0 }, place.Rows);
        foreach (var block in Encounters(begin).Chunk(Math.Max(1, options.Mixed)))
        {
            var rows = block.SelectMany(encounter => Cut(encounter.Examples, options.RowTokens)).Select(group => (Row: Pack(group), group.Count)).ToArray();
            new Random((int)(begin.Offset % int.MaxValue)).Shuffle(rows);
            for (var at = skip; at < rows.Length; at++)
                yield return (rows[at].Row, rows[at].Count, at + 1 < rows.Length ? begin with { Rows = at + 1 } : block[^1].Next);
            (begin, skip) = (block[^1].Next, 0);
        }
    }

    /// <summary>The prefix is what all have in common. A token of it that any of them learns is learned, once.</summary>
    public static PackedRow Pack(IReadOnlyList<Example> group)
    {
        var prefix = group.Skip(1).Aggregate(group[0].Tokens.Length, (length, example) => Common(group[0], example, length));
        var learned = new bool[prefix];
        foreach (var example in group)
        {
            for (var at = 0; at < prefix; at++)
                learned[at] |= example.Learned[at];
        }

        return new PackedRow(group[0].Tokens[..prefix], learned, [.. group.Where(example => example.Tokens.Length > prefix)
            .Select(example => new PackedRow.Branch(example.Tokens[prefix..], example.Learned[prefix..]) { Hints = [.. example.Hints.Where(hint => hint.At >= prefix)] })])
        {
            PrefixHints = [.. group.SelectMany(example => example.Hints).Where(hint => hint.At < prefix).DistinctBy(hint => (hint.Kind, hint.At))],
        };
    }

    private IEnumerable<(List<Example> Examples, DataPlace Next)> Encounters(DataPlace from)
    {
        var (encounter, anyFits) = (new List<Example>(), false);
        foreach (var (line, place) in data.From(from))
        {
            var example = Conversation.Parse(line).Encode(tokenizer);
            var length = example.Tokens.Length;
            if (length > options.Context)
            {
                // Of data none of which fits, nothing would ever come.
                if (!anyFits && (place.Round, place.File, place.Offset).CompareTo((from.Round + 1, from.File, from.Offset)) >= 0)
                    throw new InvalidDataException($"No example fits the {options.Context} tokens of the context: {TooLong} are too long.");
                TooLong++;
                continue;
            }

            anyFits = true;
            if (options.HasHints)
                example = example with { Hints = _sources.Of(example.Tokens, example.Learned) };
            if (encounter.Count > 0 && (encounter.Count >= MostExamples || Common(encounter[0], example, length) < SameEncounter * length))
            {
                yield return (encounter, place);
                encounter = [];
            }

            encounter.Add(example);
        }
    }

    /// <summary>
    /// Into rows, such that as few tokens as can be are computed. A few of an encounter's prompts differ early, because a longer question left less room for its history: in one
    /// row with the others they would leave nothing in common.
    /// </summary>
    public static IReadOnlyList<IReadOnlyList<Example>> Cut(IEnumerable<Example> encounter, int rowTokens)
    {
        // Those that begin alike stand side by side; fewest[n] is the cost of the first n, whose last row begins at begins[n].
        var examples = encounter.ToList();
        examples.Sort((one, other) => one.Tokens.AsSpan().SequenceCompareTo(other.Tokens));
        var (fewest, begins) = (new int[examples.Count + 1], new int[examples.Count + 1]);
        for (var end = 1; end <= examples.Count; end++)
        {
            fewest[end] = int.MaxValue;
            var (prefix, all) = (examples[end - 1].Tokens.Length, 0);
            for (var begin = end - 1; begin >= 0; begin--)
            {
                prefix = Common(examples[begin], examples[end - 1], prefix);
                all += examples[begin].Tokens.Length;
                var cost = all - ((end - begin - 1) * prefix);
                if (cost > rowTokens && begin < end - 1)
                    break;
                if (fewest[begin] + cost < fewest[end])
                    (fewest[end], begins[end]) = (fewest[begin] + cost, begin);
            }
        }

        var rows = new List<IReadOnlyList<Example>>();
        for (var end = examples.Count; end > 0; end = begins[end])
            rows.Add(examples[begins[end]..end]);
        return rows;
    }

    private static int Common(Example first, Example second, int limit) =>
        first.Tokens.AsSpan(0, Math.Min(limit, first.Tokens.Length)).CommonPrefixLength(second.Tokens);
}
