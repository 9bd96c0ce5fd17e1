using Comox.Memory.Vectors;
using Comox.Memory.Vectors.Qdrant;
using Microsoft.Extensions.Configuration;

namespace Comox.Memory.Tests.Vectors;

public sealed class QdrantNamesTests
{
    private static readonly Guid Dns = new("6ba7b810-9dad-11d1-80b4-00c04fd430c8");

    // The first is the example of RFC 9562, appendix A.4.
    [Theory]
    [InlineData("www.example.com", "2ed6657d-e927-568b-95e1-2665a8aea6a2")]
    [InlineData("真良", "8261714b-5e7c-594b-9f6f-d22c8486e9e8")]
    public void A_name_becomes_the_version_5_uuid_of_the_standard(string name, string uuid) => Assert.Equal(new Guid(uuid), QdrantNames.Version5(Dns, name));

    [Fact]
    public void A_point_keeps_its_id_for_ever_because_it_is_stored_under_it() =>
        Assert.Equal(new Guid("a41bc274-1e78-5891-948e-6104c6217176"), QdrantNames.PointOf("mara", "vec_1"));

    [Fact]
    public void The_end_of_one_name_is_not_the_beginning_of_the_next() => Assert.NotEqual(QdrantNames.PointOf("ab", "c"), QdrantNames.PointOf("a", "bc"));

    [Fact]
    public void Models_whose_names_look_alike_have_collections_of_their_own()
    {
        string[] models = ["nomic/embed", "nomic-embed", "Nomic/embed", "nomic embed", "真", "良", new string('a', 150) + "1", new string('a', 150) + "2"];
        var names = models.Select(model => QdrantNames.CollectionOf("comox", new VectorSpace(model, 768))).ToList();
        Assert.Distinct(names);
        Assert.StartsWith("comox-nomic-embed-768-", names[0], StringComparison.Ordinal);
        Assert.All(names, name => Assert.Matches("^comox-[a-z0-9._-]{1,90}$", name));
        Assert.NotEqual(names[0], QdrantNames.CollectionOf("comox", new VectorSpace("nomic/embed", 384)));
    }

    [Theory]
    [InlineData(null, null, null, null)]
    [InlineData("Endpoint=http://localhost:6333;Key=a", null, "http://localhost:6333/", "a")]
    [InlineData("Endpoint=https://q.example/base;Key=\"a=b;c\"", null, "https://q.example/base/", "a=b;c")]
    [InlineData("http://localhost:6333", null, "http://localhost:6333/", null)]
    [InlineData("Endpoint=http://a:6333;Key=one", "Endpoint=http://a:6334;Key=two", "http://a:6333/", "one")]
    [InlineData(null, "Endpoint=http://b:7333;Key=two", "http://b:7333/", "two")]
    public void The_address_is_read_as_Aspire_writes_it(string? rest, string? plain, string? endpoint, string? key)
    {
        var (connection, problem) = QdrantConnection.Read(Settings(rest, plain));
        Assert.Null(problem);
        Assert.Equal((endpoint, key), (connection?.Endpoint.ToString(), connection?.Key));
    }

    [Theory]
    [InlineData("Key=a", "ConnectionStrings:vectors_http has no Endpoint")]
    [InlineData("Endpoint=localhost:6333", "ConnectionStrings:vectors_http has no Endpoint")]
    [InlineData("Endpoint=http://localhost:6333;Key=a;b", "ConnectionStrings:vectors_http cannot be read")]
    [InlineData("qdrant", "ConnectionStrings:vectors_http has no Endpoint")]
    [InlineData("Endpoint=http://localhost:6334;Key=a", "names port 6334, which is Qdrant's gRPC")]
    public void An_address_that_cannot_be_used_is_named_with_its_setting(string text, string words)
    {
        var (connection, problem) = QdrantConnection.Read(Settings(text, null));
        Assert.Null(connection);
        Assert.Contains(words, problem);
    }

    private static IConfiguration Settings(string? rest, string? plain) =>
        new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { ["ConnectionStrings:vectors_http"] = rest, ["ConnectionStrings:vectors"] = plain }).Build();
}
