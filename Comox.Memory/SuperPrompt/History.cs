using Comox.Memory.Sessions;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Memory.SuperPrompt;

/// <summary>The window over the running conversation, in the standard form.</summary>
internal sealed class History(PromptParts parts, StandardTexts texts, TokenEstimate estimate)
{
    // Once this many turns are in the window they leave it in blocks: every turn that leaves alters the prefix, and with it the engine's whole cache.
    private const int BlockedFrom = 24;

    /// <summary>How many turns before the window are needed to know where a block begins.</summary>
    public const int Block = 8;

    /// <summary>The newest turns before the message that fit, oldest first.</summary>
    public IReadOnlyList<LineTurn> Fit(int room)
    {
        var past = parts.Line.SkipLast(1).ToList();
        room -= estimate.Of(texts.OpeningHeading);
        var start = past.Count;
        while (start > 0 && past.Count - start < parts.Profile.HistoryTurns - 1 && (room -= Cost(past[start - 1])) >= 0)
            start--;
        if (start > 0 && past.Count - start >= BlockedFrom)
        {
            while (past[start].Depth % Block != 1)
                start++;
        }

        return past.GetRange(start, past.Count - start);
    }

    /// <summary>Whether there was no room for turns that the profile would show.</summary>
    public bool IsCut(IReadOnlyList<LineTurn> shown) =>
        shown.Count + (shown.Count >= BlockedFrom - Block ? Block - 1 : 0) < Math.Min(parts.Line.Count, parts.Profile.HistoryTurns) - 1;

    public int Cost(IEnumerable<LineTurn> turns) => turns.Sum(Cost);

    /// <summary>
    /// The conversation as messages that take turns. What the character said before the person's first shown word becomes
    /// <paramref name="opening"/>, a part of the system message.
    /// </summary>
    public List<ChatMessage> Messages(IReadOnlyList<LineTurn> shown, string message, out string? opening)
    {
        var first = shown.TakeWhile(turn => !turn.IsUser).ToList();
        opening = first.Count == 0 ? null : texts.OpeningHeading + string.Join("\n\n", first.Select(turn => turn.Content));

        var messages = new List<ChatMessage>();
        foreach (var turn in shown.Skip(first.Count).Append(parts.Line[^1] with { Content = message }))
        {
            if (messages.Count > 0 && messages[^1].Role == turn.Role)
                messages[^1] = messages[^1] with { Content = messages[^1].Content + "\n\n" + turn.Content };
            else
                messages.Add(new ChatMessage(turn.IsUser ? Utterance.User : Utterance.Assistant, turn.Content));
        }

        return messages;
    }

    // The 2 are for the line breaks where two turns are joined.
    private int Cost(LineTurn turn) => estimate.Of(turn.Content) + TokenEstimate.PerMessage + 2;
}
