using System.Globalization;
using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace Comox.Memory.Vectors.Sqlite;

/// <summary>A filter as the condition of a statement. The subject is always part of it.</summary>
internal sealed class VectorCondition
{
    private readonly List<(string Name, object Value)> _values = [];
    private readonly List<string> _terms = [];

    private VectorCondition(string subject) => Add("subject = $subject", "$subject", subject);

    /// <summary>What stands behind WHERE.</summary>
    public string Sql => string.Join(" AND ", _terms);

    public static VectorCondition Of(VectorFilter filter)
    {
        var condition = new VectorCondition(filter.Subject);
        if (filter.Character is not null)
            condition.Add("character = $character", "$character", filter.Character);
        if (filter.Session is not null)
            condition.Add("session = $session", "$session", filter.Session);
        if (filter.Turn is not null)
            condition.Add("turn = $turn", "$turn", filter.Turn);
        if (filter.Witness is not null)
            condition.Add("EXISTS (SELECT 1 FROM json_each(witnesses) WHERE value = $witness)", "$witness", filter.Witness);
        if (filter.Kinds is not null)
            condition._terms.Add($"kind IN ({string.Join(',', filter.Kinds.Select(kind => ((int)kind).ToString(CultureInfo.InvariantCulture)))})");
        if (filter.From is { } from)
            condition.Add("said_at >= $from", "$from", VectorTime.FirstMillisecond(from));
        if (filter.Before is { } before)
            condition.Add("said_at < $before", "$before", VectorTime.FirstMillisecond(before));
        return condition;
    }

    public static VectorCondition Of(string subject, IReadOnlyCollection<string> ids)
    {
        var condition = new VectorCondition(subject);
        condition.Add("id IN (SELECT value FROM json_each($ids))", "$ids", JsonSerializer.Serialize(ids, VectorJson.Default.IReadOnlyCollectionString));
        return condition;
    }

    public SqliteCommand Statement(SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object Value)> further) =>
        connection.Statement(sql, [.. _values, .. further]);

    private void Add(string term, string name, object value)
    {
        _terms.Add(term);
        _values.Add((name, value));
    }
}
