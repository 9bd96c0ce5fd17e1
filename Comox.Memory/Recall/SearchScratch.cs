namespace Comox.Memory.Recall;

/// <summary>Arrays that a search needs and gives back clean, so that it allocates for what it finds and not for what it looks at. One for each thread.</summary>
internal sealed class SearchScratch
{
    [ThreadStatic]
    private static SearchScratch? _ofThread;

    public int[] Times = [];
    public float[] Scores = [];
    public int[] Touched = [];
    public int[] Scored = [];
    public int[] EpisodeTimes = [];
    public double[] EpisodeScores = [];
    public int[] EpisodesTouched = [];
    public bool[] Visible = [];

    /// <summary>Whether every turn that is on its line is visible.</summary>
    public bool SeesAll;

    /// <summary>Everything in it is zero.</summary>
    /// <param name="turns">What is searched.</param>
    /// <param name="visible">For each audience, whether the one who asks is in it.</param>
    public static SearchScratch Take(TurnStore turns, ReadOnlySpan<bool> visible)
    {
        // A search that fails half way does not bring its arrays back, for they may not be clean.
        var scratch = _ofThread ?? new SearchScratch();
        _ofThread = null;
        if (scratch.Times.Length < turns.Count)
        {
            var size = Math.Max(1024, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)turns.Count));
            scratch.Times = new int[size];
            scratch.Scores = new float[size];
            scratch.Touched = new int[size];
            scratch.Scored = new int[size];
        }

        if (scratch.EpisodeTimes.Length < turns.Episodes)
        {
            var size = Math.Max(64, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)turns.Episodes));
            scratch.EpisodeTimes = new int[size];
            scratch.EpisodeScores = new double[size];
            scratch.EpisodesTouched = new int[size];
        }

        if (scratch.Visible.Length < visible.Length)
            scratch.Visible = new bool[Math.Max(16, visible.Length)];
        visible.CopyTo(scratch.Visible);
        scratch.SeesAll = !visible[(TurnStore.Gone + 1)..].Contains(false);
        return scratch;
    }

    public void Return(TurnStore turns, int scored)
    {
        foreach (var turn in Scored.AsSpan(0, scored))
            Scores[turn] = 0;
        Array.Clear(EpisodeScores, 0, turns.Episodes);
        _ofThread = this;
    }
}
