using System.Data.Common;

namespace Comox.Memory.Vectors.Qdrant;

/// <summary>
/// Where Qdrant is, as Aspire tells it: <c>ConnectionStrings:vectors_http</c> is <c>Endpoint=http://host:6333;Key=…</c> (REST), <c>ConnectionStrings:vectors</c> the same with 6334
/// (gRPC). The first is used where there is one; set by hand, either will do, as long as it names the REST port. A bare address is one without a key.
/// </summary>
/// <param name="Endpoint">Ends with a slash.</param>
/// <param name="Key">Sent as the header <c>api-key</c>; null: none.</param>
internal sealed record QdrantConnection(Uri Endpoint, string? Key)
{
    public const string RestName = "vectors_http";
    public const string Name = "vectors";

    private const int GrpcPort = 6334;

    /// <returns>Null twice: there is no Qdrant, and vectors are kept in a file. Else one of the two; the problem names its key.</returns>
    public static (QdrantConnection? Connection, string? Problem) Read(IConfiguration configuration)
    {
        foreach (var name in new[] { RestName, Name })
        {
            if (configuration.GetConnectionString(name) is { } text && !string.IsNullOrWhiteSpace(text))
                return Parse(text, $"ConnectionStrings:{name}");
        }

        return (null, null);
    }

    private static (QdrantConnection? Connection, string? Problem) Parse(string text, string setting)
    {
        var parts = new DbConnectionStringBuilder();
        if (text.Contains('=', StringComparison.Ordinal))
        {
            try
            {
                parts.ConnectionString = text;
            }
            catch (ArgumentException)
            {
                return (null, $"{setting} cannot be read; it looks like Endpoint=http://localhost:6333;Key=….");
            }
        }
        else
        {
            parts["Endpoint"] = text;
        }

        if (!parts.TryGetValue("Endpoint", out var endpoint) || !Uri.TryCreate($"{((string)endpoint).TrimEnd('/')}/", UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            return (null, $"{setting} has no Endpoint that is an http or https address; it looks like Endpoint=http://localhost:6333;Key=….");
        if (address.Port == GrpcPort)
            return (null, $"{setting} names port {GrpcPort}, which is Qdrant's gRPC. Comox uses the REST API: set ConnectionStrings:{RestName} to its address, usually with port 6333.");
        return (new QdrantConnection(address, parts.TryGetValue("Key", out var key) && key is string { Length: > 0 } secret ? secret : null), null);
    }
}
