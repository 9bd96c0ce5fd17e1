using System.Globalization;
using Comox.Memory.Recall;
using Comox.Memory.Sessions;
using Comox.ServiceDefaults.Contracts.Memory;

namespace Comox.Memory.SuperPrompt;

/// <summary>What recall offers as lines of a prompt, and as items of a receipt.</summary>
internal static class MemoryLines
{
    private const int TurnLength = 320;

    /// <summary>A remembered turn in the standard form: <c>[2026-11-23 · Mara] I moved to Porto.</c></summary>
    public static string OfTurn(RecallTurn turn, PromptParts parts, string character)
    {
        var text = ShortText.Of(string.Join(' ', turn.Content.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), TurnLength, TurnLength);
        return $"[{Date(turn.SaidAt, parts)} · {(turn.Role == Utterance.User ? parts.User.InStatements : turn.Host?.Name ?? character)}] {text}";
    }

    public static string OfFact(Candidate candidate, PromptParts parts) =>
        $"[{Date(candidate.Fact!.SaidAt, parts)}] {FactSentences.Of(candidate.Fact, parts.User.InStatements)}";

    public static RecalledItem Item(Candidate candidate, string line, bool included, string? whyNot = null) => new()
    {
        Kind = candidate.Fact is null ? "turn" : "fact",
        Id = candidate.Id,
        Text = line,
        Score = candidate.Score,
        Lanes = candidate.Lanes,
        Included = included,
        Why = candidate.Why + (candidate.Host is { } host ? $"; witnessed in a session with {host.Name}" : "") + (whyNot is null ? "" : $"; left out: {whyNot}"),
        WitnessedWith = candidate.Host?.Slug,
        Source = candidate.Fact is { } fact
            ? new RecallSource(fact.SessionId, fact.TurnId, fact.SaidAt, fact.Quote)
            : new RecallSource(candidate.Turn!.SessionId, candidate.Turn.Id, candidate.Turn.SaidAt, candidate.Turn.Content),
    };

    private static string Date(DateTimeOffset time, PromptParts parts) => TimeZoneInfo.ConvertTime(time, parts.Zone).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
