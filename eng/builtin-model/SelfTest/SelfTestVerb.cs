using System.Text.Json.Nodes;
using Comox.BuiltInModel.Export;
using Comox.BuiltInModel.Model;
using Comox.BuiltInModel.Tokenizer;
using Comox.BuiltInModel.Training;
using static TorchSharp.torch;

namespace Comox.BuiltInModel.SelfTest;

/// <summary><c>selftest --data a.jsonl --server llama-server [--checkpoint FOLDER] [--lines 200]</c>; fails at the first thing that is not as it should be.</summary>
internal static class SelfTestVerb
{
    private const int Answers = 12;

    public static void Run(Options options)
    {
        var (data, server, folder, lines) = (options.All("data"), options.Text("server"), options.Text("checkpoint", ""), options.Number("lines", 200));
        options.NoOthers();
        var work = Directory.CreateTempSubdirectory("comox-trainer").FullName;
        try
        {
            var conversations = data.SelectMany(File.ReadLines).Take(lines).Select(Conversation.Parse).ToList();
            string[] folders = folder.Length > 0 ? [folder] : [Untrained(work, "", conversations), Untrained(work, "cac", conversations)];
            DataTest.Run(work, ModelImport.Read(folders[0]).Tokenizer, conversations[0]);
            foreach (var tested in folders)
            {
                FileTest.Run(work, tested);
                PackingTest.Run(tested, conversations, data);
                AgainstServer(work, tested, server, conversations).GetAwaiter().GetResult();
            }

            Console.WriteLine("all as it should be");
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    public static void Check(bool right, FormattableString what)
    {
        if (!right)
            throw new InvalidDataException("NOT SO: " + FormattableString.Invariant(what));
        Console.WriteLine("ok: " + FormattableString.Invariant(what));
    }

    /// <summary>Weights large enough that attention and positions decide about the answers.</summary>
    private static string Untrained(string work, string mixers, List<Conversation> conversations)
    {
        var folder = Directory.CreateDirectory(Path.Combine(work, $"untrained{mixers}")).FullName;
        var counts = conversations.SelectMany(conversation => conversation.Messages).SelectMany(message => Segments.Of(message.Text)).GroupBy(segment => segment)
            .ToDictionary(segment => segment.Key, segment => (long)segment.Count());
        var tokenizer = BpeTrainer.Train(counts, 640, 300, 12);
        var shape = new ModelShape { Vocabulary = tokenizer.Pieces.Count, Layers = Math.Max(2, mixers.Length), Mixers = mixers, Width = 64, Heads = 2, FeedForward = 96 };
        var weights = new LlamaWeights(shape, 7);
        using (no_grad())
        {
            foreach (var (_, weight) in weights.All.Where(pair => pair.Value.dim() == 2))
                weight.mul_(8);
        }

        Checkpoint.Write(folder, shape, tokenizer, new TrainingState(), weights.All);
        return folder;
    }

    private static async Task AgainstServer(string work, string folder, string program, List<Conversation> conversations)
    {
        var (weights, tokenizer) = ModelImport.Read(folder);
        var (path, adapterPath) = (Path.Combine(work, "exact.gguf"), Path.Combine(work, "adapter.gguf"));
        ModelExport.Write(folder, path, "selftest", quantize: false);
        var adapter = new LoraAdapter(weights, 4, 8);
        using (no_grad())
        {
            foreach (var (_, tensor) in adapter.All.Where(pair => pair.Key.EndsWith("lora_b", StringComparison.Ordinal)))
                tensor.normal_(0, 0.3);
        }

        AdapterExport.Write(adapter, adapterPath, "selftest");
        var prompts = conversations.Where((_, index) => index % Math.Max(1, conversations.Count / Answers) == 0).Take(Answers).Select(conversation => Prompt(conversation, tokenizer)).ToList();
        using (var server = await LlamaServer.Start(program, path))
        {
            await Texts(server, tokenizer, conversations);
            await Continuations(server, new Llama(weights, ScalarType.Float32), tokenizer, prompts, "the exported model");
        }

        using (var server = await LlamaServer.Start(program, path, "--lora", adapterPath))
            await Continuations(server, new Llama(weights, ScalarType.Float32) { Qkv = adapter.Qkv }, tokenizer, prompts, "the exported adapter");
    }

    private static async Task Texts(LlamaServer server, SpmTokenizer tokenizer, List<Conversation> conversations)
    {
        var random = new Random(3);
        string[] odd = [" ", "  two", "a  b", "\n\n", "\t", "é", "e\u0301", "“x”", "’tis", "·", "日本", "😀", "\u00a0", "12:30", "3.5", "2026-11-04", "20261104", "1234567890123", "7", "▁", "don't", "X-Y", "(a)", "…", "Köln", " Łódź", "\r\n", " - ", "ﬁ", "٣"];
        var texts = conversations.SelectMany(conversation => conversation.Messages).Select(message => message.Text).Distinct().Take(400)
            .Concat(Enumerable.Range(0, 200).Select(_ => string.Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => odd[random.Next(odd.Length)])))).ToList();
        foreach (var text in texts)
        {
            var (own, real) = (tokenizer.Encode(text), await server.Tokenize(text));
            if (!own.SequenceEqual(real) || tokenizer.Decode(own) != text.Replace(Segments.Space, ' '))
                throw new InvalidDataException($"NOT SO: the tokens of '{text}' are {string.Join(' ', real)}, not {string.Join(' ', own)}");
        }

        foreach (var conversation in conversations)
        {
            var messages = new JsonArray([.. conversation.Messages.SkipLast(1).Select(message => new JsonObject { ["role"] = message.Role, ["content"] = message.Text })]);
            if (!(await server.Tokenize(await server.Prompt(messages))).SequenceEqual(Prompt(conversation, tokenizer)))
                throw new InvalidDataException($"NOT SO: the prompt of a conversation has other tokens: {conversation.Messages[^1].Text}");
        }

        Check(true, $"{texts.Count} texts and {conversations.Count} prompts have the tokens that llama-server gives them");
    }

