using Comox.Gateway.Anthropic;
using Comox.Gateway.Diagnostics;
using Comox.Gateway.Forwarding;
using Comox.Gateway.OpenAI.Responses;
using Comox.Gateway.Routing;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.Extensions.Options;

namespace Comox.Gateway.OpenAI;

/// <summary>The inference APIs: reads the body, runs the pipeline, hands a failure to the error writer. No policy here.</summary>
internal sealed class InferenceEndpoint(ChatPipeline pipeline, Drain drain, IOptions<GatewayOptions> options, TimeProvider time, ILogger<InferenceEndpoint> logger)
{
    /// <summary><c>POST /v1/chat/completions</c>, <c>/v1/completions</c>, <c>/v1/embeddings</c>: the body travels as it came.</summary>
    public async Task InvokeAsync(HttpContext http, RequestApi api)
    {
        using var body = await ReadAsync(http, null);
        if (body is null)
            return;
        if (ChatRequestReader.Read(body.Bytes, api, out var request) is { } invalid)
            await invalid.WriteAsync(http);
        else
            await RunAsync(http, request!, dialect: null);
    }

    /// <summary><c>POST /v1/messages</c>: Anthropic's API, in front of whatever backend.</summary>
    public async Task MessagesAsync(HttpContext http)
    {
        var id = Ids.New("msg", time);
        var dialect = new MessagesDialect(id, "");
        using var body = await ReadAsync(http, dialect);
        if (body is null)
            return;
        ChatCompletionRequest? request = null;
        if ((MessagesRequest.ToChat(body.Bytes, out var chat) ?? ChatRequestReader.Read(chat, out request)) is { } invalid)
            await OpenAIErrorWriter.WriteAsync(http, dialect, invalid);
        else
            await RunAsync(http, request!, _ => new MessagesDialect(id, request!.Model));
    }

    /// <summary><c>POST /v1/responses</c>: a response continues a session where a character answers; plain models keep no state.</summary>
    public async Task ResponsesAsync(HttpContext http)
    {
        using var body = await ReadAsync(http, null);
        if (body is null)
            return;
        InputPlace? place = null;
        ChatCompletionRequest? request = null;
        var invalid = ResponsesRequest.Read(body.Bytes, out var asked)
            ?? ChatRequestReader.Read(asked!.ChatBody, out request)
            ?? ResponseIds.Resolve(asked, request!.Model.StartsWith(ModelRoute.CharacterPrefix, StringComparison.Ordinal), out place);
        if (invalid is not null)
        {
            await invalid.WriteAsync(http);
            return;
        }

        if (place is not null)
            http.Request.Headers[GatewayChatClient.SessionHeader] = place.Session;
        await RunAsync(http, request!, exchange =>
        {
            var recalled = exchange.Recalled;
            var id = (recalled is null ? null : ResponseIds.Encode(recalled.Session, recalled.ReplyTurn)) ?? Ids.New("resp", time);
            var echo = recalled is null ? asked!.Echo : asked!.Echo with { Conversation = ResponseIds.ConversationOf(recalled.Session) };
            return new ResponsesDialect(echo, id, time.GetUtcNow().ToUnixTimeSeconds());
        }, place);
    }

    private async ValueTask<RequestBody?> ReadAsync(HttpContext http, IClientDialect? dialect)
    {
        var (body, tooLarge) = await RequestBody.ReadAsync(http, options.Value.MaxRequestBytes);
        if (body is null)
            await OpenAIErrorWriter.WriteAsync(http, dialect, tooLarge!);
        return body;
    }

    private async Task RunAsync(HttpContext http, ChatCompletionRequest request, Func<Exchange, IClientDialect>? dialect, InputPlace? place = null)
    {
        using var active = drain.Enter();
        await using var exchange = new Exchange(http, request, Ids.New("req", time), time, drain.Over) { DialectFactory = dialect, Place = place };
        http.Response.Headers["x-request-id"] = exchange.Id;
        exchange.HidesUsage = exchange.Progress.HidesUsage = dialect is null && request is { Stream: true, Api.Kind: not RequestApiKind.Embeddings } && !request.Has(ChatField.StreamOptions);
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
            await WriteAsync(exchange, new ForwardError(ForwardPlace.Gateway, new ApiError(
                StatusCodes.Status500InternalServerError, ErrorCodes.InternalError, $"The gateway failed. Its log says more under {exchange.Id}.")));
        }
    }

    private Task FailAsync(Exchange exchange, ForwardError failure)
    {
        GatewayLog.ExchangeFailed(logger, exchange.Id, failure.Place, failure.Error.Status, failure.Error.Code);
        return WriteAsync(exchange, failure);
    }

    private static async Task WriteAsync(Exchange exchange, ForwardError failure)
    {
        // Its timer must not write a comment between the parts of the error.
        if (exchange.Sink is { } sink)
            await sink.DisposeAsync();
        await OpenAIErrorWriter.WriteAsync(exchange, failure);
    }
}
