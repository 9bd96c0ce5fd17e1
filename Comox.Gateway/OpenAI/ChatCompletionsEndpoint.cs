using Comox.Gateway.Diagnostics;
using Comox.Gateway.Forwarding;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.Extensions.Options;

namespace Comox.Gateway.OpenAI;

/// <summary><c>POST /v1/chat/completions</c>: reads the body, runs the pipeline, hands a failure to the error writer. No policy here.</summary>
internal sealed class ChatCompletionsEndpoint(ChatPipeline pipeline, Drain drain, IOptions<GatewayOptions> options, TimeProvider time, ILogger<ChatCompletionsEndpoint> logger)
{
    public async Task InvokeAsync(HttpContext http)
    {
        var (body, tooLarge) = await RequestBody.ReadAsync(http, options.Value.MaxRequestBytes);
        if (body is null)
        {
            await tooLarge!.WriteAsync(http);
            return;
        }

        using (body)
        {
            if (ChatRequestReader.Read(body.Bytes, out var request) is { } invalid)
            {
                await invalid.WriteAsync(http);
                return;
            }

            using var active = drain.Enter();
            await using var exchange = new Exchange(http, request!, Ids.New("req", time), time, drain.Over);
            try
            {
                if (await pipeline.RunAsync(exchange) is { } failure && !exchange.Aborted.IsCancellationRequested)
                    await FailAsync(exchange, failure);
            }
            catch (OperationCanceledException) when (exchange.Aborted.IsCancellationRequested)
            {
                // The client has left: there is nobody to answer.
            }
            catch (OperationCanceledException) when (exchange.Stopped.IsCancellationRequested)
            {
                await FailAsync(exchange, EngineErrors.Stopping());
            }
            catch (Exception bug)
            {
                GatewayLog.ExchangeCrashed(logger, exchange.Id, bug);
                await OpenAIErrorWriter.WriteAsync(exchange, new ForwardError(ForwardPlace.Gateway, new ApiError(
                    StatusCodes.Status500InternalServerError, ErrorCodes.InternalError, $"The gateway failed. Its log says more under {exchange.Id}.")));
            }
        }
    }

    private Task FailAsync(Exchange exchange, ForwardError failure)
    {
        GatewayLog.ExchangeFailed(logger, exchange.Id, failure.Place, failure.Error.Status, failure.Error.Code);
        return OpenAIErrorWriter.WriteAsync(exchange, failure);
    }
}
