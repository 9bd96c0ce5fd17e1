using System.Text;
using Comox.Memory.Vectors;
using Comox.Memory.Vectors.Sqlite;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Comox.TestKit;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Comox.Memory.Tests.Vectors;

/// <summary>What only the file has: exactness with a bound on memory, a copy in memory that is never behind, and nothing left of what was deleted.</summary>
public sealed class SqliteVectorStoreTests
{
    private static readonly VectorSpace Wide = new("wide", 128);
    private static readonly VectorSpace Large = new("large", 256);
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task From_memory_and_from_the_file_come_the_exactly_nearest()
    {
        await using var test = new StoreUnderTest();
        await using var small = new StoreUnderTest(new() { ["Comox:Memory:Vectors:CacheMegabytes"] = "1" });
        var random = new Random(17);
        // Around a few centres, so that many are nearly as near as the nearest.
        var centres = Enumerable.Range(0, 8).Select(_ => VectorStoreContractTests.RandomVector(random, Large.Dimension)).ToArray();
        var points = Enumerable.Range(0, 4000).Select(number => Vec.Point($"p{number:0000}", Around(centres[number % 8], random)) with { Session = $"ses_{number % 3}" }).ToArray();
        await test.Store.PutAsync(Large, "mara", points);
        await small.Store.PutAsync(Large, "mara", points);

        for (var question = 0; question < 12; question++)
        {
            var filter = new VectorFilter { Subject = "mara", Session = question % 2 == 0 ? null : "ses_1" };
            var query = new VectorQuery(filter, Around(centres[question % 8], random), 25);
            var unit = VectorMath.Unit(query.Vector.Span);
            var expected = points.Where(point => filter.Session is null || point.Session == filter.Session)
                .Select(point => new VectorMatch(point.Id, point.Turn, VectorMath.Similarity(unit, VectorMath.Unit(point.Vector.Span)))).Order(VectorMatch.Order).Take(25);
            Assert.Equal(expected, (await test.Store.QueryAsync(Large, query, None)).Value!);
            Assert.Equal(expected, (await small.Store.QueryAsync(Large, query, None)).Value!);
        }

        Assert.Equal(0, ((SqliteVectorStore)small.Store).CachedBytes);
        Assert.InRange(((SqliteVectorStore)test.Store).CachedBytes, 4000 * 256, 2 * 1024 * 1024);
    }

    [Fact]
    public async Task Memory_stays_within_its_bound_however_many_people_ask()
    {
        await using var test = new StoreUnderTest(new() { ["Comox:Memory:Vectors:CacheMegabytes"] = "1" });
        var random = new Random(23);
        for (var person = 0; person < 12; person++)
        {
            await test.Store.PutAsync(Wide, $"person {person}", [.. Enumerable.Range(0, 1000).Select(number => Vec.Point($"p{number}", VectorStoreContractTests.RandomVector(random, 128)))]);
            Assert.Equal(3, (await test.Store.IdsAsync(Vec.Near($"person {person}", VectorStoreContractTests.RandomVector(random, 128)) with { Count = 3 }, Wide)).Length);
            Assert.InRange(((SqliteVectorStore)test.Store).CachedBytes, 1, 1024 * 1024);
        }

        // A partition in memory that outgrows the bound goes, and the file answers.
        for (var batch = 0; batch < 8; batch++)
            await test.Store.PutAsync(Wide, "person 11", [.. Enumerable.Range(0, 1000).Select(number => Vec.Point($"more {batch} {number}", VectorStoreContractTests.RandomVector(random, 128)))]);
        Assert.InRange(((SqliteVectorStore)test.Store).CachedBytes, 0, 1024 * 1024);
        Assert.Equal(9000, await test.Store.CountAsync("person 11", Wide));
        Assert.Equal(1000, (await test.Store.IdsAsync(Vec.Near("person 11", VectorStoreContractTests.RandomVector(random, 128)) with { Count = 1000 }, Wide)).Length);
    }

