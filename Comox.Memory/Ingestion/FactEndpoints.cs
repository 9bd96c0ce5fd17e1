using Comox.Memory.Identity;
using Comox.Memory.Storage;
using Comox.Memory.SuperPrompt;
using Comox.ServiceDefaults.Contracts.Memory;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Ingestion;

internal static class FactEndpoints
{
    public static void MapFacts(this IEndpointRouteBuilder memory) => memory.MapGet("/subjects/{subject}/facts", ListAsync);

    private static async Task<IResult> ListAsync(
        string subject, string? character, MemoryDbFactory databases, CharacterStore characters, CancellationToken cancellation)
    {
        if (Subjects.Problem(subject) is { } problem)
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

        return TypedResults.Json(new FactList(await HeldAsync(db, subject, characterId, cancellation)), MemoryJson.Default.FactList);
    }

    private static async Task<IReadOnlyList<FactView>> HeldAsync(MemoryDb db, string subject, string? characterId, CancellationToken cancellation)
    {
        var told = await db.Facts.AsNoTracking()
            .Where(fact => fact.Subject == subject && (characterId == null || fact.CharacterId == characterId))
            .Join(db.Turns.Where(turn => turn.Current), fact => fact.TurnId, turn => turn.Id, (fact, turn) => new { fact, turn.Depth })
            .Join(db.Characters, found => found.fact.CharacterId, character => character.Id, (found, character) => new { found.fact, found.Depth, character.Slug })
            .ToListAsync(cancellation);

        // What holds is a matter between the person and each character: none of them knows what another was told.
        var views = new List<FactView>();
        foreach (var toOne in told.GroupBy(found => found.Slug, StringComparer.Ordinal))
        {
            var held = FactFold.Held(toOne.Select(found => ToldFact.From(found.fact, found.Depth)));
            var name = UserName.For(subject, held).InStatements;
            views.AddRange(held.Select(fact => new FactView
            {
                Id = fact.Id,
                Text = FactSentences.Of(fact, name),
                Relation = fact.Relation,
                Object = fact.Object,
                Character = toOne.Key,
                Source = new RecallSource(fact.SessionId, fact.TurnId, fact.SaidAt, fact.Quote),
            }));
        }

        return [.. views.OrderByDescending(view => view.Source.SaidAt).ThenByDescending(view => view.Id, StringComparer.Ordinal)];
    }
}
