using BenchmarkDotNet.Attributes;
using Comox.Memory.Cards;
using Comox.Memory.Identity;
using Comox.Memory.Recall;
using Comox.Memory.SuperPrompt;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.Benchmarks;

/// <summary>A super-prompt and its receipt from a card, forty turns of conversation and what recall offers over a thousand turns.</summary>
public class SuperPromptBenchmarks
{
    private static readonly PromptProfile Talker = new()
    {
        Id = "tiny-talker", ContextTokens = 320, PromptTokens = 250, ReplyTokens = 60, CharsPerToken = 2, MemoryLines = 6, HistoryTurns = 5, SystemFormat = SystemFormats.TinyTalker,
    };

    private PromptParts _standard = null!;
    private PromptParts _talker = null!;

    [GlobalSetup]
    public void Gather()
    {
        var said = Conversations.Of(1_000);
        var asked = said.Questions[0];
        var facts = said.Index.Facts();
        var past = said.Index.Search(asked, 40).Turns.Select((found, at) => new LineTurn($"trn_{at}", at % 2 == 0 ? "user" : "assistant", found.Turn.Content, at + 1)).ToList();
        _standard = new PromptParts
        {
            Card = CardReader.Read(ExampleCharacters.Cards().First()).Value!,
            User = UserName.For("mara", facts),
            Profile = PromptProfile.Standard,
            Line = [.. past, new LineTurn("trn_asked", "user", asked.Text, past.Count + 1)],
            Recalled = Recaller.Recall(said.Index, facts, asked).Candidates,
        };
        _talker = _standard with { Profile = Talker };
    }

    [Benchmark(Baseline = true, Description = "standard, 3072 tokens")]
    public int Standard() => new StandardFormat().Assemble(_standard).Value!.Messages.Count;

    [Benchmark(Description = "tiny-talker, 250 tokens")]
    public int TinyTalker() => new TinyTalkerFormat().Assemble(_talker).Value!.Messages.Count;
}
