using Comox.Memory.Vectors;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Memory.Tests.Vectors;

/// <summary>What every vector store must do. Each test begins with an empty one.</summary>
public abstract class VectorStoreContractTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    private protected abstract Task<StoreUnderTest> StartAsync();

    [Fact]
    public async Task The_nearest_come_first_with_the_cosine_of_the_angle()
    {
        await using var test = await StartAsync();
        await test.Store.PutAsync("mara", Vec.Point("across", 0, 5, 0), Vec.Point("same", 2, 0, 0), Vec.Point("between", 3, 3, 0), Vec.Point("opposite", -1, 0, 0));

        var matches = (await test.Store.QueryAsync(Vec.Space, Vec.Near("mara", 7, 0, 0), None)).Value!;

        Assert.Equal(["same", "between", "across", "opposite"], matches.Select(match => match.Id));
        Assert.Equal("turn of same", matches[0].Turn);
        Assert.Equal([1, Math.Sqrt(0.5), 0, -1], matches.Select(match => match.Similarity), (expected, actual) => Math.Abs(expected - actual) < 1e-5);
        Assert.Equal(["same", "between"], await test.Store.IdsAsync(Vec.Near("mara", 7, 0, 0) with { Count = 2 }));
    }

    [Fact]
    public async Task Where_nothing_was_stored_nothing_is_found_and_nothing_is_there_to_delete()
    {
        await using var test = await StartAsync();
        Assert.Empty(await test.Store.IdsAsync(Vec.Near("mara", 1, 0, 0)));
        Assert.Equal(0, await test.Store.CountAsync("mara"));
        Assert.Null(await test.Store.DeleteAsync("mara", ["a"], None));
        Assert.Null(await test.Store.DeleteAsync(new VectorFilter { Subject = "mara" }, None));
        Assert.Null(await test.Store.UpsertAsync(Vec.Space, "mara", [], None));
        Assert.Null(await test.Store.CheckAsync(None));
        Assert.Null(await test.Store.EnsureAsync(Vec.Space, None));
        Assert.Empty(await test.Store.IdsAsync(Vec.Near("mara", 1, 0, 0)));
    }

    [Fact]
    public async Task A_batch_that_is_stored_twice_is_there_once()
    {
        await using var test = await StartAsync();
        VectorPoint[] points = [Vec.Point("a", 1, 0, 0), Vec.Point("b", 0, 1, 0)];
        await test.Store.PutAsync("mara", points);
        await test.Store.PutAsync("mara", points);
        Assert.Equal(2, await test.Store.CountAsync("mara"));
        Assert.Equal(["a", "b"], await test.Store.AllIdsAsync("mara"));
    }

    [Fact]
    public async Task A_second_point_with_the_same_id_replaces_all_of_the_first()
    {
        await using var test = await StartAsync();
        await test.Store.PutAsync("mara", Vec.Point("a", 1, 0, 0), Vec.Point("b", 0, 1, 0));
        Assert.Equal(["a", "b"], await test.Store.IdsAsync(Vec.Near("mara", 1, 0, 0)));
        await test.Store.PutAsync("mara", Vec.Point("a", 0, 0, 1) with { Session = "ses_2", Turn = "moved", Witnesses = ["pim"], Kind = VectorKind.Fact, SaidAt = Vec.Noon.AddDays(1) });

        var match = (await test.Store.QueryAsync(Vec.Space, Vec.Near("mara", 0, 0, 1) with { Count = 1 }, None)).Value!.Single();
        Assert.Equal(("a", "moved"), (match.Id, match.Turn));
        Assert.Equal(1, match.Similarity, 5);
        Assert.Equal(["b"], await IdsWhereAsync(test, filter => filter with { Session = "ses_1" }));
        Assert.Equal(["b"], await IdsWhereAsync(test, filter => filter with { Witness = "brine" }));
        Assert.Equal(["a"], await IdsWhereAsync(test, filter => filter with { Kinds = [VectorKind.Fact] }));
        Assert.Equal(["a"], await IdsWhereAsync(test, filter => filter with { From = Vec.Noon.AddHours(1) }));
    }

    [Fact]
    public async Task Of_two_points_with_one_id_in_a_batch_the_last_counts()
    {
        await using var test = await StartAsync();
        await test.Store.PutAsync("mara", Vec.Point("a", 1, 0, 0), Vec.Point("a", 0, 1, 0));
        Assert.Equal(1, (await test.Store.QueryAsync(Vec.Space, Vec.Near("mara", 0, 1, 0), None)).Value!.Single().Similarity, 5);
    }

    [Fact]
    public async Task The_same_id_of_two_people_is_two_points()
    {
        await using var test = await StartAsync();
        await test.Store.PutAsync("mara", Vec.Point("a", 1, 0, 0));
        await test.Store.PutAsync("tomas", Vec.Point("a", 0, 1, 0));
        Assert.Equal(1, (await test.Store.QueryAsync(Vec.Space, Vec.Near("mara", 1, 0, 0), None)).Value!.Single().Similarity, 5);
        Assert.Equal(1, (await test.Store.QueryAsync(Vec.Space, Vec.Near("tomas", 0, 1, 0), None)).Value!.Single().Similarity, 5);

        Assert.Null(await test.Store.DeleteAsync("mara", ["a"], None));
        Assert.Empty(await test.Store.AllIdsAsync("mara"));
        Assert.Equal(["a"], await test.Store.AllIdsAsync("tomas"));
    }

    [Fact]
    public async Task Two_models_do_not_mix_even_where_their_vectors_have_the_same_size()
    {
        await using var test = await StartAsync();
        var other = new VectorSpace("another/model", 3);
        var larger = Vec.Space with { Dimension = 4 };
        await test.Store.PutAsync("mara", Vec.Point("a", 1, 0, 0));
        await test.Store.PutAsync(other, "mara", Vec.Point("b", 1, 0, 0));
        await test.Store.PutAsync(larger, "mara", Vec.Point("c", 1, 0, 0, 0));

        Assert.Equal(["a"], await test.Store.AllIdsAsync("mara"));
        Assert.Equal(["b"], await test.Store.AllIdsAsync("mara", other));
        Assert.Equal(["c"], await test.Store.AllIdsAsync("mara", larger));
    }

    [Fact]
    public async Task What_is_deleted_is_deleted_from_every_space()
    {
        await using var test = await StartAsync();
        var other = new VectorSpace("another/model", 2);
        await test.Store.PutAsync("mara", Vec.Point("a", 1, 0, 0), Vec.Point("b", 1, 0, 0));
        await test.Store.PutAsync(other, "mara", Vec.Point("a", 1, 0), Vec.Point("b", 1, 0));
        await test.Store.PutAsync(other, "tomas", Vec.Point("a", 1, 0));

        Assert.Null(await test.Store.DeleteAsync("mara", ["a", "never there"], None));
        Assert.Equal(["b"], await test.Store.AllIdsAsync("mara"));
        Assert.Equal(["b"], await test.Store.AllIdsAsync("mara", other));

        Assert.Null(await test.Store.DeleteAsync(new VectorFilter { Subject = "mara" }, None));
        Assert.Equal(0, await test.Store.CountAsync("mara") + await test.Store.CountAsync("mara", other));
        Assert.Equal(["a"], await test.Store.AllIdsAsync("tomas", other));

        await test.Store.PutAsync("mara", Vec.Point("again", 1, 0, 0));
        Assert.Equal(["again"], await test.Store.AllIdsAsync("mara"));
    }

    [Fact]
    public async Task A_turn_and_a_session_take_their_vectors_along()
    {
        await using var test = await StartAsync();
        await test.Store.PutAsync(
            "mara",
            Vec.Point("turn", 1, 0, 0) with { Turn = "trn_1" },
            Vec.Point("fact", 0, 1, 0) with { Turn = "trn_1", Kind = VectorKind.Fact },
            Vec.Point("next", 1, 1, 0) with { Turn = "trn_2" },
            Vec.Point("elsewhere", 1, 1, 1) with { Session = "ses_2" });
        Assert.Null(await test.Store.DeleteAsync(new VectorFilter { Subject = "mara", Turn = "trn_1" }, None));
        Assert.Equal(["elsewhere", "next"], await test.Store.AllIdsAsync("mara"));
        Assert.Null(await test.Store.DeleteAsync(new VectorFilter { Subject = "mara", Session = "ses_1" }, None));
        Assert.Equal(["elsewhere"], await test.Store.AllIdsAsync("mara"));
    }

    [Fact]
    public async Task A_character_finds_only_what_it_witnessed()
    {
        await using var test = await StartAsync();
        await test.Store.PutAsync(
            "mara",
            Vec.Point("both", 1, 0, 0) with { Witnesses = ["brine", "pim"] },
            Vec.Point("brine alone", 1, 0, 0),
            Vec.Point("pim alone", 1, 0, 0) with { Witnesses = ["pim"] },
            Vec.Point("nobody", 1, 0, 0) with { Witnesses = [] });
        Assert.Equal(["both", "pim alone"], await IdsWhereAsync(test, filter => filter with { Witness = "pim" }));
        Assert.Equal(["both", "brine alone"], await IdsWhereAsync(test, filter => filter with { Witness = "brine" }));
        Assert.Empty(await IdsWhereAsync(test, filter => filter with { Witness = "clementine" }));
        Assert.Empty(await IdsWhereAsync(test, filter => filter with { Witness = "pi" }));
    }

    [Fact]
    public async Task Every_condition_of_a_filter_must_hold()
    {
        await using var test = await StartAsync();
        await test.Store.PutAsync(
            "mara",
            Vec.Point("a", 1, 0, 0) with { SaidAt = Vec.Noon },
            Vec.Point("b", 1, 0, 0) with { SaidAt = Vec.Noon.AddMilliseconds(1), Kind = VectorKind.Summary },
            Vec.Point("c", 1, 0, 0) with { SaidAt = Vec.Noon.AddHours(1), Character = "pim" });
        Assert.Equal(["b", "c"], await IdsWhereAsync(test, filter => filter with { From = Vec.Noon.AddTicks(1) }));
        Assert.Equal(["a", "b", "c"], await IdsWhereAsync(test, filter => filter with { From = Vec.Noon }));
        Assert.Equal(["a"], await IdsWhereAsync(test, filter => filter with { Before = Vec.Noon.AddMilliseconds(1) }));
        Assert.Empty(await IdsWhereAsync(test, filter => filter with { Before = Vec.Noon }));
        Assert.Equal(["b"], await IdsWhereAsync(test, filter => filter with { From = Vec.Noon.ToOffset(TimeSpan.FromHours(9)), Before = Vec.Noon.AddHours(1), Kinds = [VectorKind.Fact, VectorKind.Summary] }));
        Assert.Equal(["c"], await IdsWhereAsync(test, filter => filter with { Character = "pim" }));
        Assert.Empty(await IdsWhereAsync(test, filter => filter with { Character = "pim", Kinds = [VectorKind.Summary] }));
        Assert.Equal(["a", "b"], await IdsWhereAsync(test, filter => filter with { Character = "brine", Session = "ses_1" }));
        Assert.Equal(["b"], await IdsWhereAsync(test, filter => filter with { Turn = "turn of b" }));
        Assert.Equal(1, (await test.Store.CountAsync(Vec.Space, new VectorFilter { Subject = "mara", Character = "pim" }, None)).Value);
    }

    [Theory]
    [InlineData(7)]
    [InlineData(60)]
    [InlineData(200)]
    public async Task What_is_equally_near_comes_by_its_id_however_much_of_it_there_is(int equals)
    {
        await using var test = await StartAsync();
        var ids = Enumerable.Range(0, equals).Select(number => $"t{number:000}").ToArray();
        // Stored in another order than that of the ids.
        await test.Store.PutAsync("mara", [.. ids.Reverse().Select(id => Vec.Point(id, 3, 4, 5)), Vec.Point("nearest", 1, 0, 0)]);
        var query = Vec.Near("mara", 1, 0.1f, 0) with { Count = 5 };
        string[] expected = ["nearest", "t000", "t001", "t002", "t003"];
        Assert.Equal(expected, await test.Store.IdsAsync(query));
        test.Reopen();
        Assert.Equal(expected, await test.Store.IdsAsync(query));
    }

    [Fact]
    public async Task The_length_of_a_vector_does_not_count()
    {
        await using var test = await StartAsync();
        await test.Store.PutAsync("mara", Vec.Point("huge", 2e30f, 2e30f, 0), Vec.Point("tiny", 3e-20f, 0, 0), Vec.Point("unit", 0, 1, 0));
        var matches = (await test.Store.QueryAsync(Vec.Space, Vec.Near("mara", 1e-18f, 0, 0), None)).Value!;
        Assert.Equal(["tiny", "huge", "unit"], matches.Select(match => match.Id));
        Assert.Equal([1, Math.Sqrt(0.5), 0], matches.Select(match => match.Similarity), (expected, actual) => Math.Abs(expected - actual) < 1e-5);
    }

    [Fact]
    public async Task What_was_stored_and_deleted_stays_so_after_a_restart()
    {
        await using var test = await StartAsync();
        await test.Store.PutAsync("mara", Vec.Point("a", 1, 0, 0), Vec.Point("b", 0, 1, 0) with { Witnesses = ["pim", "brine"] });
        Assert.Null(await test.Store.DeleteAsync("mara", ["a"], None));
        test.Reopen();
        Assert.Equal(["b"], await test.Store.AllIdsAsync("mara"));
        Assert.Equal(["b"], await IdsWhereAsync(test, filter => filter with { Witness = "pim" }));
        await test.Store.PutAsync("mara", Vec.Point("c", 0, 0, 1));
        Assert.Equal(["b", "c"], await test.Store.AllIdsAsync("mara"));
    }

    [Fact]
    public async Task Names_may_be_of_any_script_and_with_any_sign()
    {
        await using var test = await StartAsync();
        string[] subjects = ["mara", "Mara", "mara ", "мара", "真良", "m'ara\"; --", "m%", "👩‍🚀", "ma\nra", "{\"$ne\":1}", "a\u0301", "\u00e1"];
        foreach (var subject in subjects)
            await test.Store.PutAsync(subject, Vec.Point($"of {subject}", 1, 0, 0) with { Session = subject, Turn = subject, Witnesses = [subject] });
        foreach (var subject in subjects)
        {
            Assert.Equal([$"of {subject}"], await test.Store.AllIdsAsync(subject));
            var filter = new VectorFilter { Subject = subject, Session = subject, Turn = subject, Witness = subject };
            Assert.Equal(1, (await test.Store.CountAsync(Vec.Space, filter, None)).Value);
            Assert.Null(await test.Store.DeleteAsync(subject, [$"of {subject}"], None));
            Assert.Equal(0, await test.Store.CountAsync(subject));
        }
    }

    [Fact]
    public async Task Many_points_at_once_and_from_many_sides_are_all_there()
    {
        await using var test = await StartAsync();
        var space = new VectorSpace("wide", 640);
        var random = new Random(11);
        var points = Enumerable.Range(0, 1200).Select(number => Vec.Point($"p{number:0000}", RandomVector(random, 640))).ToArray();
        await Task.WhenAll(points.Chunk(300).Select(chunk => Task.Run(() => test.Store.PutAsync(space, "mara", chunk))));
        Assert.Equal(1200, await test.Store.CountAsync("mara", space));

        foreach (var point in points.Where((_, number) => number % 97 == 0))
        {
            var best = (await test.Store.QueryAsync(space, new VectorQuery(new VectorFilter { Subject = "mara" }, point.Vector, 1), None)).Value!.Single();
            Assert.Equal(point.Id, best.Id);
            Assert.Equal(1, best.Similarity, 5);
        }
    }

    [Fact]
    public async Task Whoever_stops_waiting_is_let_go()
    {
        await using var test = await StartAsync();
        await test.Store.PutAsync("mara", Vec.Point("a", 1, 0, 0));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => test.Store.QueryAsync(Vec.Space, Vec.Near("mara", 1, 0, 0), new CancellationToken(true)));
    }

    public static TheoryData<string, string> Mistakes => new()
    {
        { "too short", "points[1].vector" }, { "too long", "points[1].vector" }, { "empty", "points[1].vector" }, { "not a number", "points[1].vector" },
        { "infinite", "points[1].vector" }, { "zero", "points[1].vector" }, { "no id", "points[1].id" }, { "long id", "points[1].id" }, { "half a letter", "points[1].id" },
        { "NUL", "points[1].turn" }, { "no witness' name", "points[1].witnesses" }, { "no kind", "points[1].kind" }, { "before time", "points[1].said_at" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task A_point_with_a_mistake_is_refused_with_all_of_its_batch(string mistake, string param)
    {
        await using var test = await StartAsync();
        var good = Vec.Point("good", 1, 0, 0);
        var bad = mistake switch
        {
            "too short" => good with { Vector = new float[] { 1, 0 } },
            "too long" => good with { Vector = new float[] { 1, 0, 0, 0 } },
            "empty" => good with { Vector = ReadOnlyMemory<float>.Empty },
            "not a number" => good with { Vector = new[] { 1, float.NaN, 0 } },
            "infinite" => good with { Vector = new[] { 1, 0, float.NegativeInfinity } },
            "zero" => good with { Vector = new float[3] },
            "no id" => good with { Id = "" },
            "long id" => good with { Id = new string('a', 201) },
            "half a letter" => good with { Id = "a\ud800" },
            "NUL" => good with { Turn = "a\0b" },
            "no witness' name" => good with { Witnesses = ["brine", ""] },
            "no kind" => good with { Kind = default },
            "before time" => good with { SaidAt = DateTimeOffset.MinValue },
            _ => throw new ArgumentException(mistake),
        };
        var error = await test.Store.UpsertAsync(Vec.Space, "mara", [good, bad], None);
        Assert.Equal((400, ErrorCodes.InvalidVector, param), (error!.Status, error.Code, error.Param));
        Assert.Equal(0, await test.Store.CountAsync("mara"));
    }

    [Fact]
    public async Task A_question_that_cannot_be_answered_says_why()
    {
        await using var test = await StartAsync();
        var query = Vec.Near("mara", 1, 0, 0);
        Assert.Contains("has 2 numbers; the vectors of 'tiny-embed' have 3", (await test.Store.QueryAsync(Vec.Space, Vec.Near("mara", 1, 0), None)).Error!.Message);
        Assert.Contains("zero", (await test.Store.QueryAsync(Vec.Space, Vec.Near("mara", 0, 0, 0), None)).Error!.Message);
        Assert.Equal("count", (await test.Store.QueryAsync(Vec.Space, query with { Count = 0 }, None)).Error!.Param);
        Assert.Equal("count", (await test.Store.QueryAsync(Vec.Space, query with { Count = 1001 }, None)).Error!.Param);
        Assert.Equal("kinds", (await test.Store.QueryAsync(Vec.Space, query with { Filter = query.Filter with { Kinds = [] } }, None)).Error!.Param);
        Assert.Equal("dimension", (await test.Store.EnsureAsync(new VectorSpace("m", 0), None))!.Param);
        Assert.Equal("dimension", (await test.Store.EnsureAsync(new VectorSpace("m", 8193), None))!.Param);
        Assert.Equal("model", (await test.Store.EnsureAsync(new VectorSpace("", 3), None))!.Param);
    }

    [Fact]
    public async Task Nothing_is_done_without_a_subject()
    {
        await using var test = await StartAsync();
        await test.Store.PutAsync("mara", Vec.Point("a", 1, 0, 0));
        foreach (var subject in new[] { "", "\ud800", "mara\0", new string('a', 513) })
        {
            var filter = new VectorFilter { Subject = subject };
            var errors = new[]
            {
                await test.Store.UpsertAsync(Vec.Space, subject, [Vec.Point("b", 1, 0, 0)], None),
                await test.Store.DeleteAsync(subject, ["a"], None),
                await test.Store.DeleteAsync(filter, None),
                (await test.Store.CountAsync(Vec.Space, filter, None)).Error,
                (await test.Store.QueryAsync(Vec.Space, Vec.Near(subject, 1, 0, 0), None)).Error,
            };
            Assert.All(errors, error => Assert.Equal((ErrorCodes.InvalidVector, "subject"), (error!.Code, error.Param)));
        }

        Assert.Equal(["a"], await test.Store.AllIdsAsync("mara"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Whatever_happens_each_person_has_exactly_what_was_stored_for_them(int seed)
    {
        await using var test = await StartAsync();
        await new VectorStorePlay(test, new Random(seed)).RunAsync(150);
    }

    internal static float[] RandomVector(Random random, int dimension) => [.. Enumerable.Range(0, dimension).Select(_ => (float)((random.NextDouble() * 2) - 1))];

    private static async Task<string[]> IdsWhereAsync(StoreUnderTest test, Func<VectorFilter, VectorFilter> where) =>
        [.. (await test.Store.IdsAsync(new VectorQuery(where(new VectorFilter { Subject = "mara" }), new float[] { 1, 0.5f, 0.25f }, 100))).Order(StringComparer.Ordinal)];
}
