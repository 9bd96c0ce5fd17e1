using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Comox.Gateway.Forwarding;
using Comox.Gateway.Routing;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.OpenAI;

/// <summary>The one place that turns a failure into the wire.</summary>
internal static class OpenAIErrorWriter
{
    /// <summary>
    /// Nothing committed: status and the error object of the client's API. Committed to a stream: one last event, and nothing that ends a whole answer:
    /// <code>data: {"error":{"message":"…","type":"server_error","param":null,"code":"upstream_error"}}</code>
    /// </summary>
    public static async Task WriteAsync(Exchange exchange, ForwardError failure)
    {
        var detail = DetailOf(failure);
        if (!exchange.Committed)
        {
            RouteTraceHeader.Write(exchange);
            await WriteAsync(exchange.Http, exchange.Dialect, failure.Error, detail);
            return;
        }

        var writer = exchange.Http.Response.BodyWriter;
        if (exchange.Dialect is { } dialect)
        {
            dialect.WriteStreamError(detail, writer);
        }
        else if (!failure.Event.IsEmpty)
        {
            writer.Write(failure.Event.Span);
        }
        else
        {
            writer.Write("data: "u8);
            writer.Write(JsonSerializer.SerializeToUtf8Bytes(new ApiErrorBody(detail), OpenAIJson.Default.ApiErrorBody));
            writer.Write("\n\n"u8);
        }

        await writer.FlushAsync(exchange.Aborted);
    }

    /// <summary>Before there is an exchange: the request itself is at fault.</summary>
    public static Task WriteAsync(HttpContext http, IClientDialect? dialect, ApiError error) => WriteAsync(http, dialect, error, error.ToBody().Error);

    private static async Task WriteAsync(HttpContext http, IClientDialect? dialect, ApiError error, ApiErrorDetail detail)
    {
        var response = http.Response;
        response.StatusCode = error.Status;
        if (error.RetryAfter is { } seconds)
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        if (dialect is null)
        {
            await response.WriteAsJsonAsync(new ApiErrorBody(detail), OpenAIJson.Default.ApiErrorBody, cancellationToken: http.RequestAborted);
            return;
        }

        var body = new ArrayBufferWriter<byte>();
        dialect.WriteError(error.Status, detail, body);
        response.ContentType = "application/json";
        response.ContentLength = body.WrittenCount;
        await response.BodyWriter.WriteAsync(body.WrittenMemory, http.RequestAborted);
    }

    private static ApiErrorDetail DetailOf(ForwardError failure)
    {
        var detail = failure.Error.ToBody().Error;
        return failure.FromEngine ? detail with { Source = null } : detail;
    }
}
