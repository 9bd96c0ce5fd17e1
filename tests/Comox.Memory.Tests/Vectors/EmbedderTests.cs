using Comox.Memory.Vectors;
using Comox.Memory.Vectors.Embedding;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Memory.Tests.Vectors;

public sealed class EmbedderTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task Texts_become_vectors_in_their_order_batch_by_batch()
    {
        await using var gateway = await StrictEmbeddings.StartAsync();
        await using var test = Start(gateway.Address, ("Comox:Memory:Vectors:EmbedBatch", "2"));
        string[] texts = ["first", "the second", "3rd", "a fourth text", "5"];

        var embedded = await Embedder(test).EmbedAsync(texts, None);

        Assert.True(embedded.IsSuccess, embedded.Error?.Message);
        Assert.Equal(new VectorSpace("tiny-embed", 4), embedded.Value.Space);
        Assert.Equal(texts.Select(StrictEmbeddings.VectorOf), embedded.Value.Vectors.Select(vector => vector.ToArray()));
        Assert.Equal([["first", "the second"], ["3rd", "a fourth text"], ["5"]], gateway.Batches);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(" ")]
    public async Task Without_a_model_for_the_role_nothing_is_embedded_and_nobody_is_asked(string? model)
    {
        await using var test = new StoreUnderTest(new() { ["Comox:Memory:Roles:Embed"] = model });
        Assert.Null(Embedder(test).Model);
        var error = (await Embedder(test).EmbedAsync(["text"], None)).Error!;
        Assert.Equal(ErrorCodes.ModelNotFound, error.Code);
        Assert.Contains("Comox:Memory:Roles:Embed", error.Message);
    }

    [Fact]
    public async Task Blank_texts_and_none_are_refused_before_anybody_is_asked()
    {
        await using var gateway = await StrictEmbeddings.StartAsync();
        await using var test = Start(gateway.Address);
        Assert.Equal(ErrorCodes.InvalidRequest, (await Embedder(test).EmbedAsync([], None)).Error!.Code);
        Assert.Equal(ErrorCodes.InvalidRequest, (await Embedder(test).EmbedAsync(["text", " \n"], None)).Error!.Code);
        Assert.Empty(gateway.Batches);
    }

    [Theory]
    [InlineData("""{"data":[]}""", "2 texts were sent, 0 vectors came back")]
    [InlineData("""{"object":"list"}""", "2 texts were sent, 0 vectors came back")]
    [InlineData("""{"data":[{"index":0,"embedding":[1,2]},{"index":0,"embedding":[1,2]}]}""", "not numbered from 0")]
    [InlineData("""{"data":[{"index":0,"embedding":[1,2]},{"index":1,"embedding":[1,2,3]}]}""", "one vector has 2 numbers, another 3")]
    [InlineData("""{"data":[{"index":0,"embedding":[]},{"index":1,"embedding":[]}]}""", "a vector has 0 numbers")]
    [InlineData("""{"data":[{"index":0,"embedding":[1,2]},{"index":1,"embedding":[0,0]}]}""", "a vector is zero")]
    [InlineData("""{"data":[{"index":0,"embedding":[1,2]},{"index":1,"embedding":[1e99,0]}]}""", "not finite")]
    [InlineData("""{"data":[{"index":0},{"index":1}]}""", "a vector has 0 numbers")]
    public async Task An_answer_that_is_no_embedding_is_an_error_that_says_what_is_wrong(string body, string words)
    {
        await using var gateway = await StrictEmbeddings.StartAsync();
        await using var test = Start(gateway.Address);
        gateway.Instead = _ => (200, body);
        var error = (await Embedder(test).EmbedAsync(["one", "two"], None)).Error!;
        Assert.Equal((502, ErrorCodes.UpstreamError), (error.Status, error.Code));
        Assert.Contains(words, error.Message);
    }

    [Fact]
    public async Task A_model_that_changes_its_size_between_two_batches_is_an_error()
    {
        await using var gateway = await StrictEmbeddings.StartAsync();
        await using var test = Start(gateway.Address, ("Comox:Memory:Vectors:EmbedBatch", "1"));
        gateway.Instead = texts => (200, StrictEmbeddings.BodyOf([texts[0] == "one" ? [1, 2] : [1, 2, 3]]));
        Assert.Contains("one vector has 2 numbers, another 3", (await Embedder(test).EmbedAsync(["one", "two"], None)).Error!.Message);
    }

    [Fact]
    public async Task The_gateways_own_error_is_passed_on()
    {
        await using var gateway = await StrictEmbeddings.StartAsync();
        await using var test = Start(gateway.Address);
        gateway.Instead = _ => (503, """{"error":{"message":"loading","type":"server_error","param":null,"code":"engine_loading"}}""");
        var error = (await Embedder(test).EmbedAsync(["one"], None)).Error!;
        Assert.Equal((503, ErrorCodes.EngineLoading, "loading"), (error.Status, error.Code, error.Message));
    }

    [Fact]
    public async Task A_gateway_that_never_answers_is_waited_for_no_longer_than_the_setting_says()
    {
        await using var gateway = await StrictEmbeddings.StartAsync();
        await using var test = Start(gateway.Address, ("Comox:Memory:Vectors:EmbedTimeout", "00:00:00.2"));
        gateway.IsStuck = true;
        var error = (await Embedder(test).EmbedAsync(["one"], None)).Error!;
        Assert.Equal((504, ErrorCodes.UpstreamTimeout), (error.Status, error.Code));
        Assert.Contains("within 0.2 s", error.Message);

        using var impatient = new CancellationTokenSource();
        var waiting = Embedder(test).EmbedAsync(["one"], impatient.Token);
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task A_real_engine_finds_the_memory_that_is_asked_for()
    {
        await using var engine = await LlamaServer.StartAsync();
        await using var test = Start(engine.Address);
        string[] memories =
        [
            "Mara has a cat called Pixel.", "Mara lives in Ljubljana.", "Mara likes to drink green tea.", "Mara's sister is called Ottilie.", "Mara works as a gardener.",
            "Mara is afraid of thunder.",
        ];
        var embedded = (await Embedder(test).EmbedAsync(memories, None)).Value!;
        Assert.Equal(new VectorSpace("tiny-embed", 256), embedded.Space);
        await test.Store.PutAsync(embedded.Space, "mara", [.. memories.Select((memory, at) => Vec.Point(memory) with { Vector = embedded.Vectors[at] })]);

        foreach (var (question, memory) in new[] { ("What is my cat's name?", memories[0]), ("What tea do I like to drink?", memories[2]), ("What is my sister called?", memories[3]) })
        {
            var asked = (await Embedder(test).EmbedAsync([question], None)).Value!;
            var found = await test.Store.QueryAsync(asked.Space, new VectorQuery(new VectorFilter { Subject = "mara" }, asked.Vectors[0], 2), None);
            Assert.Equal(memory, found.Value![0].Id);
            Assert.InRange(found.Value[0].Similarity, found.Value[1].Similarity, 1);
        }
    }

    private static StoreUnderTest Start(Uri gateway, params (string Key, string Value)[] settings)
    {
        var all = settings.ToDictionary(setting => setting.Key, setting => (string?)setting.Value);
        all["Comox:Memory:Roles:Embed"] = "tiny-embed";
        all[$"services:{ServiceNames.Gateway}:http:0"] = gateway.ToString();
        return new StoreUnderTest(all);
    }

    private static IEmbedder Embedder(StoreUnderTest test) => test.Services.GetRequiredService<IEmbedder>();
}
