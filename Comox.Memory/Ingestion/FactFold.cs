namespace Comox.Memory.Ingestion;

/// <summary>A statement with its source, as it was told to one character. <c>Depth</c> is the place of its turn on the session's current line.</summary>
internal sealed record ToldFact(
    string Id, string Relation, string Object, bool Retracts, string SessionId, string TurnId, DateTimeOffset SaidAt, int Depth, string Quote)
{
    /// <summary>Whom it is about, as it was named; empty: the person.</summary>
    public string About { get; init; } = "";

    public int TurnNumber { get; init; }
    public DateTimeOffset ValidFrom { get; init; } = SaidAt;
    public DateTimeOffset? ToldUntil { get; init; }
    public string Epistemic { get; init; } = Ingestion.Epistemic.Asserted;

    /// <summary>Of a fact that holds: the last other value of what can have one only, which it took the place of. Null: there was none.</summary>
    public ToldFact? Replaced { get; init; }

    public static ToldFact From(Storage.FactRow row, int depth = 0) =>
        new(row.Id, row.Relation, row.Object, row.Retracts, row.SessionId, row.TurnId, row.SaidAt, depth, row.Quote)
        {
            About = row.About, TurnNumber = row.TurnNumber, ValidFrom = row.ValidFrom, ToldUntil = row.ToldUntil, Epistemic = row.Epistemic,
        };
}

/// <summary>What became of a statement.</summary>
/// <param name="ExpiredAt">When it stopped being held for true; null: it still is.</param>
/// <param name="ExpiredBy">The statement that ended it.</param>
/// <param name="ValidTo">Until when it was true; null: it still is, or nobody knows.</param>
/// <param name="ValidFrom">Since when it was true: of what was said several times, since the first that it tells of.</param>
/// <param name="Replaced">See <see cref="ToldFact.Replaced"/>.</param>
internal sealed record FactState(DateTimeOffset? ExpiredAt, string? ExpiredBy, DateTimeOffset? ValidTo, DateTimeOffset ValidFrom, ToldFact? Replaced = null);

/// <summary>
/// What holds, computed from everything that was said on the current lines. Nothing is ever marked as outdated for good: a statement whose turn leaves the
/// line takes its consequences along, and what it had replaced holds again.
/// </summary>
internal static class FactFold
{
    private const string Taste = "taste";
    private static readonly string[] Tastes = [Relations.Likes, Relations.LikesToDrink, Relations.LikesToEat, Relations.Hates, Relations.Dislikes];

    /// <summary>The relations that can end each other's facts, under one name.</summary>
    public static string GroupOf(string relation) => Tastes.Contains(relation, StringComparer.Ordinal) ? Taste : relation;

    public static IReadOnlyList<string> RelationsOf(string group) => group == Taste ? Tastes : [group];

    /// <returns>The facts that hold, newest first.</returns>
    public static IReadOnlyList<ToldFact> Held(IEnumerable<ToldFact> told)
    {
        var all = told.ToList();
        var states = Fold(all);
        return
        [
            .. all.Where(fact => !fact.Retracts && states[fact.Id] is { ExpiredBy: null, ValidTo: null })
                .Select(fact => states[fact.Id].Replaced is { } replaced ? fact with { Replaced = replaced } : fact)
                .OrderByDescending(fact => fact.SaidAt).ThenByDescending(fact => fact.TurnNumber).ThenByDescending(fact => fact.Id, StringComparer.Ordinal),
        ];
    }

    /// <summary>What became of each, by id. In the order in which it was said; ties by id, so that the same statements always give the same answer.</summary>
    public static IReadOnlyDictionary<string, FactState> Fold(IEnumerable<ToldFact> told)
    {
        var held = new Dictionary<string, ToldFact>(StringComparer.Ordinal);
        var states = new Dictionary<string, FactState>(StringComparer.Ordinal);
        var values = new Dictionary<string, ToldFact>(StringComparer.Ordinal);
        foreach (var fact in told.OrderBy(fact => fact.SaidAt).ThenBy(fact => fact.SessionId, StringComparer.Ordinal).ThenBy(fact => fact.TurnNumber).ThenBy(fact => fact.Id, StringComparer.Ordinal))
        {
            states[fact.Id] = new FactState(null, null, fact.ToldUntil, fact.ValidFrom);
            if (fact.Retracts)
            {
                foreach (var ended in held.Values.Where(other => IsRetracted(other, fact)).ToArray())
                    End(ended, fact);
            }
            else if (fact.ToldUntil is null || fact.ToldUntil > fact.SaidAt)
            {
                foreach (var opposite in Opposites(fact.Relation))
                {
                    if (held.TryGetValue(Key(fact.About, opposite, fact.Object), out var ended))
                        End(ended, fact);
                }

                if (held.TryGetValue(Key(fact), out var earlier))
                    End(earlier, fact);
                held[Key(fact)] = fact;
                if (Relations.IsFunctional(fact.Relation))
                {
                    var last = values.GetValueOrDefault(Key(fact));
                    states[fact.Id] = states[fact.Id] with { Replaced = last is not null && PlainName.Of(last.Object) == PlainName.Of(fact.Object) ? states[last.Id].Replaced : last };
                    values[Key(fact)] = fact;
                }
            }
        }

        return states;

        // What is only said again stays true; the newer saying of it counts.
        void End(ToldFact fact, ToldFact by)
        {
            var again = !by.Retracts && by.Relation == fact.Relation && PlainName.Of(by.Object) == PlainName.Of(fact.Object);
            var since = states[fact.Id].ValidFrom;
            // Nothing ended before it began, whatever the words of the one and the time of the other say.
            states[fact.Id] = states[fact.Id] with { ExpiredAt = by.SaidAt, ExpiredBy = by.Id, ValidTo = fact.ToldUntil ?? (again ? null : by.ValidFrom > since ? by.ValidFrom : since) };
            // Said again without a time. One that is named counts, and of what has ended since nothing goes on.
            if (again && fact.ToldUntil is null && by.ValidFrom == by.SaidAt && since < by.ValidFrom)
                states[by.Id] = states[by.Id] with { ValidFrom = since };
            held.Remove(Key(fact));
        }
    }

    private static bool IsRetracted(ToldFact fact, ToldFact by) =>
        PlainName.Of(fact.About) == PlainName.Of(by.About)
        && (fact.Relation == by.Relation
            || (by.Relation == Relations.Likes && fact.Relation is Relations.LikesToDrink or Relations.LikesToEat)
            || (by.Relation == Relations.Hates && fact.Relation == Relations.Dislikes))
        && (by.Object.Length == 0 || PlainName.Of(fact.Object) == PlainName.Of(by.Object));

    private static string[] Opposites(string relation) => relation switch
    {
        Relations.Likes or Relations.LikesToDrink or Relations.LikesToEat => [Relations.Hates, Relations.Dislikes],
        Relations.Hates or Relations.Dislikes => [Relations.Likes, Relations.LikesToDrink, Relations.LikesToEat],
        _ => [],
    };

    private static string Key(ToldFact fact) => Key(fact.About, fact.Relation, fact.Object);

    private static string Key(string about, string relation, string value) =>
        Relations.IsFunctional(relation) ? $"{PlainName.Of(about)}\n{relation}" : $"{PlainName.Of(about)}\n{relation}={PlainName.Of(value)}";
}
