using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Memory.SuperPrompt;

/// <summary>
/// For any instruct model. What changes rarely comes first, so that engines reuse what they have computed of the prompt before:
/// <list type="number">
/// <item>the identity core, whole or not at all;</item>
/// <item>the lorebook's constant entries, example dialogue and the client's own instructions, each within a share of the budget;</item>
/// <item>the running conversation, newest first, cut in blocks; and before it a summary of what is cut off;</item>
/// <item>with the person's message, for this once: the lore it calls up, what is remembered, the scene, the author's note;</item>
/// <item>after it, while the character drifts, a reminder of who it is; and the card's last word.</item>
/// </list>
/// There is one system message, users and characters take turns, and a user opens, because the templates of several model families accept nothing else.
/// </summary>
internal sealed class StandardFormat : IPromptFormat
{
    public string Name => SystemFormats.Standard;

    public ApiResult<AssembledPrompt> Assemble(PromptParts parts)
    {
        var (estimate, notes) = (new TokenEstimate(parts.Profile), new List<string>());
        var budget = parts.Profile.PromptTokens;
        var sections = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var texts = new StandardTexts(parts);

        // 1. What cannot be left out: identity, the message, and the card's word after it.
        var identity = texts.Identity();
        var message = texts.Message();
        sections["identity"] = estimate.Of(identity) + TokenEstimate.PerMessage;
        sections["message"] = estimate.Of(message) + TokenEstimate.PerMessage;
        var left = budget - sections.Values.Sum();
        if (left < 0)
            return PromptErrors.TooLong(sections["message"] > sections["identity"] ? "The message" : $"The character {parts.Card.Name} with this message", budget - left, parts.Profile);
        var system = new List<string> { identity };

        // 2. Stable extras, each within its share.
        left -= Add("lore", texts.Lore(), Math.Min(budget / 4, left / 2));
        left -= Add("examples", texts.Examples(), Math.Min(budget * 3 / 20, left / 3));
        left -= Add("client", texts.Client(), Math.Min(budget / 4, left / 2));

        // 3. The running conversation. What stands with the message keeps its share whether it is used or not, so that the window, and the prefix, do not move with it.
        var share = (int)Math.Min(budget * parts.Profile.MemoryShare, left * Math.Min(1, 2 * parts.Profile.MemoryShare));
        // A summary takes no more than half of what the conversation has: what was just said is needed more than what was said long ago. One that is too long for that takes nothing.
        var most = Math.Max(0, Math.Min(budget / 5, (left - share) / 2));
        var summaries = parts.Summaries.Select(summary => (Summary: summary, Cost: CostOf(StandardTexts.Summary(summary)))).Where(each => each.Cost <= most).ToList();
        var summaryRoom = summaries.Select(each => each.Cost).DefaultIfEmpty().Max();
        var history = new History(parts, texts, estimate);
        var shown = history.Fit(left - share - summaryRoom);
        if (shown.Count > 0)
            sections["history"] = history.Cost(shown);
        if (history.IsCut(shown))
        {
            var first = shown.Count > 0 ? shown[0].Depth : parts.Line[^1].Depth;
            if (Covering([.. summaries.Select(each => each.Summary)], first - 1) is { } summary)
                Add("summary", [StandardTexts.Summary(summary)], summaryRoom);
            else if (parts.Summaries.Count > 0)
                notes.Add("The summary of what came before is left out: the model has no room for it.");
            notes.Add(
                $"Of the {parts.Line[^1].Depth - 1} messages of this conversation the last {shown.Count} are in the prompt: "
                + (history.IsAsLongAsAllowed ? $"the profile shows {parts.Profile.HistoryTurns} at most." : "the model has no room for more."));
        }

        // 4. With the message: the reminder first, because it is needed most. A few tokens are for what sets the rest apart.
        share -= 8;
        var anchor = Anchor(parts, estimate, share / 3, notes);
        if (anchor.Length > 0)
            share -= sections["reanchor"] = estimate.Of(anchor);
        var tail = new List<string>();
        share -= AddTo(tail, "called_lore", texts.CalledLore(), share / 3);
        share -= AddTo(tail, "scene", texts.Scene() is { Length: > 0 } scene ? [scene] : [], share / 4);
        share -= AddTo(tail, "author_note", texts.AuthorNote() is { Length: > 0 } note ? [note] : [], share / 2);
        var (recalled, memory) = new MemoryShare(parts, texts, estimate).Fill(share, shown);
        if (memory.Length > 0)
        {
            tail.Insert(0, memory);
            sections["memory"] = estimate.Of("\n\n" + memory);
        }

        var messages = history.Messages(shown, texts.Message(anchor, tail), out var opening);
        if (opening is not null)
            system.Add(opening);
        messages.Insert(0, new ChatMessage("system", string.Join("\n\n", system)));
        return new AssembledPrompt(messages, new ReceiptBudget(budget, estimate.Of(messages), sections), recalled, notes);

        int CostOf(string piece) => estimate.Of("\n\n" + piece) + 1;

        int Add(string section, IReadOnlyList<string> pieces, int room) => AddTo(system, section, pieces, room);

        int AddTo(List<string> target, string section, IReadOnlyList<string> pieces, int room)
        {
            if (pieces.Count == 0)
                return 0;
            var taken = new List<string>();
            var cost = 0;
            foreach (var piece in pieces)
            {
                var added = CostOf(piece);
                if (cost + added > room)
                    break;
                taken.Add(piece);
                cost += added;
            }

            if (taken.Count < pieces.Count)
                notes.Add($"{pieces.Count - taken.Count} of {pieces.Count} parts of the section '{section}' are left out: the model has no room for them.");
            if (taken.Count == 0)
                return 0;
            target.AddRange(taken);
            sections[section] = cost;
            return cost;
        }
    }

    /// <summary>The shortest summary that reaches to where the window begins; the longest where none does.</summary>
    private static LineSummary? Covering(IReadOnlyList<LineSummary> summaries, int depth) =>
        summaries.Where(summary => summary.Depth >= depth).MinBy(summary => summary.Depth) ?? summaries.MaxBy(summary => summary.Depth);

    /// <summary>The leading lines of the reminder that fit, as the block that is put into the message.</summary>
    private static string Anchor(PromptParts parts, TokenEstimate estimate, int room, List<string> notes)
    {
        if (string.IsNullOrWhiteSpace(parts.Reanchor))
            return "";
        var lines = parts.Reanchor.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        for (var count = lines.Length; count > 0; count--)
        {
            var block = StandardTexts.Block(string.Join(' ', lines.Take(count)));
            if (estimate.Of(block) > room)
                continue;
            notes.Add($"The last replies drifted from the character; {count} of {lines.Length} sentences of who it is stand after the message.");
            return block;
        }

        notes.Add("The last replies drifted from the character, but there is no room for a reminder of who it is.");
        return "";
    }
}
