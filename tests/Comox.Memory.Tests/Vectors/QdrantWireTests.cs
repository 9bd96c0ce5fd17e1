using System.Text.Json.Nodes;
using Comox.Memory.Vectors;
using Comox.Memory.Vectors.Qdrant;

namespace Comox.Memory.Tests.Vectors;

/// <summary>Byte for byte what is said to Qdrant; https://api.qdrant.tech/api-reference says what it means.</summary>
public sealed class QdrantWireTests
{
    private const string Collection = "comox-tiny-embed-3-b8721f4e";

    [Fact]
    public async Task A_collection_is_made_for_many_tenants_with_an_index_on_every_field_that_is_filtered_by()
    {
        await using var qdrant = await StrictQdrant.StartAsync();
        await using var test = StoreUnderTest.Qdrant(qdrant.Address);
        Assert.Null(await test.Store.EnsureAsync(Vec.Space, TestContext.Current.CancellationToken));

        Assert.Equal(
            [
                $"GET /collections/{Collection}",
                $$$"""PUT /collections/{{{Collection}}} {"vectors":{"size":3,"distance":"Cosine"},"hnsw_config":{"m":0,"payload_m":16},"strict_mode_config":{"enabled":true,"unindexed_filtering_retrieve":false,"unindexed_filtering_update":false}}""",
                $"GET /collections/{Collection}",
                $$$"""PUT /collections/{{{Collection}}}/index?wait=true {"field_name":"subject","field_schema":{"type":"keyword","is_tenant":true}}""",
                $$$"""PUT /collections/{{{Collection}}}/index?wait=true {"field_name":"character","field_schema":{"type":"keyword"}}""",
                $$$"""PUT /collections/{{{Collection}}}/index?wait=true {"field_name":"session","field_schema":{"type":"keyword"}}""",
                $$$"""PUT /collections/{{{Collection}}}/index?wait=true {"field_name":"turn","field_schema":{"type":"keyword"}}""",
                $$$"""PUT /collections/{{{Collection}}}/index?wait=true {"field_name":"witnesses","field_schema":{"type":"keyword"}}""",
                $$$"""PUT /collections/{{{Collection}}}/index?wait=true {"field_name":"kind","field_schema":{"type":"keyword"}}""",
                $$$"""PUT /collections/{{{Collection}}}/index?wait=true {"field_name":"said_at","field_schema":{"type":"integer","lookup":false,"range":true}}""",
            ],
            Said(qdrant));

        qdrant.ForgetRequests();
        Assert.Null(await test.Store.EnsureAsync(Vec.Space, TestContext.Current.CancellationToken));
        Assert.Empty(qdrant.Requests);
    }

    [Fact]
    public async Task Points_carry_what_they_are_found_by_and_our_id()
    {
        await using var qdrant = await StrictQdrant.StartAsync();
        await using var test = await EnsuredAsync(qdrant);
        await test.Store.PutAsync("mara", Vec.Point("vec_1", 0, 2, 0) with { Witnesses = ["brine", "pim"], Kind = VectorKind.Summary });

        Assert.Equal(
            [
                $$$"""PUT /collections/{{{Collection}}}/points?wait=true {"points":[{"id":"{{{QdrantNames.PointOf("mara", "vec_1")}}}","vector":[0,1,0],"payload":{"subject":"mara","id":"vec_1","character":"brine","session":"ses_1","turn":"turn of vec_1","witnesses":["brine","pim"],"kind":"summary","said_at":1777896000000}}]}""",
            ],
            Said(qdrant));
    }

