using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Comox.Gateway.Forwarding;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.OpenAI;

/// <summary>The one place that turns a failure into the wire.</summary>
internal static class OpenAIErrorWriter
{
    /// <summary>
    /// Nothing committed: status and OpenAI's error object. Committed to a stream: one last event, and no <c>[DONE]</c>, because the answer is not whole:
    /// <code>data: {"error":{"message":"…","type":"server_error","param":null,"code":"upstream_error"}}</code>
    /// </summary>
    public static async Task WriteAsync(Exchange exchange, ForwardError failure)
    {
        var body = BodyOf(failure);
        var response = exchange.Http.Response;
        if (exchange.Committed)
        {
            // Its comments would fall into what is written here.
            if (exchange.Sink is { } sink)
                await sink.DisposeAsync();
            var writer = response.BodyWriter;
            if (failure.Event.IsEmpty)
            {
                writer.Write("data: "u8);
                writer.Write(JsonSerializer.SerializeToUtf8Bytes(body, OpenAIJson.Default.ApiErrorBody));
                writer.Write("\n\n"u8);
            }
            else
            {
                writer.Write(failure.Event.Span);
            }

            await writer.FlushAsync(exchange.Aborted);
            return;
        }

        response.StatusCode = failure.Error.Status;
        if (failure.Error.RetryAfter is { } seconds)
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        await response.WriteAsJsonAsync(body, OpenAIJson.Default.ApiErrorBody, cancellationToken: exchange.Aborted);
    }

    private static ApiErrorBody BodyOf(ForwardError failure)
    {
        var body = failure.Error.ToBody();
        return failure.FromEngine ? new ApiErrorBody(body.Error with { Source = null }) : body;
    }
}
