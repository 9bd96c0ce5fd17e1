using Comox.Memory.SuperPrompt;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Benchmarks.BuiltInModel;

/// <summary>The super-prompts of talks, as the memory assembles them.</summary>
/// <param name="most">The most tokens a prompt may have, as the engine counts them.</param>
internal sealed class TalkerPrompts(int most)
{
    public const int ReplyTokens = 96;

    // The budget is not what cuts these prompts: it is estimated on the high side, and here tokens are counted.
    private static readonly PromptProfile Wide = PromptProfile.Standard with
    {
        Id = "evaluation", ContextTokens = 4096, PromptTokens = 4000, ReplyTokens = ReplyTokens, CharsPerToken = 3, MemoryLines = TalkerMemory.Lines, HistoryTurns = 60,
    };

    private static readonly StandardFormat Format = new();

    /// <summary>
    /// The prompt for the last turn of a line. Where it is too long the oldest turns are left out, as in a window; where that is not enough, or the oldest says what the answer rests on, what recall offers last.
    /// </summary>
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
            var oldest = window[0].IsUser ? 2 : 1;
            if (window.Count > 1 && (recalled.Count <= 1 || !window.Take(oldest).Any(turn => IsNeeded(talk, turn.Content))))
                window = [.. window.Skip(oldest).Select((turn, place) => turn with { Depth = place + 1 })];
            else if (recalled.Count > 1)
                recalled = Fewer(talk, recalled);
            else
                return prompt;
        }
    }

    // What the answer rests on stays, and what is corrected: that there is no room for it is not the model's fault.
    private static bool IsNeeded(TalkerTalk talk, string text) => talk.Expected.Value is { } value && (talk.Expected.Never ?? []).Append(value).Any(said => text.Contains(said, StringComparison.Ordinal));

    private static IReadOnlyList<Memory.Recall.Candidate> Fewer(TalkerTalk talk, IReadOnlyList<Memory.Recall.Candidate> recalled)
    {
        bool Holds(Memory.Recall.Candidate candidate) => IsNeeded(talk, candidate.Fact?.Object ?? candidate.Turn!.Content);
        var gone = recalled.Last(candidate => !Holds(candidate) || recalled.All(Holds));
        return [.. recalled.Where(candidate => candidate != gone)];
    }
}
