using System.Diagnostics;
using System.Text.Json;
using Comox.BuiltInModel.Tokenizer;
using Comox.BuiltInModel.Training;

namespace Comox.BuiltInModel.SelfTest;

/// <summary>Data that are long, broken or of no use.</summary>
internal static class DataTest
{
    public static void Run(string work, SpmTokenizer tokenizer, Conversation conversation)
    {
        var path = Path.Combine(work, "data.jsonl");
        Sampled(path);
        Broken(path);
        TooLong(path, tokenizer, conversation);
        OtherPrograms();
    }

    private static void Sampled(string path)
    {
        File.WriteAllLines(path, Enumerable.Range(0, 1000).Select(at => $"{at}"));
        var (some, all) = (TokenizerVerb.Sample([path, path], 200).Select(int.Parse).ToList(), TokenizerVerb.Sample([path], 3000).Count());
        SelfTestVerb.Check(
            some.Count == 200 && some[99] >= 990 && some[199] >= 990 && all == 1000,
            $"of two files of 1000 lines {some.Count} are taken, the last of the first is {some[99]}, that of the second {some[^1]}; of one, where 3000 are wanted, {all}");
    }

    /// <summary>What is wrong with a line is said by the exception that the reading of it ended with, and by no other.</summary>
    private static void Broken(string path)
    {
        foreach (var line in new[] { "{\"messages\": [{\"role\"", "[]", "{\"messages\": [{\"role\": \"user\", \"content\": null}]}", "{\"messages\": [{\"role\": \"assistant\", \"content\": \"Aye.\", \"weight\": 0.5}]}" })
        {
            File.WriteAllText(path, line + "\n");
            var problem = Problem(() =>
            {
                using var read = new ReadAhead<Conversation>(new DataReader([path]).From(DataPlace.Beginning).Select(read => Conversation.Parse(read.Line)));
                _ = read.Items.First();
            });
            SelfTestVerb.Check(problem is InvalidDataException, $"a broken line is told of: {problem?.Message}");
        }
    }

    /// <summary>From the middle, too, a whole round is looked through before it is said that nothing fits.</summary>
    private static void TooLong(string path, SpmTokenizer tokenizer, Conversation conversation)
    {
        var line = JsonSerializer.Serialize(new { messages = conversation.Messages.Select(message => new { role = message.Role, content = message.Text }) });
        File.WriteAllLines(path, [line, line, line]);
        foreach (var begin in new[] { DataPlace.Beginning, new DataPlace(4, 0, line.Length + 1) })
        {
            var problem = Problem(() => new RowPacker(new DataReader([path]), tokenizer, new PackingOptions { Context = 4 }).From(begin).First());
            SelfTestVerb.Check(problem is InvalidDataException && problem.Message.Contains(" 3 are too long", StringComparison.Ordinal), $"data of which nothing fits end the training: {problem?.Message}");
        }
    }

    private static void OtherPrograms()
    {
        using var program = Process.Start(LlamaServer.Command("/bin/true"))!;
        program.WaitForExit();
        SelfTestVerb.Check(program.ExitCode == 0, $"a program of this machine starts with the machine's own libraries");
    }

    private static Exception? Problem(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (Exception problem) when (problem is InvalidDataException or AggregateException or NullReferenceException or FormatException)
        {
            return problem;
        }
    }
}
