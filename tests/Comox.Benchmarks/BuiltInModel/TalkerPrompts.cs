using Comox.Memory.SuperPrompt;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Benchmarks.BuiltInModel;

/// <summary>The super-prompts of talks, as the memory assembles them.</summary>
/// <param name="most">The most tokens a prompt may have, as the engine counts them.</param>
internal sealed class TalkerPrompts(int most)
{
    // The budget is not what cuts these prompts: it is estimated on the high side, and here tokens are counted.
    private static readonly PromptProfile Wide = PromptProfile.Standard with
    {
        Id = "evaluation", ContextTokens = 4096, PromptTokens = 4000, ReplyTokens = TalkerServer.ReplyTokens, CharsPerToken = 3, MemoryLines = TalkerMemory.Lines, HistoryTurns = 60,
    };

    private static readonly StandardFormat Format = new();

    /// <summary>The prompt for the last turn of a line. Where it is too long the oldest turns are left out, as in a window; and where that is not enough, what recall offers last.</summary>
    public async Task<IReadOnlyList<ChatMessage>> AssembleAsync(TalkerTalk talk, IReadOnlyList<LineTurn> line, Func<IReadOnlyList<ChatMessage>, Task<int>> countAsync)
    {
        var (window, recalled) = (line, talk.Memory);
        for (; ; )
        {
            var prompt = Format.Assemble(new PromptParts
            {
                Card = talk.Persona.Card, User = UserName.Named(talk.User), Profile = Wide, Line = window, Recalled = recalled,
            }).Value!.Messages;
            if (await countAsync(prompt) <= most)
                return prompt;
            if (window.Count > 1)
                window = [.. window.Skip(window[0].IsUser ? 2 : 1)];
            else if (recalled.Count > 1)
                recalled = Fewer(talk, recalled);
            else
                return prompt;
        }
    }

    // The line that holds the answer stays: that there is no room for it is not the model's fault.
    private static IReadOnlyList<Memory.Recall.Candidate> Fewer(TalkerTalk talk, IReadOnlyList<Memory.Recall.Candidate> recalled)
    {
        bool Holds(Memory.Recall.Candidate candidate) => talk.Expected.Value is { } value && (candidate.Fact?.Object ?? candidate.Turn!.Content).Contains(value, StringComparison.Ordinal);
        var gone = recalled.Last(candidate => !Holds(candidate) || recalled.All(Holds));
        return [.. recalled.Where(candidate => candidate != gone)];
    }
}
