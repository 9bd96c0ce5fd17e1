using Comox.BuiltInModel.Model;

namespace Comox.BuiltInModel.Training;

/// <summary>Which worker learns which rows: the longest row first, each to whoever has least.</summary>
internal static class Shares
{
    public static IReadOnlyList<IReadOnlyList<PackedRow>> Of(IReadOnlyList<PackedRow> rows, int workers)
    {
        var parts = Enumerable.Range(0, workers).Select(_ => new List<PackedRow>()).ToArray();
        foreach (var row in rows.OrderByDescending(row => row.Length))
            parts.MinBy(Tokens)!.Add(row);
        return parts;
    }

    /// <summary>How much of the workers' time is waiting for the last of them, 0 to 1.</summary>
    public static double Idle(IReadOnlyList<PackedRow> rows, int workers)
    {
        var parts = Of(rows, workers);
        return 1 - (parts.Sum(Tokens) / (double)(workers * parts.Max(Tokens)));
    }

    private static int Tokens(IReadOnlyList<PackedRow> part) => part.Sum(row => row.Length);
}
