using Comox.Memory.Consolidation;
using Comox.Memory.Diagnostics;
using Comox.Memory.Sessions;
using Comox.Memory.Storage;
using Comox.ServiceDefaults.Clients;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Ingestion;

/// <summary>
/// Reads facts by the model of the <c>extract</c> role, in the background and beside the rules. What it reads is what was said, never a prompt: recalled
/// memories cannot come back as new ones. A person's turn is read as soon as it is on the line; a character's only when the person has gone on from it, so that
/// of several swipes the accepted one alone feeds the memory.
/// </summary>
internal sealed class ExtractWorker(RoleOptions roles, RoleModels models, TurnFacts rules, ILogger<ExtractWorker> log) : ISessionWorker
{
    // One question for several turns: an import of a thousand messages is a hundred questions and not a thousand.
    private const int TurnsAtOnce = 10;
    private const int ContextTurns = 4;
    private const int MaxTokens = 1500;

    public string Name => "extract";

    public bool IsEnabled => !string.IsNullOrEmpty(roles.Extract);

    public async Task<ApiResult<WorkDone>> WorkAsync(MemoryDb db, SessionRow session, int after, CancellationToken cancellation)
    {
        // 1. What is to be read: the turns whose time has come with the events since.
        var (turns, through) = await DueAsync(db, session, after, cancellation);
        if (turns.Count == 0)
            return WorkDone.Nothing(through);

        // 2. The model, with a few turns before for who "she" is.
        var (first, last) = (turns.Min(turn => turn.Depth), turns.Max(turn => turn.Depth));
        var line = await db.Turns.AsNoTracking().Where(turn => turn.SessionId == session.Id && turn.Current && turn.Depth >= first - ContextTurns && turn.Depth <= last)
            .OrderBy(turn => turn.Depth).ToListAsync(cancellation);
        var character = await db.Characters.Where(row => row.Id == session.CharacterId).Select(row => row.Name).FirstAsync(cancellation);
        var model = roles.Extract!;
        var answer = await models.AskAsync(model, ExtractPrompt.Instructions(character), ExtractPrompt.Material(line, turns, character), MaxTokens, ExtractPrompt.Format, cancellation);
        if (!answer.IsSuccess)
            return answer.Error;

        // 3. What it says, as far as the turns say it.
        var (read, dropped) = ExtractReader.Read(answer.Value, turns, character);
        var events = turns.Select(turn => Merged(turn, read.GetValueOrDefault(turn.Id) ?? [], model)).OfType<FactsRead>().ToList();
        MemoryLog.Extracted(log, session.Id, model, events.Sum(entry => entry.Facts.Count), turns.Count, dropped);
        var chains = turns.Select(turn => turn.Chain).ToList();
        return new WorkDone(through, events, async (now, token) =>
            await now.Turns.CountAsync(turn => turn.SessionId == session.Id && turn.Current && chains.Contains(turn.Chain), token) == chains.Distinct().Count());
    }

    private static async Task<(List<TurnRow> Turns, int Through)> DueAsync(MemoryDb db, SessionRow session, int after, CancellationToken cancellation)
    {
        var fresh = await db.Events.AsNoTracking().Where(row => row.SessionId == session.Id && row.Number > after && row.Number <= session.Version)
            .OrderBy(row => row.Number).Take(TurnsAtOnce * 8).ToListAsync(cancellation);
        var due = new Dictionary<string, TurnRow>(StringComparer.Ordinal);
        var through = after;
        foreach (var row in fresh)
        {
            if (due.Count >= TurnsAtOnce)
                return ([.. due.Values], through);
            through = row.Number;
            if (SessionLog.Read(row) is not (TurnSaid or TurnEdited) || row.TurnId is not { } id)
                continue;
            var said = await db.Turns.AsNoTracking().FirstOrDefaultAsync(turn => turn.Id == id && turn.Current, cancellation);
            if (said is { Role: Utterance.User })
            {
                Add(said);
                if (said.ParentId is { } parent && await db.Turns.AsNoTracking().FirstOrDefaultAsync(turn => turn.Id == parent && turn.Role == Utterance.Assistant, cancellation) is { } accepted)
                    Add(accepted);
            }
        }

        return ([.. due.Values], Math.Max(through, fresh.Count == 0 ? session.Version : through));

        void Add(TurnRow turn)
        {
            if (ExtractPrompt.IsWorthReading(turn.Content) && !(turn.Role == Utterance.User && BackgroundCalls.QuotesChat(turn.Content)))
                due[turn.Id] = turn;
        }
    }

    /// <summary>The rules' facts, and those of the model's that the rules have not. Null where that is what is known already.</summary>
    private FactsRead? Merged(TurnRow turn, IReadOnlyList<ReadFact> read, string model)
    {
        var known = rules.Read(turn)?.Facts ?? [];
        var quotes = read.Select(fact => (fact.Start, fact.Quote.Length)).ToList();
        var further = read.Where(fact => !known.Any(rule => Same(rule, fact))).Select(fact => rules.Timed(fact, turn, quotes, past: null)).ToList();
        return further.Count == 0 ? null : new FactsRead(turn.Id, $"{model}+{TurnFacts.Reader}", [.. known, .. further]);

        static bool Same(ReadFact one, ReadFact other) =>
            one.Relation == other.Relation && PlainName.Of(one.About ?? "") == PlainName.Of(other.About ?? "") && PlainName.Of(one.Object) == PlainName.Of(other.Object);
    }
}
