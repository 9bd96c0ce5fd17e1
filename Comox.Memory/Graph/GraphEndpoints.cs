using Comox.Memory.Identity;
using Comox.Memory.Storage;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Memory.Graph;

internal static class GraphEndpoints
{
    public static void MapGraph(this IEndpointRouteBuilder memory) => memory.MapGet("/subjects/{subject}/graph", AroundAsync);

    private static async Task<IResult> AroundAsync(
        string subject, string? character, string? entity, int? hops, MemoryDbFactory databases, CharacterStore characters, CancellationToken cancellation)
    {
        if (Subjects.Problem(subject) is { } problem)
            return problem.ToResult();
        if (string.IsNullOrEmpty(character))
            return Bad("character", "character is missing: what is known is a matter between the person and each character.").ToResult();
        if (hops is < 1 or > GraphQuery.MaxHops)
            return Bad("hops", $"hops is {hops}; it must be between 1 and {GraphQuery.MaxHops}.").ToResult();

        await using var db = databases.Open();
        var found = await characters.FindAsync(db, character, cancellation);
        if (!found.IsSuccess)
            return found.Error.ToResult();
        var edges = await GraphQuery.AroundAsync(db, subject, found.Value.Id, [entity ?? ""], hops ?? 2, cancellation);
        return TypedResults.Json(
            new FactGraphView([.. edges.Select(edge => new GraphEdge(edge.Fact.About, edge.Fact.Relation, edge.Fact.Object, edge.Hops, edge.Fact.Id))]), MemoryJson.Default.FactGraphView);
    }

    private static ApiError Bad(string field, string message) => new(StatusCodes.Status400BadRequest, ErrorCodes.InvalidRequest, message, field);
}
