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

        // A text that many lines share says nothing new: it is counted once. Spread over the whole file, because its order is a curriculum.
        var counts = new Dictionary<string, long>();
        var texts = new HashSet<int>();
        var read = 0;
        var every = Math.Max(1, data.Sum(path => new FileInfo(path).Length) / 4096 / Math.Max(1, lines));
        foreach (var line in data.SelectMany(File.ReadLines).Where((_, index) => index % every == 0).Take(lines))
        {
            read++;
            foreach (var text in Conversation.Parse(line).Messages.SelectMany(message => message.Text.Split('\n')).Where(text => texts.Add(text.GetHashCode(StringComparison.Ordinal))))
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
}