    private static async Task Continuations(LlamaServer server, Llama model, SpmTokenizer tokenizer, List<int[]> prompts, string what)
    {
        const int Length = 24;
        foreach (var prompt in prompts)
        {
            var (own, real) = (Greedy(model, prompt, Length, tokenizer.End), await server.Continue(prompt, Length));
            var text = tokenizer.Decode(own);
            if (!own.SequenceEqual(real.TakeWhile(id => id != tokenizer.End)))
                throw new InvalidDataException($"NOT SO: {what} answers '{tokenizer.Decode(real)}', not '{text}'");
        }

        Check(true, $"{what} continues {prompts.Count} prompts as it does here, the last: '{tokenizer.Decode(Greedy(model, prompts[^1], Length, tokenizer.End))}'");
    }

    private static int[] Prompt(Conversation conversation, SpmTokenizer tokenizer)
    {
        var example = conversation.Encode(tokenizer);
        return example.Tokens[..^(tokenizer.Encode(conversation.Messages[^1].Text).Length + 1)];
    }

    private static int[] Greedy(Llama model, int[] prompt, int count, int end)
    {
        var answer = new List<int>();
        while (answer.Count < count)
        {
            using var none = no_grad();
            using var scope = NewDisposeScope();

            // What the last token is does not matter: asked for is what is predicted in its place.
            int[] tokens = [.. prompt, .. answer, end];
            var next = (int)model.Logits(new PackedBatch([new PackedRow(tokens, [.. tokens.Select((_, at) => at == tokens.Length - 1)], [])])).argmax(1).item<long>();
            if (next == end)
                break;
            answer.Add(next);
        }

        return [.. answer];
    }
}
