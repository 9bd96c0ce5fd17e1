using System.Globalization;
using Comox.Memory.Identity;
using Comox.Memory.Sessions;
using Comox.Memory.Storage;
using Comox.Memory.SuperPrompt;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Ingestion;

internal static class FactEndpoints
{
    public static void MapFacts(this IEndpointRouteBuilder memory)
    {
        memory.MapGet("/subjects/{subject}/facts", ListAsync);
        memory.MapDelete("/subjects/{subject}/facts/{id}", ForgetAsync);
    }

    private static async Task<IResult> ListAsync(
        string subject, string? character, string? valid_at, string? known_at, bool? expired, MemoryDbFactory databases, CharacterStore characters, CancellationToken cancellation)
    {
        DateTimeOffset? validAt = null, knownAt = null;
        if ((Subjects.Problem(subject) ?? Time("valid_at", valid_at, out validAt) ?? Time("known_at", known_at, out knownAt)) is { } problem)
            return problem.ToResult();

        await using var db = databases.Open();
        string? characterId = null;
        if (!string.IsNullOrEmpty(character))
        {
            var found = await characters.FindAsync(db, character, cancellation);
            if (!found.IsSuccess)
                return found.Error.ToResult();
            characterId = found.Value.Id;
        }

        var told = (await ToldFacts.OfAsync(db, subject, characterId, cancellation)).Where(told => knownAt is null || told.Fact.SaidAt <= knownAt);
        return TypedResults.Json(new FactList(View(subject, told, oneKnows: characterId is not null, validAt, expired ?? false)), MemoryJson.Default.FactList);
    }

    private static ApiError? Time(string name, string? given, out DateTimeOffset? time)
    {
        time = null;
        if (string.IsNullOrEmpty(given))
            return null;
        if (!DateTimeOffset.TryParse(given, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var read))
            return new ApiError(StatusCodes.Status400BadRequest, ErrorCodes.InvalidRequest, $"{name} is '{given}'; a time as 2026-03-01T12:00:00Z is expected.", name);
        time = read;
        return null;
    }

    /// <summary>
    /// What holds is a matter between the person and each character: what one was told ends nothing for another, unless that one heard it, too.
    /// </summary>
    /// <param name="subject">The person.</param>
    /// <param name="told">What was told.</param>
    /// <param name="oneKnows">It is all that one character knows, told to it or not; otherwise each character's is apart.</param>
    /// <param name="validAt">When it is to have been true; null: now.</param>
    /// <param name="expired">Everything that was ever held, too.</param>
    private static List<FactView> View(string subject, IEnumerable<KnownFact> told, bool oneKnows, DateTimeOffset? validAt, bool expired)
    {
        var views = new List<FactView>();
        foreach (var toOne in told.GroupBy(known => oneKnows ? "" : known.Character, StringComparer.Ordinal))
        {
            var facts = toOne.Select(known => known.Fact).ToList();
            var states = FactFold.Fold(facts);
            var name = UserName.For(subject, FactFold.Held(facts)).InStatements;
            views.AddRange(
                from known in toOne
                let fact = known.Fact
                let state = states[fact.Id]
                where !fact.Retracts && (expired || (validAt is { } at ? state.ValidFrom <= at && (state.ValidTo is null || state.ValidTo > at) && !IsSaidAgain(state) : state is { ExpiredBy: null, ValidTo: null }))
                select new FactView
                {
                    Id = fact.Id,
                    Text = FactSentences.Of(fact, name),
                    About = fact.About.Length > 0 ? fact.About : null,
                    Relation = fact.Relation,
                    Object = fact.Object,
                    Character = known.Character,
                    Witnesses = known.Witnesses,
                    Epistemic = fact.Epistemic,
                    ValidFrom = state.ValidFrom,
                    ValidTo = state.ValidTo,
                    ExpiredAt = state.ExpiredAt,
                    ExpiredBy = state.ExpiredBy,
                    Source = new RecallSource(fact.SessionId, fact.TurnId, fact.SaidAt, fact.Quote),
                });
        }

        return [.. views.OrderByDescending(view => view.Source.SaidAt).ThenByDescending(view => view.Id, StringComparer.Ordinal)];
    }

