using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Benchmarks.BuiltInModel;

/// <summary>One reply and what is wrong with it.</summary>
/// <param name="Talk">Where it belongs.</param>
/// <param name="PromptTail">The end of the prompt.</param>
/// <param name="Reply">What the model said.</param>
/// <param name="Fault">Null: nothing.</param>
/// <param name="Break">What is out of character in a long talk; null: nothing.</param>
internal sealed record TalkerOutcome(TalkerTalk Talk, string PromptTail, string Reply, string? Fault, string? Break);

/// <summary>What came of an evaluation, as a table, as failures to read and as JSON.</summary>
internal sealed class TalkerResults
{
    private const int MostFailures = 10;
    private const string InCharacter = "20 turns, in character";

    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly List<TalkerOutcome> _outcomes = [];
    private readonly List<int> _promptTokens = [];
    private readonly List<int> _lines = [];

    public double Written { get; set; }
    public double Read { get; set; }
    public double Megabytes { get; set; }
    public double ReadyMilliseconds { get; set; }
    public double Seconds { get; set; }

    public void Add(TalkerOutcome outcome) => _outcomes.Add(outcome);

    public void Count(IReadOnlyList<ChatMessage> prompt, int tokens)
    {
        _promptTokens.Add(tokens);
        _lines.Add(prompt.Sum(message => message.Content.Split("\n- ").Length - 1));
    }

    public void PrintTable()
    {
        Console.WriteLine("| kind | n | right | share |");
        Console.WriteLine("|---|---|---|---|");
        foreach (var (kind, right, count) in Rows())
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {kind} | {count} | {right} | {100.0 * right / count:F1} % |"));
        Console.WriteLine();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Prompts of {_promptTokens.Average():F0} tokens on average and {_promptTokens.Max()} at most, with {_lines.Average():F1} remembered lines; {Written:N0} tokens/s written and {Read:N0} read in one stream; {Megabytes:F0} MB; ready after {ReadyMilliseconds:F0} ms; {Seconds:F0} s in all."));
    }

    public void PrintFailures()
    {
        foreach (var kind in _outcomes.GroupBy(outcome => outcome.Talk.Kind))
        {
            Console.WriteLine($"\n## {kind.Key}");
            foreach (var outcome in kind.Where(outcome => (outcome.Fault ?? outcome.Break) is not null).Take(MostFailures))
                Console.WriteLine($"- {outcome.Talk.Topic} · {outcome.Talk.Persona.Card.Name}: it {outcome.Fault ?? outcome.Break}\n    … {outcome.PromptTail}\n    → {outcome.Reply.ReplaceLineEndings(" ")}");
        }
    }

    public void PrintJson()
    {
        var kinds = new JsonObject();
        foreach (var (kind, right, count) in Rows())
            kinds[kind] = new JsonObject { ["n"] = count, ["right"] = right, ["share"] = Math.Round((double)right / count, 4) };
        var topics = new JsonObject();
        foreach (var topic in _outcomes.Where(outcome => outcome.Talk.Kind is TalkerKinds.NamesAndValues or TalkerKinds.Phrasings).GroupBy(outcome => $"{outcome.Talk.Kind}/{outcome.Talk.Topic}"))
            topics[topic.Key] = string.Create(CultureInfo.InvariantCulture, $"{topic.Count(outcome => outcome.Fault is null)}/{topic.Count()}");
        Console.WriteLine(new JsonObject
        {
            ["kinds"] = kinds,
            ["topics"] = topics,
            ["prompt_tokens"] = new JsonObject { ["mean"] = Math.Round(_promptTokens.Average()), ["max"] = _promptTokens.Max(), ["remembered_lines"] = Math.Round(_lines.Average(), 1) },
            ["tokens_per_second"] = Math.Round(Written),
            ["prompt_tokens_per_second"] = Math.Round(Read),
            ["rss_mb"] = Math.Round(Megabytes, 1),
            ["ready_ms"] = Math.Round(ReadyMilliseconds),
        }.ToJsonString(Plain));
    }

    private IEnumerable<(string Kind, int Right, int Count)> Rows()
    {
        foreach (var kind in _outcomes.GroupBy(outcome => outcome.Talk.Kind))
            yield return (kind.Key, kind.Count(outcome => outcome.Fault is null), kind.Count());
        if (_outcomes.Where(outcome => outcome.Talk.EveryReplyCounts).ToList() is { Count: > 0 } replies)
            yield return (InCharacter, replies.Count(outcome => outcome.Break is null), replies.Count);
    }
}
