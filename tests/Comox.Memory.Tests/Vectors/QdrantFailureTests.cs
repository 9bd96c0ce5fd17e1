using Comox.Memory.Vectors;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Comox.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Comox.Memory.Tests.Vectors;

/// <summary>A Qdrant that is not as it should be: an error with a way out, in time, and health that is degraded and no more.</summary>
public sealed class QdrantFailureTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task Where_nobody_listens_every_operation_says_so_and_health_is_degraded()
    {
        await using var test = StoreUnderTest.Qdrant(new Uri($"http://127.0.0.1:{LocalPort.Free()}"));
        foreach (var error in await AllAsync(test.Store))
        {
            Assert.Equal((503, ErrorCodes.VectorsUnavailable), (error!.Status, error.Code));
            Assert.Contains("cannot be reached", error.Message);
            Assert.Equal(5, error.RetryAfter);
        }

        var health = await test.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(None);
        Assert.Equal(HealthStatus.Degraded, health.Status);
        Assert.Contains("cannot be reached", health.Entries["vectors"].Description);
    }

    [Fact]
    public async Task A_server_that_never_answers_is_waited_for_no_longer_than_the_setting_says()
    {
        await using var qdrant = await StrictQdrant.StartAsync();
        await using var test = StoreUnderTest.Qdrant(qdrant.Address, timeout: TimeSpan.FromMilliseconds(400));
        qdrant.IsStuck = true;
        // Far more than the limit: what is seen is that there is one, on however busy a machine.
        var error = await test.Store.CheckAsync(None).WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System);
        Assert.Equal(ErrorCodes.VectorsUnavailable, error!.Code);
        Assert.Contains("does not answer within 0.4 s", error.Message);
    }

    [Fact]
    public async Task A_server_that_keeps_failing_is_left_alone_for_a_moment()
    {
        await using var qdrant = await StrictQdrant.StartAsync();
        await using var test = StoreUnderTest.Qdrant(qdrant.Address);
        qdrant.FailWith = 500;
        for (var attempt = 0; attempt < 6; attempt++)
            Assert.Equal(ErrorCodes.VectorsUnavailable, (await test.Store.CheckAsync(None))!.Code);
        var asked = qdrant.Requests.Count;
        Assert.Equal(ErrorCodes.VectorsUnavailable, (await test.Store.CheckAsync(None))!.Code);
        Assert.Equal(asked, qdrant.Requests.Count);
        Assert.InRange(asked, 6, 18);
    }

    [Fact]
    public async Task A_failure_that_passes_is_not_noticed()
    {
        await using var qdrant = await StrictQdrant.StartAsync();
        await using var test = StoreUnderTest.Qdrant(qdrant.Address);
        await test.Store.PutAsync("mara", Vec.Point("a", 1, 0, 0));
        qdrant.FailNext = 2;
        Assert.Equal(["a"], await test.Store.AllIdsAsync("mara"));
    }

    [Fact]
    public async Task A_change_that_was_only_put_off_is_not_told_to_be_made()
    {
        await using var qdrant = await StrictQdrant.StartAsync();
        await using var test = StoreUnderTest.Qdrant(qdrant.Address);
        await test.Store.PutAsync("mara", Vec.Point("a", 1, 0, 0));
        qdrant.PutsOff = true;
        var error = await test.Store.DeleteAsync("mara", ["a"], None);
        Assert.Equal((503, ErrorCodes.VectorsUnavailable), (error!.Status, error.Code));
        Assert.Contains("not made it yet", error.Message);
        Assert.NotNull(await test.Store.UpsertAsync(Vec.Space, "mara", [Vec.Point("b", 1, 0, 0)], None));
        qdrant.PutsOff = false;
        Assert.Null(await test.Store.DeleteAsync("mara", ["a"], None));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("another key")]
    public async Task A_key_that_is_refused_is_told_with_the_setting_it_comes_from(string? key)
    {
        await using var qdrant = await StrictQdrant.StartAsync("a-key");
        await using var test = StoreUnderTest.Qdrant(qdrant.Address, key);
        var error = await test.Store.UpsertAsync(Vec.Space, "mara", [Vec.Point("a", 1, 0, 0)], None);
        Assert.Equal(ErrorCodes.VectorsUnavailable, error!.Code);
        Assert.Contains("refuses the key. Set Key=… in ConnectionStrings:vectors_http", error.Message);
        Assert.DoesNotContain("another key", error.Message);
    }

    [Fact]
    public async Task What_Qdrant_says_about_a_refusal_is_passed_on()
    {
        await using var qdrant = await StrictQdrant.StartAsync();
        await using var test = StoreUnderTest.Qdrant(qdrant.Address);
        await test.Store.PutAsync("mara", Vec.Point("a", 1, 0, 0));
        qdrant[qdrant.Collections.Single()].DropIndex("turn");
        var error = await test.Store.DeleteAsync(new VectorFilter { Subject = "mara", Turn = "trn_1" }, None);
        Assert.Contains("answered 400: Bad request: Index required but not found for \"turn\"", error!.Message);
    }

    [Theory]
    [InlineData("<html>hello</html>")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("""{"result":{}}""")]
    [InlineData("""{"result":null}""")]
    [InlineData("""{"result":[1]}""")]
    public async Task Something_else_at_the_address_is_recognised(string answer)
    {
        await using var other = await TestService.StartAsync(_ => { }, app => app.Run(http => http.Response.WriteAsync(answer)));
        await using var test = StoreUnderTest.Qdrant(other.Address);
        Assert.All(await AllAsync(test.Store), error => Assert.Contains("is not Qdrant's REST API", error!.Message));
    }

    [Fact]
    public async Task A_collection_of_somebody_elses_is_not_written_into()
    {
        await using var qdrant = await StrictQdrant.StartAsync();
        await using var test = StoreUnderTest.Qdrant(qdrant.Address);
        Assert.Null(await test.Store.EnsureAsync(Vec.Space, None));
        qdrant.Replace(qdrant.Collections.Single(), new StrictCollection(5, "Dot"));
        test.Reopen();
        var error = await test.Store.UpsertAsync(Vec.Space, "mara", [Vec.Point("a", 1, 0, 0)], None);
        Assert.Contains("holds vectors of 5 numbers compared by Dot; it must be 3 and Cosine", error!.Message);
        Assert.Equal(error.Message, (await test.Store.UpsertAsync(Vec.Space, "mara", [Vec.Point("a", 1, 0, 0)], None))!.Message);
    }

    [Fact]
    public async Task Settings_that_cannot_be_are_named_at_start()
    {
        await using var test = new StoreUnderTest(new()
        {
            ["ConnectionStrings:vectors"] = "Endpoint=http://localhost:6334;Key=a",
            ["Comox:Memory:Vectors:CacheMegabytes"] = "0",
            ["Comox:Memory:Vectors:CollectionPrefix"] = "comox-test",
            ["Comox:Memory:Vectors:QdrantTimeout"] = "00:00:00",
            ["Comox:Memory:Vectors:EmbedTimeout"] = "-00:00:01",
            ["Comox:Memory:Vectors:EmbedBatch"] = "0",
        });
        var problem = Assert.Throws<OptionsValidationException>(() => test.Services.GetRequiredService<VectorOptions>());
        string[] keys = ["ConnectionStrings:vectors ", "CacheMegabytes", "CollectionPrefix", "QdrantTimeout", "EmbedTimeout", "EmbedBatch"];
        Assert.Equal(keys.Length, problem.Failures.Count());
        Assert.All(keys, key => Assert.Contains(problem.Failures, failure => failure.Contains(key, StringComparison.Ordinal)));
    }

    private static async Task<ApiError?[]> AllAsync(IVectorStore store) =>
    [
        await store.CheckAsync(None),
        await store.EnsureAsync(Vec.Space, None),
        await store.UpsertAsync(Vec.Space, "mara", [Vec.Point("a", 1, 0, 0)], None),
        (await store.QueryAsync(Vec.Space, Vec.Near("mara", 1, 0, 0), None)).Error,
        (await store.CountAsync(Vec.Space, new VectorFilter { Subject = "mara" }, None)).Error,
        await store.DeleteAsync("mara", ["a"], None),
        await store.DeleteAsync(new VectorFilter { Subject = "mara" }, None),
    ];
}
