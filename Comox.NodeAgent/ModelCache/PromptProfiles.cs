using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.ModelCache;

/// <summary>Model → what it can be given.</summary>
internal static class PromptProfiles
{
    /// <summary>
    /// Trained on 320 tokens at most; the rest is for the reply, which is one sentence. Measured with its own tokenizer: 3.0 characters per token
    /// in a persona and a question, 2.0 in memory lines full of rare names, so 2.3 keeps a full prompt of either kind under 320.
    /// </summary>
    public static PromptProfile TinyTalker { get; } = new()
    {
        Id = "tiny-talker",
        ContextTokens = 320,
        PromptTokens = 240,
        ReplyTokens = 64,
        CharsPerToken = 2.3,
        MemoryLines = 6,
        HistoryTurns = 5,
        // Five questions with rare names, twenty answers each: 80 of 100 right at 0 and at 0.2, 74 at the engine's 0.8; at 0.2 its openers still vary.
        Temperature = 0.2,
        SystemFormat = SystemFormats.TinyTalker,
    };

    /// <summary>The standard profile fitted to a slot of <paramref name="context"/> tokens.</summary>
    public static PromptProfile ForContext(int context)
    {
        var standard = PromptProfile.Standard;
        var reply = Math.Clamp(context / 4, 64, standard.ReplyTokens);
        return standard with
        {
            ContextTokens = context,
            PromptTokens = context - reply,
            ReplyTokens = reply,
            MemoryLines = Math.Clamp(context / 128, 4, standard.MemoryLines),
            HistoryTurns = Math.Clamp(context / 20, 6, standard.HistoryTurns),
        };
    }
}
