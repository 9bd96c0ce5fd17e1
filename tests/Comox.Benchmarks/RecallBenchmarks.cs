using BenchmarkDotNet.Attributes;
using Comox.Memory.Recall;

namespace Comox.Benchmarks;

/// <summary>Recall for one message over everything a person and a character said, in process. The database's part (which sessions moved?) is not in it.</summary>
public class RecallBenchmarks
{
    private const int Messages = 16;

    private Conversations _said = null!;

    [Params(1_000, 10_000, 100_000)]
    public int Turns { get; set; }

    [GlobalSetup]
    public void Say() => _said = Conversations.Of(Turns);

    [Benchmark(Baseline = true, OperationsPerInvoke = Messages)]
    public int Recall() => RecallFor(_said.Questions);

    [Benchmark(OperationsPerInvoke = Messages, Description = "Recall, character named")]
    public int RecallByName() => RecallFor(_said.QuestionsByName);

    [Benchmark(OperationsPerInvoke = Messages, Description = "of it: search in turns")]
    public int Search()
    {
        var found = 0;
        foreach (var message in _said.Questions)
            found += _said.Index.Search(message, 48).Turns.Count;
        return found;
    }

    [Benchmark(Description = "of it: facts that hold")]
    public int Facts() => _said.Index.Facts().Count;

    private int RecallFor(IReadOnlyList<RecallQuery> messages)
    {
        var candidates = 0;
        foreach (var message in messages)
            candidates += Recaller.Recall(_said.Index, _said.Index.Facts(), message).Candidates.Count;
        return candidates;
    }
}
