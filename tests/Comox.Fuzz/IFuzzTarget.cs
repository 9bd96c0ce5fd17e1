namespace Comox.Fuzz;

/// <summary>A parser of what strangers send, and what it promises.</summary>
internal interface IFuzzTarget
{
    string Name { get; }

    /// <summary>What must hold for every input, in one line.</summary>
    string Promise { get; }

    byte[] Make(Random random);

    /// <summary>Tries one input. An exception breaks the promise too.</summary>
    /// <param name="input">What <see cref="Make"/> made, or a part of it.</param>
    /// <param name="random">For decisions that are no part of the input; the same for the same seed.</param>
    Verdict Check(byte[] input, Random random);
}

/// <param name="Outcome">What came of it, in a word or two: they are counted, because a target that refuses everything tests nothing.</param>
/// <param name="Problem">How the promise was broken, or null.</param>
internal readonly record struct Verdict(string Outcome, string? Problem)
{
    public static Verdict Kept(string outcome) => new(outcome, null);

    public static Verdict Broken(string problem) => new("broken", problem);
}
