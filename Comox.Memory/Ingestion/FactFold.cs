namespace Comox.Memory.Ingestion;

/// <summary>A statement with its source, as it was told to one character. <c>Depth</c> is the place of its turn on the session's current line.</summary>
internal sealed record ToldFact(
    string Id, string Relation, string Object, bool Retracts, string SessionId, string TurnId, DateTimeOffset SaidAt, int Depth, string Quote)
{
    public static ToldFact From(Storage.FactRow row, int depth) =>
        new(row.Id, row.Relation, row.Object, row.Retracts, row.SessionId, row.TurnId, row.SaidAt, depth, row.Quote);
}

/// <summary>
/// What holds, computed from everything that was said on the current lines. Nothing is ever marked as outdated: a statement whose turn leaves the line
/// takes its consequences along, and what it had replaced holds again.
/// </summary>
internal static class FactFold
{
    /// <returns>The facts that hold, newest first.</returns>
    public static IReadOnlyList<ToldFact> Held(IEnumerable<ToldFact> told)
    {
        var held = new Dictionary<string, ToldFact>(StringComparer.Ordinal);
        foreach (var fact in told.OrderBy(fact => fact.SaidAt).ThenBy(fact => fact.Depth).ThenBy(fact => fact.Id, StringComparer.Ordinal))
        {
            if (fact.Retracts)
                Retract(held, fact);
            else
            {
                foreach (var opposite in Opposites(fact.Relation))
                    held.Remove(Key(opposite, fact.Object));
                held[Key(fact.Relation, fact.Object)] = fact;
            }
        }

        return [.. held.Values.OrderByDescending(fact => fact.SaidAt).ThenByDescending(fact => fact.Depth).ThenByDescending(fact => fact.Id, StringComparer.Ordinal)];
    }

    private static void Retract(Dictionary<string, ToldFact> held, ToldFact retraction)
    {
        foreach (var (key, fact) in held.ToArray())
        {
            var sameRelation = fact.Relation == retraction.Relation
                || (retraction.Relation == Relations.Likes && fact.Relation is Relations.LikesToDrink or Relations.LikesToEat)
                || (retraction.Relation == Relations.Hates && fact.Relation == Relations.Dislikes);
            if (sameRelation && (retraction.Object.Length == 0 || Normal(fact.Object) == Normal(retraction.Object)))
                held.Remove(key);
        }
    }

    private static string[] Opposites(string relation) => relation switch
    {
        Relations.Likes or Relations.LikesToDrink or Relations.LikesToEat => [Relations.Hates, Relations.Dislikes],
        Relations.Hates or Relations.Dislikes => [Relations.Likes, Relations.LikesToDrink, Relations.LikesToEat],
        _ => [],
    };

    private static string Key(string relation, string value) => Relations.IsFunctional(relation) ? relation : $"{relation}={Normal(value)}";

    private static string Normal(string value)
    {
        var text = value.ToLowerInvariant();
        foreach (var article in new[] { "a ", "an ", "the " })
        {
            if (text.StartsWith(article, StringComparison.Ordinal))
                return text[article.Length..];
        }

        return text;
    }
}
