using System.Buffers;
using Comox.Gateway.Routing;

namespace Comox.Gateway.Forwarding;

/// <summary>The answer to a request that is not streamed, byte for byte as the backend sent it, or in the words of the client's API.</summary>
internal static class WholeAnswer
{
    public static async ValueTask<ForwardError?> SendAsync(Exchange exchange, byte[] body)
    {
        exchange.Progress.TakeWhole(body);
        await WriteAsync(exchange, body);
        return null;
    }

    public static async ValueTask WriteAsync(Exchange exchange, byte[] body)
    {
        ReadOnlyMemory<byte> said = body;
        if (exchange.Dialect is { } dialect)
        {
            var translated = new ArrayBufferWriter<byte>();
            dialect.WriteWhole(body, translated);
            said = translated.WrittenMemory;
        }

        RouteTraceHeader.Write(exchange);
        exchange.Commit();
        exchange.Spoken = true;
        var response = exchange.Http.Response;
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = "application/json";
        response.ContentLength = said.Length;
        await response.BodyWriter.WriteAsync(said, exchange.Aborted);
    }
}
