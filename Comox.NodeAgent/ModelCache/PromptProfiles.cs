using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.ModelCache;

/// <summary>Model → what it can be given.</summary>
internal static class PromptProfiles
{
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