    [Fact]
    public async Task A_question_names_the_person_and_every_condition()
    {
        await using var qdrant = await StrictQdrant.StartAsync();
        await using var test = await EnsuredAsync(qdrant);
        var filter = new VectorFilter
        {
            Subject = "mara",
            Character = "brine",
            Witness = "pim",
            Session = "ses_1",
            Turn = "trn_1",
            Kinds = [VectorKind.Turn, VectorKind.Fact],
            From = Vec.Noon,
            Before = Vec.Noon.AddDays(1),
        };
        const string Written = """{"must":[{"key":"subject","match":{"value":"mara"}},{"key":"character","match":{"value":"brine"}},{"key":"session","match":{"value":"ses_1"}},{"key":"turn","match":{"value":"trn_1"}},{"key":"witnesses","match":{"value":"pim"}},{"key":"kind","match":{"any":["turn","fact"]}},{"key":"said_at","range":{"gte":1777896000000,"lt":1777982400000}}]}""";

        Assert.Empty(await test.Store.IdsAsync(new VectorQuery(filter, new float[] { 0, 0, 4 }, 3)));
        Assert.Equal(0, (await test.Store.CountAsync(Vec.Space, filter, CancellationToken.None)).Value);
        Assert.Null(await test.Store.DeleteAsync(filter, CancellationToken.None));
        Assert.Null(await test.Store.DeleteAsync("mara", ["vec_1"], CancellationToken.None));

        Assert.Equal(
            [
                $$$"""POST /collections/{{{Collection}}}/points/query {"query":[0,0,1],"filter":{{{Written}}},"limit":19,"with_payload":["id","turn"]}""",
                $$$"""POST /collections/{{{Collection}}}/points/count {"filter":{{{Written}}},"exact":true}""",
                "GET /collections",
                $$$"""POST /collections/{{{Collection}}}/points/delete?wait=true {"filter":{{{Written}}}}""",
                "GET /collections",
                $$$"""POST /collections/{{{Collection}}}/points/delete?wait=true {"filter":{"must":[{"key":"subject","match":{"value":"mara"}},{"has_id":["{{{QdrantNames.PointOf("mara", "vec_1")}}}"]}]}}""",
            ],
            Said(qdrant));
    }

    [Fact]
    public async Task Whatever_was_asked_no_filter_was_without_a_subject()
    {
        await using var qdrant = await StrictQdrant.StartAsync();
        await using var test = StoreUnderTest.Qdrant(qdrant.Address);
        await new VectorStorePlay(test, new Random(5)).RunAsync(60);

        var filters = qdrant.Requests.Where(request => request.Line.StartsWith("POST", StringComparison.Ordinal)).Select(request => JsonNode.Parse(request.Body)!["filter"]!).ToList();
        Assert.NotEmpty(filters);
        Assert.All(filters, filter => Assert.Equal("subject", (string?)filter["must"]![0]!["key"]));
    }

    [Fact]
    public async Task The_collections_of_others_are_left_alone()
    {
        await using var qdrant = await StrictQdrant.StartAsync();
        await using var theirs = StoreUnderTest.Qdrant(qdrant.Address, prefix: "comoxtest");
        await using var ours = StoreUnderTest.Qdrant(qdrant.Address);
        await theirs.Store.PutAsync("mara", Vec.Point("a", 1, 0, 0));
        await ours.Store.PutAsync("mara", Vec.Point("a", 1, 0, 0));

        Assert.Null(await ours.Store.DeleteAsync(new VectorFilter { Subject = "mara" }, CancellationToken.None));
        Assert.Equal(0, await ours.Store.CountAsync("mara"));
        Assert.Equal(1, await theirs.Store.CountAsync("mara"));
    }

    [Fact]
    public async Task Indexes_that_a_killed_process_did_not_come_to_are_made_before_the_next_use()
    {
        await using var qdrant = await StrictQdrant.StartAsync();
        await using var test = StoreUnderTest.Qdrant(qdrant.Address);
        await test.Store.PutAsync("mara", Vec.Point("a", 1, 0, 0));
        qdrant[Collection].DropIndex("session");
        qdrant[Collection].DropIndex("subject");
        test.Reopen();

        Assert.Null(await test.Store.DeleteAsync(new VectorFilter { Subject = "mara", Session = "ses_1" }, CancellationToken.None));
        Assert.Equal(0, qdrant[Collection].PointCount);
        Assert.Equal(["subject"], qdrant[Collection].Tenants);
    }

    [Fact]
    public async Task A_collection_that_somebody_dropped_is_made_again()
    {
        await using var qdrant = await StrictQdrant.StartAsync();
        await using var test = await EnsuredAsync(qdrant);
        qdrant.Drop(Collection);
        Assert.Empty(await test.Store.IdsAsync(Vec.Near("mara", 1, 0, 0)));
        await test.Store.PutAsync("mara", Vec.Point("a", 1, 0, 0));
        Assert.Equal(["a"], await test.Store.AllIdsAsync("mara"));
        Assert.Equal(7, qdrant[Collection].IndexedFields.Count);
    }

