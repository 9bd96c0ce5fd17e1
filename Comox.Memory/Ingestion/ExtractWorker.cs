using Comox.Memory.Consolidation;
using Comox.Memory.Diagnostics;
using Comox.Memory.Sessions;
using Comox.Memory.Storage;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.OpenAI;
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

    private readonly ModelPatience _patience = new();

    public string Name => "extract";

    public bool IsEnabled => !string.IsNullOrEmpty(roles.Extract);

    public async Task<ApiResult<WorkDone>> WorkAsync(MemoryDb db, SessionRow session, int after, CancellationToken cancellation)
    {
        // 1. What is to be read, oldest first. There may be more; hence the place moves only when nothing is left.
        var unread = await Unread(db, session.Id, await LastOfPersonAsync(db, session.Id, cancellation)).Take(TurnsLookedAt).ToListAsync(cancellation);
        if (unread.Count == 0)
            return WorkDone.Nothing(session.Version);

        // Fewer at once for a model that has no room for so many, or that will not read one of them.
        for (var most = _patience.Turns(TurnsAtOnce); ; most /= 2)
        {
            var read = await ReadAsync(db, session, after, unread, most, cancellation);
            _patience.Saw(read.Error, most, TurnsAtOnce);
            if (read.IsSuccess || !RoleModels.IsRefusal(read.Error))
                return read;
            if (most > 1)
                continue;
            if (read.Error.Code != ErrorCodes.ContextLengthExceeded && !await models.IsWellAsync(roles.Extract!, cancellation))
                return read; // It refuses everything: that is nobody's turn's fault.
            MemoryLog.PassedOver(log, session.Id, unread.First(IsWorthReading).Id, roles.Extract!, read.Error.Message);
        }
    }

    /// <param name="db">The database.</param>
    /// <param name="session">Whose turns.</param>
    /// <param name="after">The worker's place.</param>
    /// <param name="unread">What is to be read.</param>
    /// <param name="most">So many turns; 0: the first is passed over.</param>
    /// <param name="cancellation">Ends it.</param>
    private async Task<ApiResult<WorkDone>> ReadAsync(MemoryDb db, SessionRow session, int after, IReadOnlyList<TurnRow> unread, int most, CancellationToken cancellation)
    {
        var worth = unread.Where(IsWorthReading).Take(Math.Max(1, most)).ToList();
        var turns = worth.Take(most).ToList();
        IReadOnlyList<TurnRow> done = worth.Count < Math.Max(1, most) ? unread : [.. unread.TakeWhile(turn => turn.Depth <= worth[^1].Depth)];
        var chains = done.Select(turn => turn.Chain).ToList();
        IReadOnlyList<string> ids = [.. done.Select(turn => turn.Id)];
        var forgotten = await ForgottenFacts.OfAsync(db, ids, cancellation);
        WorkDone Done(params IEnumerable<FactsRead> found) => new(after, [.. found, new TurnsRead(ids)], async (now, token) =>
            await now.Turns.CountAsync(turn => turn.SessionId == session.Id && turn.Current && chains.Contains(turn.Chain), token) == chains.Count
            && (await ForgottenFacts.OfAsync(now, ids, token)).Sum(ofTurn => ofTurn.Count()) == forgotten.Sum(ofTurn => ofTurn.Count()));
        if (turns.Count == 0)
            return Done();

        // 2. The model, with a few turns before for who "she" is.
        var (first, last) = (turns.Min(turn => turn.Depth), turns.Max(turn => turn.Depth));
        var from = first - (most == 1 ? 0 : ContextTurns);
        var line = await db.Turns.AsNoTracking().Where(turn => turn.SessionId == session.Id && turn.Current && turn.Depth >= from && turn.Depth <= last)
            .OrderBy(turn => turn.Depth).ToListAsync(cancellation);
        var character = await db.Characters.Where(row => row.Id == session.CharacterId).Select(row => row.Name).FirstAsync(cancellation);
        var model = roles.Extract!;
        var answer = await models.AskAsync(model, ExtractPrompt.Instructions(character), ExtractPrompt.Material(line, turns, character), MaxTokens, ExtractPrompt.Format, cancellation);
        if (!answer.IsSuccess)
            return answer.Error;

        // 3. What it says, as far as the turns say it.
        var (read, dropped) = ExtractReader.Read(answer.Value, turns, line, await CalledNames.OfAsync(db, session, cancellation), character);
        var events = turns.Select(turn => Merged(turn, read.GetValueOrDefault(turn.Id) ?? [], [.. forgotten[turn.Id]], model)).OfType<FactsRead>().ToList();
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

    /// <summary>
    /// The rules' facts, and those of the model's that the rules have not, without what the person had forgotten, in whichever words it comes. Null where that is what is known already.
    /// </summary>
    private FactsRead? Merged(TurnRow turn, IReadOnlyList<ReadFact> read, IReadOnlyList<ReadFact> forgotten, string model)
    {
        var rule = rules.Read(turn)?.Facts ?? [];
        var known = rule.Where(fact => !forgotten.Any(gone => gone.Id == fact.Id)).ToList();
        var quotes = read.Select(fact => (fact.Start, fact.Quote.Length)).ToList();
        var further = read.Where(fact => !rule.Any(other => Same(other, fact) || IsPart(fact, other)) && !forgotten.Any(gone => IsAbout(gone, fact))).Select(fact => rules.Timed(fact, turn, quotes, past: null)).ToList();
        return further.Count == 0 ? null : new FactsRead(turn.Id, $"{model}+{TurnFacts.Reader}", [.. known, .. further]);

        // "Chess and baking" is one hobby to the rules, and a model's "baking" would take its place.
        static bool IsPart(ReadFact part, ReadFact whole) =>
            part.Relation == whole.Relation && Relations.IsFunctional(part.Relation) && !part.Retracts && !whole.Retracts && PlainName.Of(part.About ?? "") == PlainName.Of(whole.About ?? "")
            && $" {PlainName.Of(whole.Object)} ".Contains($" {PlainName.Of(part.Object)} ", StringComparison.Ordinal);

        static bool Same(ReadFact one, ReadFact other) => one.Relation == other.Relation && IsAbout(one, other);

        static bool IsAbout(ReadFact one, ReadFact other) => PlainName.Of(one.About ?? "") == PlainName.Of(other.About ?? "") && PlainName.Of(one.Object) == PlainName.Of(other.Object);
    }
}
