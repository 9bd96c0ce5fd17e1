using System.Text;
using Comox.Memory.Consolidation;
using Comox.Memory.Diagnostics;
using Comox.Memory.Ingestion;
using Comox.Memory.Sessions;
using Comox.Memory.Storage;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.ShortTerm;

/// <summary>
/// Summarises the oldest turns of a conversation, a block at a time and on top of the summary before, by the model of the <c>summarize</c> role. No reply waits
/// for it: while it is behind, or its model is down, prompts have the last summary that holds and as many turns as fit, and every turn stays recallable.
/// </summary>
internal sealed class SummarizeWorker(RoleOptions roles, RoleModels models, ShortTermOptions options, TimeProvider time, ILogger<SummarizeWorker> log) : ISessionWorker
{
    private readonly ModelPatience _patience = new();

    public string Name => "summarize";

    public bool IsEnabled => !string.IsNullOrEmpty(roles.Summarize);

    public async Task<ApiResult<WorkDone>> WorkAsync(MemoryDb db, SessionRow session, int after, CancellationToken cancellation)
    {
        // 1. Is there a block beyond what is kept?
        var before = await Summaries.OfLineAsync(db, session.Id, cancellation);
        var start = before?.Depth ?? 0;
        var end = start + options.BlockTurns;
        if (session.TurnCount - end < options.KeepTurns)
            return WorkDone.Nothing(session.Version);

        // 2. The model.
        var turns = await db.Turns.AsNoTracking().Where(turn => turn.SessionId == session.Id && turn.Current && turn.Depth > start && turn.Depth <= end)
            .OrderBy(turn => turn.Depth).ToListAsync(cancellation);
        var character = await db.Characters.Where(row => row.Id == session.CharacterId).Select(row => row.Name).FirstAsync(cancellation);
        // An account ("admin", a key's id) is no name, and what "Admin" did would be somebody else's in a prompt that calls the person Mara.
        var person = (await CalledNames.OfAsync(db, session, cancellation)).FirstOrDefault() ?? "The user";
        var model = roles.Summarize!;
        var most = _patience.Turns(turns.Count);
        turns.RemoveRange(most, turns.Count - most);
        var answer = await AskAsync(LongestTurn);

        // For a model that has no room for the block, or will not read it: fewer turns, of a single one less, and in the end none of its words.
        while (IsRefused() && turns.Count > 1)
        {
            turns.RemoveRange(turns.Count / 2, turns.Count - (turns.Count / 2));
            answer = await AskAsync(LongestTurn);
        }

        for (var longest = LongestTurn / 2; IsRefused() && longest >= ShortestTurn; longest /= 2)
            answer = await AskAsync(longest);
        if (IsRefused() && await models.IsWellAsync(model, cancellation))
            answer = await AskAsync(0);
        if (!answer.IsSuccess)
            return answer.Error;
        var text = answer.Value;

        // 3. The summary, for this very path. There may be another block; hence its place moves only when none is left.
        var last = turns[^1];
        MemoryLog.Summarised(log, session.Id, last.Depth, model, text.Length);
        return new WorkDone(
            after,
            [new SummaryMade(Ids.New("sum", time), last.Chain, last.Depth, [.. turns.Select(turn => turn.Id)], text, model, before?.Id)],
            async (now, token) => await now.Turns.AnyAsync(turn => turn.Id == last.Id && turn.Current && turn.Chain == last.Chain, token)
                && (before is null || await now.Summaries.AnyAsync(row => row.Id == before.Id, token)));

        bool IsRefused() => !answer.IsSuccess && RoleModels.IsRefusal(answer.Error);

        async Task<ApiResult<string>> AskAsync(int longest)
        {
            var answered = await models.AskAsync(model, Instructions(character), Material(before, turns, person, character, longest), options.SummaryTokens, null, cancellation);
            _patience.Saw(answered.Error, turns.Count, options.BlockTurns);
            if (!answered.IsSuccess)
                return answered;
            var text = answered.Value.Trim();
            return text.Length > 0 ? text : new ApiError(StatusCodes.Status422UnprocessableEntity, ErrorCodes.UpstreamError, $"The model '{model}' answered with an empty summary.");
        }
    }

    private static string Instructions(string character) =>
        $"You keep the story so far of a conversation between a person and {character}. Write it anew in one paragraph of plain past tense, with what is below: who did and said what, what was decided, promised, felt and learned, names, places and numbers as they are. Nothing that is not there. No comment, no heading.";

    // A pasted book in a block must not make it too long for its model for ever.
    private const int LongestTurn = 2_000;
    private const int ShortestTurn = 100;

    private static string Said(string content, int longest) => longest == 0 ? "…" : ShortText.Of(content.ReplaceLineEndings(" "), longest, longest);

    private static string Material(SummaryRow? before, IReadOnlyList<TurnRow> turns, string person, string character, int longest)
    {
        var text = new StringBuilder();
        if (before is not null)
            text.Append("The story so far:\n").Append(before.Content).Append("\n\nWhat happened next:\n");
        foreach (var turn in turns)
            text.Append(turn.Role == Utterance.User ? person : character).Append(": ").Append(Said(turn.Content, longest)).Append('\n');
        return text.ToString();
    }
}
