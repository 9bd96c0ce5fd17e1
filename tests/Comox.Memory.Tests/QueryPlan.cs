using System.Text.RegularExpressions;
using Comox.Memory.Storage;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Tests;

/// <summary>How SQLite goes about a query.</summary>
internal static partial class QueryPlan
{
    /// <returns>A line for each step: <c>SEARCH c USING INDEX …</c> goes to what it needs, <c>SCAN s</c> through all there is.</returns>
    public static async Task<IReadOnlyList<string>> OfAsync(MemoryDb db, string query)
    {
        await db.Database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var command = db.Database.GetDbConnection().CreateCommand();
        // Before the query stand its parameters, as settings of SQLite's shell.
        command.CommandText = "EXPLAIN QUERY PLAN " + string.Join('\n', query.Split('\n').Where(line => !line.StartsWith(".param", StringComparison.Ordinal)));
        foreach (var name in Parameter().Matches(command.CommandText).Select(match => match.Value).Distinct(StringComparer.Ordinal))
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, "1");
            command.Parameters.Add(parameter);
        }

        var plan = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
            plan.Add(reader.GetString(3));
        return plan;
    }

    [GeneratedRegex("@\\w+")]
    private static partial Regex Parameter();
}
