using Comox.BuiltInModel.Training;

namespace Comox.BuiltInModel.Tokenizer;

/// <summary><c>tokenizer --data a.jsonl --out tokenizer.json [--vocab 2048] [--lines 100000] [--cap 300] [--longest 12]</c></summary>
internal static class TokenizerVerb
{
    public static void Run(Options options)
    {
        var (data, output) = (options.All("data"), options.Text("out"));
        var (vocabulary, lines, cap, longest) = (options.Number("vocab", 2048), options.Number("lines", 100_000), options.Number("cap", 300), options.Number("longest", 12));
        options.NoOthers();

        // A text that many lines share says nothing new: it is counted once.
        var counts = new Dictionary<string, long>();
        var texts = new HashSet<string>(StringComparer.Ordinal);
        var read = 0;
        foreach (var line in Sample(data, lines))
        {
            read++;
            foreach (var text in Conversation.Parse(line).Messages.SelectMany(message => message.Text.Split('\n')).Where(texts.Add))
            {
                foreach (var segment in Segments.Of(text))
                    counts[segment] = counts.GetValueOrDefault(segment) + 1;
            }
        }

        var tokenizer = BpeTrainer.Train(counts, vocabulary, cap, longest);
        tokenizer.Save(output);
        var sample = data.SelectMany(File.ReadLines).Take(1000).SelectMany(line => Conversation.Parse(line).Messages).Select(message => message.Text).ToList();
        Console.WriteLine(FormattableString.Invariant(
            $"{output}: {tokenizer.Pieces.Count} pieces from {counts.Count} distinct segments of {read} lines; {(double)sample.Sum(text => text.Length) / sample.Sum(text => tokenizer.Encode(text).Length):F2} characters per token in the first 1000 lines"));
    }

    /// <summary>So many lines, or all where there are fewer; spread over all files, because their order is a curriculum: the beginning alone has no long prompt, and no voice.</summary>
    public static IEnumerable<string> Sample(IReadOnlyList<string> files, int lines)
    {
        var all = files.SelectMany(File.ReadLines).LongCount();
        var wanted = Math.Min(lines, all);
        return files.SelectMany(File.ReadLines).Where((_, index) => (index + 1L) * wanted / all > index * wanted / all);
    }
}
