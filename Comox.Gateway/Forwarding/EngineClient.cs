using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Options;

namespace Comox.Gateway.Forwarding;

/// <summary>
/// The one connection pool to the nodes. No resilience handler (it would end a long answer), no cookies, no proxy, no decompression, no redirects:
/// what the engine sends is what we read. Sockets have <c>TCP_NODELAY</c> by the handler's default.
/// </summary>
internal sealed class EngineClient(IOptions<GatewayOptions> options, AuthenticationHeaderValue serviceKey) : IDisposable
{
    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = options.Value.ConnectTimeout,
        // The default reads on for two seconds after a dispose, in the hope to reuse the connection; meanwhile the engine works for nobody.
        MaxResponseDrainSize = 0,
        ResponseDrainTimeout = TimeSpan.Zero,
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        UseCookies = false,
        UseProxy = false,
    });

    /// <summary>Answers when the headers are there.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        request.Headers.Authorization = serviceKey;
        return _http.SendAsync(request, cancellation);
    }

    public void Dispose() => _http.Dispose();
}
