using System.Diagnostics;
using Comox.Memory.Sessions;
using Comox.Memory.SuperPrompt;
using Comox.TestKit;

namespace Comox.Benchmarks.BuiltInModel;

/// <summary>
/// <c>talker [--model FILE] [--questions N] [--seed S] [--kinds a,b] [--prompt-tokens N] [--threads N] [--engine LLAMA_SERVER] [--failures] [--json]</c>: how well the built-in model
/// copies facts, admits what it does not know, obeys corrections and keeps a voice, with names, values, personas and phrasings of the lists in HeldOut; in the real llama-server and through the real
/// gateway. The last line is one JSON object.
/// </summary>
internal static class TalkerBenchmark
{
    private const int Seed = 1;
    private const int Questions = 60;
    private const int PromptTokens = 800;
    private const int TailLength = 160;
    private const int SpeedRounds = 5;

    public static async Task<int> RunAsync(string[] args)
    {
        var model = Arguments.Option(args, "--model") ?? Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "nodeagent"), "*.gguf").First(file => !file.Contains("embed", StringComparison.Ordinal));
        var engine = Arguments.Option(args, "--engine") ?? TestEngine.Path ?? throw new InvalidOperationException(TestEngine.SkipReason);
        var lists = new HeldOutLists(Path.Combine(AppContext.BaseDirectory, "HeldOut"));
        var talks = new TalkerTalks(lists, Arguments.Whole(args, "--questions") ?? Questions, Arguments.Whole(args, "--seed") ?? Seed);
        var prompts = new TalkerPrompts(Arguments.Whole(args, "--prompt-tokens") ?? PromptTokens);
        var kinds = TalkerKinds.All.Where(kind => Arguments.Option(args, "--kinds") is not { } named || named.Split(',').Contains(kind));

        var results = new TalkerResults();
        var began = Stopwatch.GetTimestamp();
        await using var server = await TalkerServer.StartAsync(engine, model, Arguments.Whole(args, "--threads") ?? Environment.ProcessorCount);
        results.ReadyMilliseconds = server.ReadyAfter.TotalMilliseconds;
        foreach (var talk in kinds.SelectMany(talks.Of))
            await HoldAsync(talk, prompts, server, results);
        await MeasureAsync(talks.Of(TalkerKinds.NamesAndValues).First(), prompts, server, results);
        results.Seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;

        if (args.Contains("--failures"))
            results.PrintFailures();
        if (!args.Contains("--json"))
            results.PrintTable();
        results.PrintJson();
        return 0;
    }

    /// <summary>Says what the script says, and judges the last reply, or each.</summary>
    private static async Task HoldAsync(TalkerTalk talk, TalkerPrompts prompts, TalkerServer server, TalkerResults results)
    {
        var line = new List<LineTurn>();
        if (talk.HasOpening)
            Add(Utterance.Assistant, talk.Persona.Card.FirstMessage.Replace("{{user}}", talk.User, StringComparison.Ordinal));
        string? before = null;
        foreach (var said in talk.Script)
        {
            Add(Utterance.User, said.Text);
            if (said.Reply is { } known)
            {
                Add(Utterance.Assistant, known);
                continue;
            }

            var messages = await prompts.AssembleAsync(talk, line, server.CountAsync);
            var reply = await server.AskAsync(messages);
            results.Count(messages, reply.PromptTokens);
            if (talk.EveryReplyCounts || ReferenceEquals(said, talk.Script[^1]))
                results.Add(new TalkerOutcome(talk, Tail(messages[^1].Content), reply.Text, TalkerJudge.Fault(talk.Expected, reply.Text), TalkerJudge.Break(reply.Text, before)));
            before = reply.Text;
            // An empty message is no message.
            Add(Utterance.Assistant, reply.Text.Length > 0 ? reply.Text : "…");
        }

        void Add(string role, string text) => line.Add(new LineTurn($"trn_now_{line.Count}", role, text, line.Count + 1));
    }

    private static async Task MeasureAsync(TalkerTalk talk, TalkerPrompts prompts, TalkerServer server, TalkerResults results)
    {
        var messages = await prompts.AssembleAsync(talk, [new LineTurn("trn_now", Utterance.User, talk.Script[^1].Text, 1)], server.CountAsync);
        var speeds = new List<(double Written, double Read)>();
        for (var round = 0; round < SpeedRounds; round++)
            speeds.Add(await server.SpeedAsync(messages));
        results.Written = speeds.Select(speed => speed.Written).Order().ElementAt(SpeedRounds / 2);
        results.Read = speeds.Select(speed => speed.Read).Order().ElementAt(SpeedRounds / 2);
        results.Megabytes = server.ResidentMegabytes;
    }

    private static string Tail(string text) => (text.Length <= TailLength ? text : text[^TailLength..]).ReplaceLineEndings(" ");
}
