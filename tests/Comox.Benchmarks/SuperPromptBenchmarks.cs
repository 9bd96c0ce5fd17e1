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
    private PromptParts _standard = null!;
    private PromptParts _builtIn = null!;

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
        _builtIn = _standard with { Profile = PromptProfile.BuiltIn };
    }

    [Benchmark(Baseline = true, Description = "standard, 3072 tokens")]
    public int Standard() => new StandardFormat().Assemble(_standard).Value!.Messages.Count;

    [Benchmark(Description = "built-in model, 880 tokens")]
    public int BuiltIn() => new StandardFormat().Assemble(_builtIn).Value!.Messages.Count;
}
