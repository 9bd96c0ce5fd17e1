using System.Net.Http.Json;
using System.Text.Json;

namespace Comox.Memory.Tests.Vectors;

public sealed class SqliteVectorContractTests : VectorStoreContractTests
{
    private protected override Task<StoreUnderTest> StartAsync() => Task.FromResult(new StoreUnderTest());
}

public sealed class StrictQdrantVectorContractTests : VectorStoreContractTests
{
    private protected override async Task<StoreUnderTest> StartAsync()
    {
        var qdrant = await StrictQdrant.StartAsync(key: "a-key");
        return StoreUnderTest.Qdrant(qdrant.Address, "a-key", cleanUp: qdrant.DisposeAsync);
    }
}

/// <summary>The real one, where <c>COMOX_TEST_QDRANT</c> names its REST address (and <c>COMOX_TEST_QDRANT_KEY</c> a key): each test has collections of its own there, and deletes them.</summary>
public sealed class QdrantVectorContractTests : VectorStoreContractTests
{
    public const string Variable = "COMOX_TEST_QDRANT";

    private protected override Task<StoreUnderTest> StartAsync()
    {
        var server = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(string.IsNullOrEmpty(server), $"{Variable} names no Qdrant.");
        var key = Environment.GetEnvironmentVariable($"{Variable}_KEY");
        var prefix = $"comoxtest{Guid.CreateVersion7():N}"[..40];
        return Task.FromResult(StoreUnderTest.Qdrant(new Uri(server!), key, prefix, cleanUp: () => DropAsync(new Uri(server!), key, prefix)));
    }

    private static async ValueTask DropAsync(Uri server, string? key, string prefix)
    {
        using var http = new HttpClient { BaseAddress = server };
        if (key is not null)
            http.DefaultRequestHeaders.Add("api-key", key);
        var collections = (await http.GetFromJsonAsync<JsonElement>("collections")).GetProperty("result").GetProperty("collections");
        foreach (var name in collections.EnumerateArray().Select(collection => collection.GetProperty("name").GetString()!).Where(name => name.StartsWith(prefix, StringComparison.Ordinal)))
            (await http.DeleteAsync($"collections/{name}")).EnsureSuccessStatusCode();
    }
}
