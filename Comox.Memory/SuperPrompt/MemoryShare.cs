using Comox.Memory.Ingestion;
using Comox.Memory.Recall;
using Comox.Memory.Sessions;
using Comox.ServiceDefaults.Contracts.Memory;

namespace Comox.Memory.SuperPrompt;

/// <summary>Chooses what is remembered in the standard form, and gives the receipt a reason for each that is not.</summary>
internal sealed class MemoryShare(PromptParts parts, StandardTexts texts, TokenEstimate estimate)
{
    // "… these days, you know" adds nothing to a fact.
    private const int TellingWords = 3;

    /// <param name="share">The tokens for the heading and the lines.</param>
    /// <param name="shown">The turns of the running conversation that are in the prompt.</param>
    /// <returns>Every candidate, best first; and the block of the prompt, empty where nothing is remembered.</returns>
    public (List<RecalledItem> Items, string Block) Fill(int share, IReadOnlyList<LineTurn> shown)
    {
        var candidates = parts.Recalled;
        var lines = candidates.Select(candidate => candidate.Fact is null ? MemoryLines.OfTurn(candidate.Turn!, parts, texts.Character) : MemoryLines.OfFact(candidate, parts)).ToList();

        // 1. What is not needed, whatever the room.
        var needless = Needless(shown);

        // 2. What fits, by worth for its tokens. A turn whose fact is in says nothing more.
        var open = Enumerable.Range(0, candidates.Count).Where(place => needless[place] is null).ToList();
        var costs = candidates.Select((_, place) => estimate.Of("\n- " + lines[place]) + 1).ToList();
        var room = share - estimate.Of("\n\n" + texts.MemoryHeading) - 1;
        var chosen = Packing.Choose(
            [.. open.Select(place => (candidates[place].Score, costs[place]))], room, most: parts.Profile.MemoryLines, goesWith: (item, taken) => !IsToldBy(candidates[open[item]], taken.Select(other => candidates[open[other]])))
            .Select(item => open[item]).ToHashSet();
        var left = room - chosen.Sum(place => costs[place]);

        // 3. Each with its reason.
        var items = candidates.Select((candidate, place) =>
        {
            var whyNot = needless[place] ?? (chosen.Contains(place) ? null
                : IsToldBy(candidate, chosen.Select(other => candidates[other])) ? "its fact is already there"
                : costs[place] > left ? "no room"
                : $"the model takes {parts.Profile.MemoryLines} remembered lines");
            return MemoryLines.Item(candidate, lines[place], whyNot is null, whyNot);
        }).ToList();
        var block = chosen.Count == 0 ? "" : texts.MemoryHeading + "\n" + string.Join('\n', chosen.Order().Select(place => "- " + lines[place]));
        return (items, block);
    }

    /// <summary>Whether these facts are about all that a turn says.</summary>
    private static bool IsToldBy(Candidate candidate, IEnumerable<Candidate> others)
    {
        if (candidate.Turn is not { } turn || others.Select(other => other.Fact).Where(fact => fact?.TurnId == turn.Id).OfType<ToldFact>().ToList() is not { Count: > 0 } facts)
            return false;
        var further = facts.Aggregate(turn.Content, (text, fact) => fact.Quote.Length > 0 ? text.Replace(fact.Quote, " ", StringComparison.Ordinal) : text);
        return Terms.Of(further).Count < TellingWords;
    }

    /// <summary>Why a candidate is not needed; null where it is. What was said in several conversations takes one line, the newest.</summary>
    private string?[] Needless(IReadOnlyList<LineTurn> shown)
    {
        var message = parts.Line[^1];
        var there = shown.Select(turn => turn.Id).ToHashSet(StringComparer.Ordinal);
        var said = shown.Select(turn => SameWords.Of(turn.IsUser, turn.Content)).ToHashSet(StringComparer.Ordinal);
        var newest = new Dictionary<string, RecallTurn>(StringComparer.Ordinal);
        foreach (var turn in parts.Recalled.Select(candidate => candidate.Turn).OfType<RecallTurn>())
        {
            var words = SameWords.Of(turn);
            if (!newest.TryGetValue(words, out var known) || known.SaidAt < turn.SaidAt || (known.SaidAt == turn.SaidAt && string.CompareOrdinal(known.Id, turn.Id) < 0))
                newest[words] = turn;
        }

        return
        [
            .. parts.Recalled.Select(candidate => candidate switch
            {
                { Turn: { } turn } when there.Contains(turn.Id) => "it is in the running conversation",
                { Turn: { } turn } when turn.Id == message.Id || SameWords.Of(turn) == SameWords.Of(message.IsUser, message.Content) => "the message itself says it",
                { Fact: { } fact } when fact.TurnId == message.Id => "the message itself says it",
                { Turn: { } turn } when said.Contains(SameWords.Of(turn)) => "the running conversation says the same",
                { Turn: { } turn } when newest[SameWords.Of(turn)].Id != turn.Id => "a newer turn says the same",
                _ => null,
            }),
        ];
    }
}

/// <summary>Two turns that differ in case, accents, punctuation, articles and words of courtesy alone say the same.</summary>
internal static class SameWords
{
    // "not" and "no" are none of these.
    private static readonly HashSet<string> Idle = new(StringComparer.Ordinal) { "a", "an", "the", "oh", "ah", "well", "so", "and", "please", "really", "just", "yes", "yeah", "hi", "hello", "hey", "okay", "ok" };

    public static string Of(RecallTurn turn) => Of(turn.Role == Utterance.User, turn.Content);

    public static string Of(bool isUser, string content)
    {
        var words = PlainName.Words(content).Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(word => !Idle.Contains(word)).ToList();
        return (isUser ? "user " : "other ") + (words.Count > 0 ? string.Join(' ', words) : content.Trim());
    }
}
