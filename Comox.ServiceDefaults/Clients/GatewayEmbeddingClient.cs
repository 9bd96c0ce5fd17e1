using System.Net.Http.Json;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.ServiceDefaults.Clients;

/// <summary>Embeddings through the gateway, as any OpenAI client would ask for them. It waits as long as its caller does.</summary>
public sealed class GatewayEmbeddingClient(HttpClient http)
{
    public async Task<ApiResult<EmbeddingList>> EmbedAsync(EmbeddingRequest embedding, CancellationToken cancellation = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/embeddings") { Content = JsonContent.Create(embedding, OpenAIJson.Default.EmbeddingRequest) };
        return await ServiceHttp.SendAsync(http, request, OpenAIJson.Default.EmbeddingList, ServiceNames.Gateway, ErrorCodes.UpstreamError, cancellation);
    }
}
