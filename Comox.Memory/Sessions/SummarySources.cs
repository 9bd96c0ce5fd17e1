using System.Text.Json;
using Comox.Memory.Storage;

namespace Comox.Memory.Sessions;

/// <summary>What a summary was made from: turns, and the summary it stands on, with all that this one was made from.</summary>
/// <param name="Id">The summary.</param>
/// <param name="Number">Number of its event: what it stands on has a lower one.</param>
/// <param name="Sources">JSON list of its own turns.</param>
/// <param name="Previous">The summary it stands on; null: none.</param>
internal sealed record SummarySources(string Id, int Number, string Sources, string? Previous)
{
    public static SummarySources Of(SummaryRow row) => new(row.Id, row.Number, row.Sources, row.Previous);

    /// <summary>Ids of the summaries that have anything of these turns in them, by whatever way.</summary>
    public static IReadOnlySet<string> MadeFrom(IEnumerable<string> turns, IEnumerable<SummarySources> summaries)
    {
        var gone = turns.ToHashSet(StringComparer.Ordinal);
        var made = new HashSet<string>(StringComparer.Ordinal);
        foreach (var summary in summaries.OrderBy(summary => summary.Number))
        {
            if ((summary.Previous is { } previous && made.Contains(previous)) || JsonSerializer.Deserialize<List<string>>(summary.Sources)?.Exists(gone.Contains) == true)
                made.Add(summary.Id);
        }

        return made;
    }
}
