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

        var told = (await db.Facts.AsNoTracking()
                .Where(fact => fact.Subject == subject && fact.Live && (characterId == null || fact.CharacterId == characterId))
                .Join(db.Characters, fact => fact.CharacterId, row => row.Id, (fact, row) => new { fact, row.Slug })
                .ToListAsync(cancellation))
            .Where(row => knownAt is null || row.fact.SaidAt <= knownAt)
            .Select(row => (row.Slug, Fact: ToldFact.From(row.fact)));
        return TypedResults.Json(new FactList(View(subject, told, validAt, expired ?? false)), MemoryJson.Default.FactList);
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

    /// <summary>What holds is a matter between the person and each character: none of them knows what another was told.</summary>
    private static List<FactView> View(string subject, IEnumerable<(string Character, ToldFact Fact)> told, DateTimeOffset? validAt, bool expired)
    {
        var views = new List<FactView>();
        foreach (var toOne in told.GroupBy(row => row.Character, row => row.Fact, StringComparer.Ordinal))
        {
            var facts = toOne.ToList();
            var states = FactFold.Fold(facts);
            var name = UserName.For(subject, FactFold.Held(facts)).InStatements;
            views.AddRange(
                from fact in facts
                let state = states[fact.Id]
                where !fact.Retracts && (expired || (validAt is { } at ? fact.ValidFrom <= at && (state.ValidTo is null || state.ValidTo > at) && !IsSaidAgain(state) : state is { ExpiredBy: null, ValidTo: null }))
                select new FactView
                {
                    Id = fact.Id,
                    Text = FactSentences.Of(fact, name),
                    About = fact.About.Length > 0 ? fact.About : null,
                    Relation = fact.Relation,
                    Object = fact.Object,
                    Character = toOne.Key,
                    Epistemic = fact.Epistemic,
                    ValidFrom = fact.ValidFrom,
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
        string? session;
        await using (var db = databases.Open())
            session = await db.Facts.Where(row => row.Id == id && row.Subject == subject).Select(row => row.SessionId).FirstOrDefaultAsync(cancellation);
        if (session is null)
            return missing.ToResult();
        var forgotten = await changes.MakeAsync<FactForgotten>(session, async (db, log) =>
        {
            if (await db.Facts.AsNoTracking().FirstOrDefaultAsync(row => row.Id == id, cancellation) is not { } fact)
                return missing;
            var entry = new FactForgotten(id, fact.TurnId);
            await log.AppendAsync(cancellation, entry);
            return entry;
        }, cancellation);
        // With its session the fact is gone too.
        return forgotten.IsSuccess ? TypedResults.NoContent() : missing.ToResult();
    }
}
