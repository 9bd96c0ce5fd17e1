using Comox.Memory.Graph;
using Comox.Memory.Storage;
using Comox.Memory.Vectors;
using Comox.Memory.Vectors.Embedding;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Recall;

/// <summary>What recall is told besides words: turns of like meaning, and turns around the names in a message. Neither is waited for longer than it is worth.</summary>
/// <param name="Dense">Similarities by turn id; null: no embed role, or it was too slow.</param>
/// <param name="Graph">Ids of the turns and facts that the graph reaches.</param>
/// <param name="Note">What a receipt should say of it; null: nothing.</param>
internal sealed record SideLanes(IReadOnlyDictionary<string, double>? Dense, IReadOnlyList<(string Id, double Score)> Graph, string? Note)
{
    public static SideLanes None { get; } = new(null, [], null);
}

/// <summary>Asks the vectors and the graph, side by side with nothing: both are optional, and recall by words never waits for a model.</summary>
internal sealed class SideLaneSources(IEmbedder embedder, IVectorStore vectors, MemoryOptions options, TimeProvider time)
{
    private const int NearestTurns = 64;

    // Among these are those that the character did not hear, which the index passes over.
    private const int NearestOfAll = 256;
    private const int Hops = 2;
    private const int LongestName = 3;
    private const int MaxNames = 64;

    /// <param name="db">The database.</param>
    /// <param name="subject">The person.</param>
    /// <param name="characterId">Who recalls.</param>
    /// <param name="guest">Whether it was ever a guest: then what others were told is looked through, too. Vectors do not know who was present; the index does.</param>
    /// <param name="message">What is recalled for.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task<SideLanes> AskAsync(MemoryDb db, string subject, string characterId, bool guest, string message, CancellationToken cancellation)
    {
        var graph = await GraphAsync(db, subject, characterId, message, cancellation);
        var (dense, note) = await DenseAsync(subject, characterId, guest, message, cancellation);
        return new SideLanes(dense, graph, note);
    }

    private async Task<(IReadOnlyDictionary<string, double>? Dense, string? Note)> DenseAsync(string subject, string characterId, bool guest, string message, CancellationToken cancellation)
    {
        if (embedder.Model is null || string.IsNullOrWhiteSpace(message))
            return (null, null);
        using var limit = new CancellationTokenSource(options.DenseTimeout, time);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            var embedded = await embedder.EmbedAsync([message], patience.Token);
            if (!embedded.IsSuccess)
                return (null, $"The dense lane is empty: {embedded.Error.Message}");
            var matches = new List<VectorMatch>();
            var own = new VectorQuery(new VectorFilter { Subject = subject, Witness = characterId }, embedded.Value.Vectors[0], NearestTurns);
            foreach (var query in guest ? [own, new VectorQuery(new VectorFilter { Subject = subject }, embedded.Value.Vectors[0], NearestOfAll)] : new[] { own })
            {
                var found = await vectors.QueryAsync(embedded.Value.Space, query, patience.Token);
                if (!found.IsSuccess)
                    return (null, $"The dense lane is empty: {found.Error.Message}");
                matches.AddRange(found.Value);
            }

            return (matches.GroupBy(match => match.Turn, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Max(match => match.Similarity), StringComparer.Ordinal), null);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return (null, $"The dense lane is empty: no vector of the message within {options.DenseTimeout.TotalMilliseconds:0} ms.");
        }
    }

    /// <returns>Ids of turns, and of the facts themselves: what was said beside a fact in its turn is one thing, and what it says another.</returns>
    private static async Task<IReadOnlyList<(string Id, double Score)>> GraphAsync(
        MemoryDb db, string subject, string characterId, string message, CancellationToken cancellation)
    {
        // A table without rows is the rule where nobody has told of names; then nothing is asked of it.
        var names = Names(message);
        if (names.Count == 0 || !await db.Entities.AnyAsync(row => row.Subject == subject && row.CharacterId == characterId && row.Name != "" && names.Contains(row.Name), cancellation))
            return [];
        var edges = await GraphQuery.AroundAsync(db, subject, characterId, names, Hops, cancellation);
        return
        [
            .. edges.SelectMany(edge => new[] { (Id: edge.Fact.TurnId, edge.Hops), (edge.Fact.Id, edge.Hops) })
                .GroupBy(found => found.Id, StringComparer.Ordinal).Select(found => (found.Key, 1.0 / found.Min(each => each.Hops))),
        ];
    }

    /// <summary>Every run of one to three words that is more than stop words, as names are compared.</summary>
    private static List<string> Names(string message)
    {
        var words = Terms.Words(message).Take(200).ToList();
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var from = 0; from < words.Count && names.Count < MaxNames; from++)
        {
            for (var length = 1; length <= LongestName && from + length <= words.Count; length++)
            {
                var name = string.Join(' ', words.GetRange(from, length));
                if (name.Length > 2 && Terms.Of(name).Any())
                    names.Add(name);
            }
        }

        return [.. names];
    }
}
