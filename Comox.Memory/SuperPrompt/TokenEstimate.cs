using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Memory.SuperPrompt;

/// <summary>
/// Tokens of a text, estimated on the high side and never counted: a tokenizer is the model's own, and too slow for every part of every prompt.
/// ASCII by the profile's characters per token; anything else a token per character, or per byte where the model's small vocabulary spells it out.
/// </summary>
internal sealed class TokenEstimate(PromptProfile profile)
{
    /// <summary>Role, separators and end of one message in the chat template.</summary>
    public const int PerMessage = 5;

    private readonly bool _bytes = profile.SpellsBytes;

    public int Of(string text)
    {
        var (ascii, other) = (0, 0);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.IsAscii)
                ascii++;
            else
                other += _bytes ? rune.Utf8SequenceLength : rune.Utf16SequenceLength;
        }

        return (int)Math.Ceiling(ascii / profile.CharsPerToken) + other;
    }

    public int Of(ChatMessage message) => PerMessage + Of(message.Content);

    public int Of(IEnumerable<ChatMessage> messages) => messages.Sum(Of);
}