    [Fact]
    public async Task Whoever_never_waits_long_enough_still_gets_an_answer_in_the_end()
    {
        await using var test = new StoreUnderTest();
        var random = new Random(29);
        await test.Store.PutAsync(Large, "mara", [.. Enumerable.Range(0, 4000).Select(number => Vec.Point($"p{number}", VectorStoreContractTests.RandomVector(random, 256)))]);
        test.Reopen();
        // Less than it takes to read a megabyte of vectors, more than it takes to look through a copy of them.
        await Eventually.IsTrueAsync(
            async () =>
            {
                using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(5), TimeProvider.System);
                try
                {
                    return (await test.Store.QueryAsync(Large, Vec.Near("mara", VectorStoreContractTests.RandomVector(random, 256)), patience.Token)).Value!.Length == 10;
                }
                catch (OperationCanceledException)
                {
                    return false;
                }
            },
            "an answer within 5 ms");
    }

    [Fact]
    public async Task What_another_process_wrote_is_seen()
    {
        await using var test = new StoreUnderTest();
        await test.Store.PutAsync("mara", Vec.Point("a", 1, 0, 0), Vec.Point("b", 0, 1, 0));
        Assert.Equal(["a", "b"], await test.Store.AllIdsAsync("mara"));

        var other = ActivatorUtilities.CreateInstance<SqliteVectorStore>(test.Services);
        await other.PutAsync("mara", Vec.Point("c", 0, 0, 1));
        Assert.Null(await other.DeleteAsync("mara", ["a"], None));
        Assert.Equal(["b", "c"], await test.Store.AllIdsAsync("mara"));
        Assert.Null(await other.DeleteAsync(new VectorFilter { Subject = "mara" }, None));
        await other.PutAsync("mara", Vec.Point("d", 1, 1, 1));
        Assert.Equal(["d"], await test.Store.AllIdsAsync("mara"));
    }

    [Fact]
    public async Task Questions_while_others_write_see_one_state_or_the_next()
    {
        await using var test = new StoreUnderTest();
        var even = Enumerable.Range(0, 40).Select(number => Vec.Point($"p{number:00}", 1, 0, 0) with { Turn = "even" }).ToArray();
        var odd = even.Select(point => point with { Turn = "odd", Vector = new float[] { 0, 1, 0 } }).ToArray();
        await test.Store.PutAsync("mara", even);
        using var stop = new CancellationTokenSource();
        var asking = Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            var asked = 0;
            for (; !stop.IsCancellationRequested || asked == 0; asked++)
            {
                var matches = (await test.Store.QueryAsync(Vec.Space, Vec.Near("mara", 1, 0, 0) with { Count = 40 }, None)).Value!;
                Assert.Equal(40, matches.Length);
                Assert.Single(matches.Select(match => (match.Turn, Math.Round(match.Similarity))).Distinct());
            }
        })).ToList();
        for (var round = 0; round < 30; round++)
            await test.Store.PutAsync("mara", round % 2 == 0 ? odd : even);
        await stop.CancelAsync();
        await Task.WhenAll(asking);
    }

    [Fact]
    public async Task Of_a_person_who_is_deleted_no_byte_is_left_in_any_file()
    {
        await using var test = new StoreUnderTest();
        await test.Store.PutAsync("tomas", Vec.Point("stays", 1, 0, 0));
        await test.Store.PutAsync("mara the first", Vec.Point("point-of-mara", 0.12345678f, 0.5f, 0.25f) with { Session = "session-of-mara", Witnesses = ["witness-of-mara"] });
        Assert.Null(await test.Store.DeleteAsync(new VectorFilter { Subject = "mara the first" }, None));

        var unit = VectorMath.Unit([0.12345678f, 0.5f, 0.25f]);
        byte[][] traces = [.. new[] { "mara the first", "point-of-mara", "session-of-mara", "witness-of-mara" }.Select(Encoding.UTF8.GetBytes), System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(unit).ToArray()];
        foreach (var file in Directory.GetFiles(Path.Combine(test.Home, "memory")))
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var bytes = new MemoryStream();
            await stream.CopyToAsync(bytes);
            Assert.All(traces, trace => Assert.Equal(-1, bytes.ToArray().AsSpan().IndexOf(trace)));
        }

        Assert.Equal(["stays"], await test.Store.AllIdsAsync("tomas"));
    }

    [Fact]
    public async Task Whoever_has_no_vectors_has_no_file_of_them()
    {
        await using var test = new StoreUnderTest();
        Assert.Empty(await test.Store.AllIdsAsync("mara"));
        Assert.Null(await test.Store.DeleteAsync(new VectorFilter { Subject = "mara" }, None));
        Assert.Null(await test.Store.CheckAsync(None));
        Assert.Empty(Directory.GetFiles(Path.Combine(test.Home, "memory")));
    }

    [Fact]
    public async Task A_damaged_file_is_an_error_that_names_it_and_health_is_degraded()
    {
        await using var test = new StoreUnderTest();
        var path = Path.Combine(test.Home, "memory", "vectors.db");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllTextAsync(path, new string('x', 5000), None);

        var error = await test.Store.UpsertAsync(Vec.Space, "mara", [Vec.Point("a", 1, 0, 0)], None);
        Assert.Equal((503, ErrorCodes.StorageFailed), (error!.Status, error.Code));
        Assert.Contains(path, error.Message);
        Assert.Equal(ErrorCodes.StorageFailed, (await test.Store.QueryAsync(Vec.Space, Vec.Near("mara", 1, 0, 0), None)).Error!.Code);
        Assert.Equal(HealthStatus.Degraded, (await test.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(None)).Status);
    }

    [Fact]
    public async Task A_file_of_a_later_version_is_not_touched()
    {
        await using var test = new StoreUnderTest();
        await test.Store.PutAsync("mara", Vec.Point("a", 1, 0, 0));
        using (var connection = new SqliteConnection($"Data Source={Path.Combine(test.Home, "memory", "vectors.db")};Pooling=False"))
        {
            connection.Open();
            connection.Run("PRAGMA user_version=99;");
        }

        test.Reopen();
        Assert.Equal(ErrorCodes.StorageFailed, (await test.Store.UpsertAsync(Vec.Space, "mara", [Vec.Point("b", 1, 0, 0)], None))!.Code);
    }

    private static float[] Around(float[] centre, Random random) => [.. centre.Select(value => value + (float)((random.NextDouble() - 0.5) * 0.2))];
}
