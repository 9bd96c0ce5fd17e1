using Comox.Memory.Sessions;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Memory.SuperPrompt;

/// <summary>The window over the running conversation, in the standard form.</summary>
internal sealed class History(PromptParts parts, StandardTexts texts, TokenEstimate estimate)
{
    /// <summary>The most turns that leave the window at once.</summary>
    public const int MaxBlock = 64;

    private const int MinBlock = 4;

    // What a message of a chat takes, about. Only for how large a block is.
    private const int TypicalTurn = 60;

    /// <summary>
    /// The newest turns before the message that fit, oldest first. Once there is no room for all they leave in blocks, up to half of the window at once: every
    /// turn that leaves alters the prefix, and with it the engine's whole cache.
    /// </summary>
    public IReadOnlyList<LineTurn> Fit(int room)
    {
        var past = parts.Line.SkipLast(1).ToList();
        room -= estimate.Of(texts.OpeningHeading);
        var count = 0;
        while (count < past.Count && count < parts.Profile.HistoryTurns - 1 && (room -= Cost(past[^(count + 1)])) >= 0)
            count++;
        IsAsLongAsAllowed = count >= parts.Profile.HistoryTurns - 1;
        var start = past.Count - count;
        if (start < past.Count && past[start].Depth > 1 && BlockFor(past.Count - start) is > 0 and var block)
        {
            while (past[start].Depth % block != 1)
                start++;
        }

        return past.GetRange(start, past.Count - start);
    }

    /// <summary>Whether it is the profile's number of turns, and not the room, that ended the window of <see cref="Fit"/>.</summary>
    public bool IsAsLongAsAllowed { get; private set; }

    // A power of two by the budget, which is the same for every turn of a session; smaller where so few turns fit that a block would empty the window.
    private int BlockFor(int shown)
    {
        var block = MaxBlock;
        while (block > MinBlock && (block > parts.Profile.PromptTokens / TypicalTurn / 2 || block > shown / 2))
            block /= 2;
        return block <= shown / 2 ? block : 0;
    }

    /// <summary>Whether turns of the conversation are not in the window.</summary>
    public bool IsCut(IReadOnlyList<LineTurn> shown) => shown.Count > 0 ? shown[0].Depth > 1 : parts.Line.Count > 1;

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
