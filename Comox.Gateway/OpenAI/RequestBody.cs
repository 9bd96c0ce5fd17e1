using System.Buffers;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.AspNetCore.Http.Features;

namespace Comox.Gateway.OpenAI;

/// <summary>A request body in rented memory; disposing gives it back.</summary>
internal sealed class RequestBody : IDisposable
{
    private const int FirstBuffer = 16 * 1024;
    private byte[] _buffer;

    private RequestBody(byte[] buffer, int length) => (_buffer, Bytes) = (buffer, buffer.AsMemory(0, length));

    public ReadOnlyMemory<byte> Bytes { get; private set; }

    public static async ValueTask<(RequestBody? Body, ApiError? Error)> ReadAsync(HttpContext http, int limit)
    {
        if (http.Request.Headers.ContentEncoding is { Count: > 0 } encoding && !string.Equals(encoding.ToString(), "identity", StringComparison.OrdinalIgnoreCase))
            return (null, Encoded(encoding.ToString()));
        if (http.Request.ContentLength > limit)
            return (null, TooLarge(limit));
        // Our limit decides; Kestrel's own could be below it. Setting it here changes this request only.
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } kestrel)
            kestrel.MaxRequestBodySize = null;

        var buffer = ArrayPool<byte>.Shared.Rent((int)(http.Request.ContentLength ?? FirstBuffer) + 1);
        var length = 0;
        try
        {
            while (await http.Request.Body.ReadAsync(buffer.AsMemory(length), http.RequestAborted) is var read and > 0)
            {
                length += read;
                if (length > limit)
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                    return (null, TooLarge(limit));
                }

                if (length == buffer.Length)
                    buffer = Grow(buffer);
            }

            return (new RequestBody(buffer, length), null);
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }
    }

    public void Dispose()
    {
        if (_buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        Bytes = default;
    }

    private static byte[] Grow(byte[] buffer)
    {
        var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }

    // It is forwarded as it came, and an engine reads JSON.
    private static ApiError Encoded(string encoding) => new(
        StatusCodes.Status415UnsupportedMediaType,
        ErrorCodes.InvalidRequest,
        $"The body has the Content-Encoding '{BodyErrors.Shorten(encoding)}'. Send it without one.",
        "content-encoding");

    private static ApiError TooLarge(int limit) => new(
        StatusCodes.Status413PayloadTooLarge,
        ErrorCodes.RequestTooLarge,
        $"The request body is larger than {limit} bytes. Send less, or raise {GatewayOptions.Section}:{nameof(GatewayOptions.MaxRequestBytes)}.");
}
