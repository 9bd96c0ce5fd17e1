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
/// of several swipes the accepted one alone feeds the memory. What the log has since its place tells only that there may be something: what is read is
/// whatever is on the line and was not read, so that a turn which comes back with its branch is not missed, and none is read twice.
/// </summary>
internal sealed class ExtractWorker(RoleOptions roles, RoleModels models, TurnFacts rules, ILogger<ExtractWorker> log) : ISessionWorker
{
    // One question for several turns: an import of a thousand messages is a hundred questions and not a thousand.
    private const int TurnsAtOnce = 10;
    private const int TurnsLookedAt = 80;
    private const int ContextTurns = 4;
    private const int MaxTokens = 1500;

    public string Name => "extract";

    public bool IsEnabled => !string.IsNullOrEmpty(roles.Extract);

    public async Task<ApiResult<WorkDone>> WorkAsync(MemoryDb db, SessionRow session, int after, CancellationToken cancellation)
    {
        // 1. What is to be read, oldest first. There may be more; hence the place moves only when nothing is left.
        var unread = await Unread(db, session.Id, await LastOfPersonAsync(db, session.Id, cancellation)).Take(TurnsLookedAt).ToListAsync(cancellation);
        if (unread.Count == 0)
            return WorkDone.Nothing(session.Version);
        var turns = unread.Where(IsWorthReading).Take(TurnsAtOnce).ToList();
        var done = turns.Count < TurnsAtOnce ? unread : unread.TakeWhile(turn => turn.Depth <= turns[^1].Depth).ToList();
        var chains = done.Select(turn => turn.Chain).ToList();
        WorkDone Done(params IEnumerable<FactsRead> found) => new(after, [.. found, new TurnsRead([.. done.Select(turn => turn.Id)])], async (now, token) =>
            await now.Turns.CountAsync(turn => turn.SessionId == session.Id && turn.Current && chains.Contains(turn.Chain), token) == chains.Count);
        if (turns.Count == 0)
            return Done();

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
        return Done(events);
    }

    /// <summary>What is on a line, up to a depth, and was not read.</summary>
    public static IQueryable<TurnRow> Unread(MemoryDb db, string session, int through) =>
        db.Turns.AsNoTracking().Where(turn => turn.SessionId == session && turn.Current && !turn.Extracted && turn.Depth <= through).OrderBy(turn => turn.Depth);

    // 0 where the person has said nothing.
    private static Task<int> LastOfPersonAsync(MemoryDb db, string session, CancellationToken cancellation) =>
        db.Turns.Where(turn => turn.SessionId == session && turn.Current && turn.Role == Utterance.User).OrderByDescending(turn => turn.Depth).Select(turn => turn.Depth).FirstOrDefaultAsync(cancellation);

    private static bool IsWorthReading(TurnRow turn) =>
        ExtractPrompt.IsWorthReading(turn.Content) && !(turn.Role == Utterance.User && BackgroundCalls.QuotesChat(turn.Content));

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
