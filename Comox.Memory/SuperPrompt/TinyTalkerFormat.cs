using Comox.Memory.Ingestion;
using Comox.Memory.Sessions;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Memory.SuperPrompt;

/// <summary>
/// The one form the built-in model was trained on, to the letter: a persona line in one of its voices, the user's name, memory lines in its wording,
/// and the last exchanges. It reads nothing else of a card.
/// </summary>
internal sealed class TinyTalkerFormat : IPromptFormat
{
    private static readonly HashSet<string> Titles = new(StringComparer.OrdinalIgnoreCase)
    {
        "captain", "lady", "lord", "sir", "dame", "dr", "doctor", "professor", "prof", "mr", "mrs", "ms", "miss", "the", "king", "queen", "prince", "princess", "master", "saint", "father", "mother", "old",
    };

    public string Name => SystemFormats.TinyTalker;

    public ApiResult<AssembledPrompt> Assemble(PromptParts parts)
    {
        var estimate = new TokenEstimate(parts.Profile);
        var budget = parts.Profile.PromptTokens;
        var notes = new List<string>();
        var sections = new SortedDictionary<string, int>(StringComparer.Ordinal);

        // 1. The persona, the user and the message are always there.
        var identity = Identity(parts, notes);
        sections["identity"] = estimate.Of(identity) + TokenEstimate.PerMessage;
        sections["message"] = estimate.Of(parts.Message) + TokenEstimate.PerMessage;
        var left = budget - sections["identity"] - sections["message"];
        if (left < 0)
            return PromptErrors.TooLong("The message", budget - left, parts.Profile);

        // 2. Memory before history: a short-sighted model that knows the person beats one that knows the last sentence.
        var recalled = Remember(parts, estimate, left, out var lines);
        var memory = lines.Count == 0 ? "" : "\nMemory:\n" + string.Join('\n', lines);
        if (memory.Length > 0)
            left -= sections["memory"] = estimate.Of(memory);

        // 3. The last whole exchanges.
        var history = Exchanges(parts, estimate, left);
        if (history.Count > 0)
            sections["history"] = estimate.Of(history);
        var older = parts.Line.Count - 1 - history.Count;
        if (older > 0)
            notes.Add($"{older} earlier messages of this conversation are not in the prompt: the built-in model reads only the last exchanges.");
        if (parts.ClientInstructions.Count > 0)
            notes.Add("The client's system message is not in the prompt: the built-in model reads only its own form.");

        if (parts.Reanchor is not null)
            notes.Add("The last replies drifted from the character; the built-in model has no form for a reminder of who it is.");

        List<ChatMessage> messages = [new("system", identity + memory), .. history, new(Utterance.User, parts.Message)];
        return new AssembledPrompt(messages, new ReceiptBudget(budget, estimate.Of(messages), sections), recalled, notes);
    }

    private static string Identity(PromptParts parts, List<string> notes)
    {
        var (voice, chosen) = TalkerVoices.For(parts.Card);
        notes.Add($"The built-in model speaks as {voice.Role} ({(chosen ? "chosen in the card" : "the nearest of its voices")}); beside that and the name nothing of the card is sent to it.");
        if (!parts.User.IsKnown)
            notes.Add($"The person's name is not known; the model is told '{parts.User.Single}'.");
        return $"You are {SingleName(parts.Card.SpokenName)}, {voice.Role}. {voice.Style}\nThe user is {Plain(parts.User.Single)}.";
    }

    private static List<RecalledItem> Remember(PromptParts parts, TokenEstimate estimate, int left, out List<string> lines)
    {
        lines = [];
        var items = new List<RecalledItem>();
        var taken = new HashSet<string>(StringComparer.Ordinal);

        // A third stays for the last exchanges.
        var room = (left * 2 / 3) - estimate.Of("\nMemory:");
        foreach (var candidate in parts.Recalled)
        {
            if (candidate.Fact is not { } fact)
            {
                items.Add(MemoryLines.Item(candidate, MemoryLines.OfTurn(candidate.Turn!, parts, parts.Card.SpokenName), false, "the built-in model is sent facts and never earlier turns"));
                continue;
            }

            var sentence = FactSentences.ForTalker(fact.Relation, Plain(fact.Object), Plain(parts.User.Single));
            var line = "- " + sentence;
            var cost = estimate.Of("\n" + line);

            // The model has one slot for each form of sentence: of two drinks it would mix the words.
            var slot = sentence?.Replace(Plain(fact.Object), "", StringComparison.Ordinal) ?? "";
            var whyNot = sentence is null ? (fact.Relation == Relations.Name ? "it is in the line 'The user is …'" : "the built-in model has no words for it")
                : fact.TurnId == parts.Line[^1].Id ? "the message itself says it"
                : lines.Count >= parts.Profile.MemoryLines ? $"the model takes {parts.Profile.MemoryLines} remembered lines"
                : taken.Contains(slot) ? "a better statement of the same kind is there"
                : cost > room ? "no room"
                : null;
            if (whyNot is null)
            {
                lines.Add(line);
                taken.Add(slot);
                room -= cost;
            }

            var inPrompt = whyNot is null || (fact.Relation == Relations.Name && parts.User.Single == fact.Object.Split(' ')[0]);
            items.Add(MemoryLines.Item(candidate, sentence ?? FactSentences.Of(fact.Relation, fact.Object, parts.User.Single), inPrompt, inPrompt ? null : whyNot));
        }

        return items;
    }

    /// <summary>Pairs of a message and its reply, the latest that fit. The model never saw a character speak first, nor two messages in a row.</summary>
    private static List<ChatMessage> Exchanges(PromptParts parts, TokenEstimate estimate, int left)
    {
        var messages = new List<ChatMessage>();
        for (var at = parts.Line.Count - 3; at >= 0 && messages.Count + 3 <= parts.Profile.HistoryTurns; at -= 2)
        {
            var (user, reply) = (parts.Line[at], parts.Line[at + 1]);
            if (!user.IsUser || reply.IsUser)
                break;
            ChatMessage[] pair = [new(Utterance.User, user.Content), new(Utterance.Assistant, reply.Content)];
            if ((left -= estimate.Of(pair)) < 0)
                break;
            messages.InsertRange(0, pair);
        }

        return messages;
    }

    // The model copies one word as a name; of two it makes a third.
    private static string SingleName(string name)
    {
        var words = name.Split([' ', ',', '"', '(', ')'], StringSplitOptions.RemoveEmptyEntries);
        return Plain(words.FirstOrDefault(word => !Titles.Contains(word.TrimEnd('.'))) ?? words.FirstOrDefault() ?? name);
    }

    // The model has no pieces for letters with accents and garbles what contains them: Škofja Loka → Skofja Loka.
    private static string Plain(string text) => PlainLetters.Of(text);
}
