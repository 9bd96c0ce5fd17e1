using Comox.Memory.Vectors;

namespace Comox.Memory.Tests.Vectors;

/// <summary>
/// A random play on a store beside the simplest store there can be, a dictionary: people, models, replacements, deletions of every kind, restarts. After each step some question
/// is asked, and the answer must be what the dictionary has, for that person and nobody else.
/// </summary>
internal sealed class VectorStorePlay(StoreUnderTest test, Random random)
{
    private static readonly string[] Subjects = ["mara", "tomas", "mara2"];
    private static readonly string[] Characters = ["brine", "pim", "clementine"];
    private static readonly VectorSpace[] Spaces = [new("one", 5), new("two", 5), new("one", 6)];

    private readonly Dictionary<(VectorSpace Space, string Subject, string Id), VectorPoint> _stored = [];

    public async Task RunAsync(int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            switch (random.Next(10))
            {
                case < 6:
                    await UpsertAsync();
                    break;
                case 6:
                    await DeleteIdsAsync();
                    break;
                case 7 or 8:
                    await DeleteWhereAsync();
                    break;
                default:
                    test.Reopen();
                    break;
            }

            await AskAsync();
        }

        foreach (var space in Spaces)
        {
            foreach (var subject in Subjects)
                Assert.Equal(Of(space, new VectorFilter { Subject = subject }).Select(point => point.Id).Order(StringComparer.Ordinal), await test.Store.AllIdsAsync(subject, space));
        }
    }

    private async Task UpsertAsync()
    {
        var (space, subject) = (Pick(Spaces), Pick(Subjects));
        var points = Enumerable.Range(0, random.Next(1, 12)).Select(_ => RandomPoint(space)).ToArray();
        await test.Store.PutAsync(space, subject, points);
        foreach (var point in points)
            _stored[(space, subject, point.Id)] = point;
    }

    private async Task DeleteIdsAsync()
    {
        var subject = Pick(Subjects);
        var ids = Enumerable.Range(0, 3).Select(_ => RandomId()).ToHashSet();
        Assert.Null(await test.Store.DeleteAsync(subject, ids, CancellationToken.None));
        foreach (var key in _stored.Keys.Where(key => key.Subject == subject && ids.Contains(key.Id)).ToList())
            _stored.Remove(key);
    }

    private async Task DeleteWhereAsync()
    {
        // Mostly of a turn, seldom of a person: else there is never much there.
        var filter = random.Next(8) == 0 ? new VectorFilter { Subject = Pick(Subjects) } : RandomFilter() with { Turn = RandomTurn() };
        Assert.Null(await test.Store.DeleteAsync(filter, CancellationToken.None));
        foreach (var (key, _) in _stored.Where(pair => pair.Key.Subject == filter.Subject && Matches(filter, pair.Value)).ToList())
            _stored.Remove(key);
    }

    private async Task AskAsync()
    {
        var (space, filter, count) = (Pick(Spaces), RandomFilter(), random.Next(1, 8));
        var asked = VectorStoreContractTests.RandomVector(random, space.Dimension);
        var expected = Of(space, filter).ToDictionary(point => point.Id, point => Cosine(asked, point.Vector.ToArray()));

        var answer = await test.Store.QueryAsync(space, new VectorQuery(filter, asked, count), CancellationToken.None);
        Assert.True(answer.IsSuccess, answer.Error?.Message);
        Assert.Equal(expected.Values.OrderDescending().Take(count), answer.Value.Select(match => match.Similarity), (one, other) => Math.Abs(one - other) < 1e-5);
        Assert.Distinct(answer.Value.Select(match => match.Id));
        Assert.All(answer.Value, match => Assert.Equal(expected[match.Id], match.Similarity, 1e-5));
        Assert.Equal(expected.Count, (await test.Store.CountAsync(space, filter, CancellationToken.None)).Value);
    }

    private IEnumerable<VectorPoint> Of(VectorSpace space, VectorFilter filter) =>
        _stored.Where(pair => pair.Key.Space == space && pair.Key.Subject == filter.Subject && Matches(filter, pair.Value)).Select(pair => pair.Value);

    private static bool Matches(VectorFilter filter, VectorPoint point) =>
        (filter.Character is null || filter.Character == point.Character)
        && (filter.Witness is null || point.Witnesses.Contains(filter.Witness))
        && (filter.Session is null || filter.Session == point.Session)
        && (filter.Turn is null || filter.Turn == point.Turn)
        && (filter.Kinds is null || filter.Kinds.Contains(point.Kind))
        && (filter.From is null || point.SaidAt >= filter.From)
        && (filter.Before is null || point.SaidAt < filter.Before);

    private VectorFilter RandomFilter() => new()
    {
        Subject = Pick(Subjects),
        Character = random.Next(4) == 0 ? Pick(Characters) : null,
        Witness = random.Next(3) == 0 ? Pick(Characters) : null,
        Session = random.Next(4) == 0 ? RandomSession() : null,
        Kinds = random.Next(4) == 0 ? [Pick(Enum.GetValues<VectorKind>()), Pick(Enum.GetValues<VectorKind>())] : null,
        From = random.Next(4) == 0 ? RandomTime() : null,
        Before = random.Next(4) == 0 ? RandomTime() : null,
    };

    private VectorPoint RandomPoint(VectorSpace space) => new()
    {
        Id = RandomId(),
        Character = Pick(Characters),
        Session = RandomSession(),
        Turn = RandomTurn(),
        Witnesses = [.. Characters.Where(_ => random.Next(2) == 0)],
        Kind = Pick(Enum.GetValues<VectorKind>()),
        SaidAt = RandomTime(),
        Vector = VectorStoreContractTests.RandomVector(random, space.Dimension),
    };

    private string RandomId() => $"vec_{random.Next(40)}";

    private string RandomSession() => $"ses_{random.Next(3)}";

    private string RandomTurn() => $"trn_{random.Next(6)}";

    private DateTimeOffset RandomTime() => Vec.Noon.AddMinutes(random.Next(20));

    private T Pick<T>(T[] of) => of[random.Next(of.Length)];

    private static double Cosine(float[] one, float[] other) =>
        one.Zip(other, (a, b) => (double)a * b).Sum() / Math.Sqrt(one.Sum(a => (double)a * a) * other.Sum(b => (double)b * b));
}
