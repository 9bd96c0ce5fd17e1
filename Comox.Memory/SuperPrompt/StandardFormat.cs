using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Memory.SuperPrompt;

/// <summary>
/// For any instruct model. One system message, stable parts first so that engines can reuse their prefix cache, then the running conversation:
/// <list type="number">
/// <item>the identity core, whole or not at all;</item>
/// <item>the lorebook's constant entries, example dialogue and the client's own instructions, each within a share of the budget;</item>
/// <item>what is remembered, within a share;</item>
/// <item>the running conversation, newest first, with all that is left;</item>
/// <item>while the character drifts, a reminder of who it is, after the person's message: near the end it weighs most, and no stable part moves for it.</item>
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

        // 3. The running conversation. Memory's share stays reserved whether it is used or not, so that the window, and the prefix, do not move with it.
        var share = Math.Min(budget / 5, left / 2);
        var history = new History(parts, texts, estimate);
        var shown = history.Fit(left - share);
        if (shown.Count > 0)
            sections["history"] = history.Cost(shown);
        if (history.IsCut(shown))
            notes.Add($"Of the last {parts.Line.Count - 1} messages of this conversation {shown.Count} are in the prompt: the model has no room for more.");

        // 4. The reminder, while the character drifts: from memory's share, so that nothing stable makes room for it.
        var anchor = Anchor(parts, estimate, share / 2, notes);
        if (anchor.Length > 0)
            share -= sections["reanchor"] = estimate.Of(anchor);

        // 5. Memory: what the conversation shown does not already say.
        var recalled = Remember(parts, texts, estimate, share, shown.Select(turn => turn.Id).ToHashSet(StringComparer.Ordinal), out var memory);
        if (memory.Length > 0)
        {
            system.Add(memory);
            sections["memory"] = estimate.Of("\n\n" + memory);
        }

        var messages = history.Messages(shown, texts.Message(anchor), out var opening);
        if (opening is not null)
            system.Add(opening);
        messages.Insert(0, new ChatMessage("system", string.Join("\n\n", system)));
        return new AssembledPrompt(messages, new ReceiptBudget(budget, estimate.Of(messages), sections), recalled, notes);

        int Add(string section, IReadOnlyList<string> pieces, int room)
        {
            if (pieces.Count == 0)
                return 0;
            var taken = new List<string>();
            var cost = 0;
            foreach (var piece in pieces)
            {
                var added = estimate.Of("\n\n" + piece) + 1;
                if (cost + added > room)
                    break;
                taken.Add(piece);
                cost += added;
            }

            if (taken.Count < pieces.Count)
                notes.Add($"{pieces.Count - taken.Count} of {pieces.Count} parts of the section '{section}' are left out: the model has no room for them.");
            if (taken.Count == 0)
                return 0;
            system.AddRange(taken);
            sections[section] = cost;
            return cost;
        }
    }

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

    private static List<RecalledItem> Remember(PromptParts parts, StandardTexts texts, TokenEstimate estimate, int share, HashSet<string> shown, out string memory)
    {
        shown.Add(parts.Line[^1].Id);
        var items = new List<RecalledItem>();
        var lines = new List<string>();
        var told = new HashSet<string>(StringComparer.Ordinal);
        var cost = estimate.Of("\n\n" + texts.MemoryHeading) + 1;
        foreach (var candidate in parts.Recalled)
        {
            var line = candidate.Fact is null ? MemoryLines.OfTurn(candidate.Turn!, parts, texts.Character) : MemoryLines.OfFact(candidate, parts);
            var added = estimate.Of("\n- " + line) + 1;
            var whyNot = candidate.Turn is { } turn && shown.Contains(turn.Id) ? "it is in the running conversation"
                : candidate.Fact is { } fact && fact.TurnId == parts.Line[^1].Id ? "the message itself says it"
                : candidate.Turn is { } source && told.Contains(source.Id) ? "its fact is already there"
                : lines.Count >= parts.Profile.MemoryLines ? $"the model takes {parts.Profile.MemoryLines} remembered lines"
                : cost + added > share ? "no room"
                : null;
            if (whyNot is null)
            {
                lines.Add("- " + line);
                cost += added;
                told.Add(candidate.Fact?.TurnId ?? "");
            }

            items.Add(MemoryLines.Item(candidate, line, whyNot is null, whyNot));
        }

        memory = lines.Count == 0 ? "" : texts.MemoryHeading + "\n" + string.Join('\n', lines);
        return items;
    }
}