    [Fact]
    public async Task Two_that_make_the_same_collection_at_once_both_succeed()
    {
        await using var qdrant = await StrictQdrant.StartAsync();
        await using var one = StoreUnderTest.Qdrant(qdrant.Address);
        await using var other = StoreUnderTest.Qdrant(qdrant.Address);
        var made = await Task.WhenAll(Enumerable.Range(0, 16).Select(number => (number % 2 == 0 ? one : other).Store.EnsureAsync(Vec.Space, TestContext.Current.CancellationToken)));
        Assert.All(made, Assert.Null);
        Assert.Equal(7, qdrant[Collection].IndexedFields.Count);
    }

    [Fact]
    public async Task The_stand_in_refuses_what_is_not_documented()
    {
        await using var qdrant = await StrictQdrant.StartAsync("a-key");
        using var http = new HttpClient { BaseAddress = qdrant.Address };
        Assert.Equal(401, await StatusAsync("GET", "/collections", null));
        http.DefaultRequestHeaders.Add("api-key", "a-key");
        Assert.Equal(200, await StatusAsync("GET", "/collections", null));
        const string Good = """{"vectors":{"size":2,"distance":"Cosine"},"hnsw_config":{"m":0,"payload_m":16},"strict_mode_config":{"enabled":true,"unindexed_filtering_retrieve":false,"unindexed_filtering_update":false}}""";
        Assert.Equal(400, await StatusAsync("PUT", "/collections/c", Good.Replace("\"size\":2", "\"size\":2,\"sise\":2")));
        Assert.Equal(400, await StatusAsync("PUT", "/collections/c", Good.Replace("Cosine", "cosine")));
        Assert.Equal(200, await StatusAsync("PUT", "/collections/c", Good));
        Assert.Equal(409, await StatusAsync("PUT", "/collections/c", Good));
        Assert.Equal(404, await StatusAsync("PATCH", "/collections/c", Good));
        Assert.Equal(404, await StatusAsync("GET", "/collections/d", null));
        Assert.Equal(400, await StatusAsync("PUT", "/collections/c/points", """{"points":[{"id":1,"vector":[1,0],"payload":{}}]}"""));
        Assert.Equal(400, await StatusAsync("PUT", "/collections/c/points?wait=true", """{"points":[{"id":"vec_1","vector":[1,0],"payload":{}}]}"""));
        Assert.Equal(400, await StatusAsync("PUT", "/collections/c/points?wait=true", """{"points":[{"id":1,"vector":[1,0,0],"payload":{}}]}"""));
        Assert.Equal(200, await StatusAsync("PUT", "/collections/c/points?wait=true", """{"points":[{"id":1,"vector":[1,0],"payload":{"subject":"mara"}}]}"""));
        const string Count = """{"filter":{"must":[{"key":"subject","match":{"value":"mara"}}]},"exact":true}""";
        Assert.Equal(400, await StatusAsync("POST", "/collections/c/points/count", Count));
        Assert.Equal(200, await StatusAsync("PUT", "/collections/c/index?wait=true", """{"field_name":"subject","field_schema":{"type":"keyword","is_tenant":true}}"""));
        Assert.Equal(200, await StatusAsync("POST", "/collections/c/points/count", Count));
        Assert.Equal(400, await StatusAsync("POST", "/collections/c/points/count", Count.Replace("subject", "session")));
        Assert.Equal(400, await StatusAsync("POST", "/collections/c/points/count", Count.Replace("must", "should")));

        async Task<int> StatusAsync(string method, string path, string? body)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = body is null ? null : new StringContent(body, null, "application/json") };
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
            return (int)response.StatusCode;
        }
    }

    private static async Task<StoreUnderTest> EnsuredAsync(StrictQdrant qdrant)
    {
        var test = StoreUnderTest.Qdrant(qdrant.Address);
        Assert.Null(await test.Store.EnsureAsync(Vec.Space, CancellationToken.None));
        qdrant.ForgetRequests();
        return test;
    }

    private static IEnumerable<string> Said(StrictQdrant qdrant) => qdrant.Requests.Select(request => $"{request.Line} {request.Body}".TrimEnd());
}
