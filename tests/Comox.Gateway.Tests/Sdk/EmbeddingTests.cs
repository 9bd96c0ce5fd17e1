using Comox.FakeBackend;
using Microsoft.Extensions.AI;

namespace Comox.Gateway.Tests.Sdk;

/// <summary>Vectors, asked for as OpenAI's client does (base64) and as Microsoft.Extensions.AI does, from a plain backend without a node agent.</summary>
public sealed class EmbeddingTests
{
    private const string Model = "embed-model";

    [Fact]
    public async Task The_official_client_gets_the_backends_vectors()
    {
        await using var backend = await FakeBackendServer.StartAsync(key: null);
        await using var gateway = await SdkGateway.StartAsync(settings: RouteTo(backend));

        var vectors = (await gateway.OpenAI.GetEmbeddingClient(Model).GenerateEmbeddingsAsync(["green tea", "a cat"])).Value;

        Assert.Equal([FakeBackendServer.VectorOf("green tea"), FakeBackendServer.VectorOf("a cat")], vectors.Select(vector => vector.ToFloats().ToArray()));
        Assert.Equal(6, vectors.Usage.InputTokenCount);
        Assert.Empty(backend.Violations);
    }

    [Fact]
    public async Task An_embedding_generator_gets_the_backends_vectors_in_the_size_it_asks_for()
    {
        await using var backend = await FakeBackendServer.StartAsync(key: null);
        await using var gateway = await SdkGateway.StartAsync(settings: RouteTo(backend));
        using var generator = gateway.OpenAI.GetEmbeddingClient(Model).AsIEmbeddingGenerator();

        var vectors = await generator.GenerateAsync(["a cat"], new EmbeddingGenerationOptions { Dimensions = 4 });

        Assert.Equal(FakeBackendServer.VectorOf("a cat", 4), vectors.Single().Vector.ToArray());
    }

    private static (string Key, string Value)[] RouteTo(FakeBackendServer backend) =>
    [
        ("Routes:0:Model", Model),
        ("Routes:0:Pools:0:Name", "local"),
        ("Routes:0:Pools:0:Backends:0:Name", "embed-1"),
        ("Routes:0:Pools:0:Backends:0:Kind", "openai"),
        ("Routes:0:Pools:0:Backends:0:Url", new Uri(backend.Address, "v1").ToString()),
    ];
}
