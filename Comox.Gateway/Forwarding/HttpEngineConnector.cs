using System.Net;
using Microsoft.Extensions.Options;

namespace Comox.Gateway.Forwarding;

/// <summary>
/// The portable way: any operating system, TLS, HTTP/2. No resilience handler (it would end a long answer), no cookies, no proxy, no decompression, no redirects:
/// what the engine sends is what we read. Sockets have <c>TCP_NODELAY</c> by the handler's default.
/// </summary>
internal sealed class HttpEngineConnector(IOptions<GatewayOptions> options, TimeProvider time) : IEngineConnector, IDisposable
{
    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = options.Value.ConnectTimeout,
        EnableMultipleHttp2Connections = true,
        // The default reads on for two seconds after a dispose, in the hope to reuse the connection; meanwhile the engine works for nobody.
        MaxResponseDrainSize = 0,
        ResponseDrainTimeout = TimeSpan.Zero,
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        UseCookies = false,
        UseProxy = false,
    });

    public bool CanReach(Uri address) => true;

    public async ValueTask<IEngineAnswer> SendAsync(EngineCall call, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, call.Address) { Content = new PiecesContent(call) };
        if (call.Address.Scheme == Uri.UriSchemeHttps)
        {
            request.Version = HttpVersion.Version20;
            request.VersionPolicy = HttpVersionPolicy.RequestVersionOrLower;
        }

        foreach (var (name, value) in call.Headers)
            request.Headers.TryAddWithoutValidation(name, value);
        var response = await _http.SendAsync(request, cancellation);
        try
        {
            return new Answer(response, await response.Content.ReadAsStreamAsync(cancellation), time);
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    public void Dispose() => _http.Dispose();

    private sealed class Answer(HttpResponseMessage response, Stream body, TimeProvider time) : IEngineAnswer
    {
        public int Status => (int)response.StatusCode;
        public string? MediaType => response.Content.Headers.ContentType?.MediaType;

        // As it was sent: the typed header knows whole seconds alone, and is silent about the rest.
        public int? RetryAfter => response.Headers.NonValidated.TryGetValues("Retry-After", out var values) ? Forwarding.RetryAfter.SecondsOf(values.ToString(), time.GetUtcNow()) : null;

        public Stream Body => body;

        public async ValueTask DisposeAsync()
        {
            await body.DisposeAsync();
            response.Dispose();
        }
    }

    /// <summary>A body that was never copied together.</summary>
    private sealed class PiecesContent : HttpContent
    {
        private readonly EngineCall _call;

        public PiecesContent(EngineCall call)
        {
            _call = call;
            Headers.ContentType = new("application/json");
        }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            foreach (var piece in _call.Body)
                await stream.WriteAsync(piece, cancellationToken);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = _call.Length;
            return true;
        }
    }
}
