namespace Comox.Memory.Recall;

/// <summary>
/// What counts how much when turns are ranked. One set serves everybody: it was chosen on public conversations, leaving one out at a time, and
/// <c>docs/benchmarks.md</c> says what each part is worth. Everything after <see cref="Length"/> is a share of the best turn's lexical score.
/// </summary>
internal sealed record RecallWeights
{
    public static RecallWeights Default { get; } = new();

    /// <summary>BM25's k1: how soon a term that is said again stops to count.</summary>
    public double Saturation { get; init; } = 1.6;

    /// <summary>BM25's b: how much a long neighbourhood is held against a turn.</summary>
    public double Length { get; init; } = .65;

    /// <summary>In tenths of an own word: what a turn lends to the first and the second turn after it …</summary>
    public int ToNext { get; init; } = 5;

    public int ToSecondNext { get; init; } = 3;

    /// <summary>… what a question lends to its answer …</summary>
    public int ToAnswer { get; init; } = 8;

    /// <summary>… and what is lent to the turns before.</summary>
    public int ToPrevious { get; init; } = 3;

    public int ToSecondPrevious { get; init; } = 2;

    /// <summary>The weight of a word that asks rather than describes: kind, many, recently.</summary>
    public double Frame { get; init; } = .6;

    /// <summary>The weight of the things that a word of the question is the kind of.</summary>
    public double Related { get; init; } = .6;

    /// <summary>The weight of words that may have been said for a word of the question.</summary>
    public double Synonym { get; init; } = .3;

    /// <summary>For the turns of the one whom the question is about.</summary>
    public double Subject { get; init; } = .5;

    /// <summary>For the turns of the episode that has most of the question.</summary>
    public double Episode { get; init; } = .2;

    /// <summary>For the turns said in the time that the question names.</summary>
    public double Window { get; init; } = .7;

    /// <summary>For the part of the question that is in the turn itself, not around it.</summary>
    public double Own { get; init; } = .2;

    /// <summary>For a turn that tells a time, when the question asks for one.</summary>
    public double TellsTime { get; init; } = .3;

    /// <summary>For a turn with a number, when the question asks how many.</summary>
    public double HasNumber { get; init; } = .2;

    /// <summary>Off a turn that only asks.</summary>
    public double Asks { get; init; } = .5;

    /// <summary>For a turn whose speaker speaks of themselves, when the question is about them.</summary>
    public double FirstPerson { get; init; } = .1;

    /// <summary>The weight of vectors against words, when there are vectors.</summary>
    public double Dense { get; init; } = .4;

    /// <summary>For turns that the graph reaches.</summary>
    public double Graph { get; init; } = .2;
}