    // Ended by a repetition: that one stands for both.
    private static bool IsSaidAgain(FactState state) => state is { ExpiredBy: not null, ValidTo: null };

    /// <summary>The person has it forgotten; the words that told it stay.</summary>
    private static async Task<IResult> ForgetAsync(string subject, string id, MemoryDbFactory databases, SessionChanges changes, CancellationToken cancellation)
    {
        if (Subjects.Problem(subject) is { } problem)
            return problem.ToResult();
        var missing = new ApiError(StatusCodes.Status404NotFound, ErrorCodes.FactNotFound, $"There is no fact '{id}' of this person. GET /memory/subjects/{subject}/facts lists those there are.", "id");
        IReadOnlyList<FactRow> sayings;
        await using (var db = databases.Open())
            sayings = await SayingsAsync(db, subject, id, cancellation);
        var isForgotten = false;
        foreach (var said in sayings)
        {
            var forgotten = await changes.MakeAsync<FactForgotten>(said.SessionId, async (db, log) =>
            {
                if (await db.Facts.AsNoTracking().FirstOrDefaultAsync(row => row.Id == said.Id, cancellation) is not { } fact)
                    return missing;
                var entry = new FactForgotten(said.Id, fact.TurnId);
                await log.AppendAsync(cancellation, entry);
                return entry;
            }, cancellation);
            // With its session the fact is gone too.
            isForgotten = forgotten.IsSuccess;
        }

        return isForgotten ? TypedResults.NoContent() : missing.ToResult();
    }

    /// <summary>
    /// The fact, and the earlier sayings that it stands for, to whomever they were told of those who heard it: one of them would hold again; and the same words on lines that were left, which may come
    /// back. The earliest first, so that a call that is cut short can be made once more.
    /// </summary>
    /// <returns>Empty: the person has no such fact.</returns>
    private static async Task<IReadOnlyList<FactRow>> SayingsAsync(MemoryDb db, string subject, string id, CancellationToken cancellation)
    {
        var told = await ToldFacts.OfAsync(db, subject, null, cancellation);
        var sayings = new HashSet<string>(StringComparer.Ordinal) { id };
        foreach (var witness in told.Find(known => known.Fact.Id == id)?.Witnesses ?? [])
        {
            var heard = told.Where(known => known.Witnesses.Contains(witness)).Select(known => known.Fact).ToList();
            var states = FactFold.Fold(heard);
            while (heard.FindAll(fact => !fact.Retracts && IsSaidAgain(states[fact.Id]) && sayings.Contains(states[fact.Id].ExpiredBy!) && !sayings.Contains(fact.Id)) is { Count: > 0 } earlier)
                sayings.UnionWith(earlier.Select(fact => fact.Id));
        }

        var rows = await db.Facts.AsNoTracking().Where(row => row.Subject == subject && sayings.Contains(row.Id)).ToListAsync(cancellation);
        var sessions = rows.Select(row => row.SessionId).Distinct(StringComparer.Ordinal).ToList();
        var left = await db.Facts.AsNoTracking().Where(row => row.Subject == subject && !row.Live && sessions.Contains(row.SessionId)).ToListAsync(cancellation);
        rows.AddRange(left.Where(row => !sayings.Contains(row.Id) && rows.Exists(said => Words(said) == Words(row))).ToList());
        return [.. rows.OrderBy(row => row.Id == id).ThenBy(row => row.SaidAt).ThenBy(row => row.Id, StringComparer.Ordinal)];

        static (string, string, string, string, string) Words(FactRow row) => (row.SessionId, row.About, row.Relation, row.Object, row.Quote);
    }
}
