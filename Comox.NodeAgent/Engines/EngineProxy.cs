using System.Net;
using System.Net.Http.Headers;
using Comox.NodeAgent.Adapters;
using Comox.NodeAgent.Supervision;
using Comox.NodeAgent.Swapping;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;

namespace Comox.NodeAgent.Engines;

/// <summary>Hands a request through to an engine, byte by byte as they come, and its end in either direction too.</summary>
internal sealed class EngineProxy(IHttpForwarder forwarder, ModelSwapper swapper, ILogger<EngineProxy> log) : IDisposable
{
    // An engine that works on a long prompt, or answers without a stream, may say nothing for minutes. Its death ends the connection in any case.
    private static readonly ForwarderRequestConfig Patient = new() { ActivityTimeout = TimeSpan.FromMinutes(30), Version = HttpVersion.Version11 };

    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = TimeSpan.FromSeconds(5),

        // A connection each: llama-server closes an idle one after 5 s, and a POST sent at that very moment could not be repeated. On loopback a new one takes a
        // tenth of a millisecond; a shorter idle time only made it rarer, because on a busy machine the timer that keeps it comes late.
        PooledConnectionLifetime = TimeSpan.Zero,
    });

    /// <summary>Waits for the engine, where it has to be loaded first, and answers with what it answers.</summary>
    public async Task ForwardAsync(HttpContext context, EngineHandle engine)
    {
        context.Request.Path.StartsWithSegments(Prefix(engine.Id), out var path);
        if (EnginePaths.Refusal(context.Request.Method, path) is { } refused)
        {
            await refused.WriteAsync(context);
            return;
        }

        // Who looks how it is doing must not have it loaded, nor keep it in memory.
        if (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
        {
            await AnswerAsync(context, engine);
            return;
        }

        // How large a request may be is the gateway's to say; here it would only be said twice, and differently.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;
        ChosenAdapter? adapter;
        try
        {
            (adapter, var unfit) = await AdapterRequest.ReadAsync(context, engine.Adapters, path.Value ?? "");
            if (unfit is not null)
            {
                await unfit.WriteAsync(context);
                return;
            }

            if (await swapper.EnterAsync(engine, context.RequestAborted) is { } error)
            {
                await error.WriteAsync(context);
                return;
            }
        }
        catch (Exception left) when (left is OperationCanceledException or IOException && context.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        try
        {
            if (adapter is not null)
                await AdaptedAsync(context, engine, adapter);
            else
                await WorkAsync(context, engine);
        }
        finally
        {
            engine.Traffic.Leave();
        }
    }

    private async Task AdaptedAsync(HttpContext context, EngineHandle engine, ChosenAdapter adapter)
    {
        try
        {
            if (await engine.Adapters.EnterAsync(adapter, context.RequestAborted) is { } error)
            {
                await error.WriteAsync(context);
                return;
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        try
        {
            await WorkAsync(context, engine);
        }
        finally
        {
            engine.Adapters.Leave(adapter);
        }
    }

    private async Task WorkAsync(HttpContext context, EngineHandle engine)
    {
        using var running = engine.Answers.Begin(context.Request.ContentLength);
        context.Request.Body = new WatchedStream(context.Request.Body, bytes =>
        {
            if (bytes.IsEmpty)
                running.Sent();
        });
        await AnswerAsync(context, engine, running);
    }

    public void Dispose() => _http.Dispose();

    private static PathString Prefix(string id) => $"/node/engines/{id}/proxy";

    private Task AnswerAsync(HttpContext context, EngineHandle engine, RunningAnswer? running = null) =>
        engine.Endpoint is { } endpoint ? ForwardAsync(context, engine, endpoint, running) : Unready(engine.Status).WriteAsync(context);

    private async Task ForwardAsync(HttpContext context, EngineHandle engine, EngineEndpoint endpoint, RunningAnswer? running)
    {
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        var error = await forwarder.SendAsync(context, endpoint.Address.ToString(), _http, Patient, new Transform(engine.Id, endpoint, running), endpoint.WhenCut);
        if (error == ForwarderError.None)
            return;
        log.ForwardFailed(engine.Id, error.ToString());
        if (!context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
            await Broken(engine.Id, context.Response.StatusCode).WriteAsync(context);
    }

    /// <summary>What a request is told that the engine cannot take.</summary>
    public static ApiError Unready(EngineStatus status) => status switch
    {
        { State: EngineStates.Unloaded, Health: Healths.Ejected } => Unavailable(
            $"The engine '{status.Id}' is not loaded, because its card is not well. {string.Join(' ', status.HealthReasons)}"),
        { State: EngineStates.Failed or EngineStates.Stopping or EngineStates.Stopped } => Unavailable($"The engine '{status.Id}' is {status.State}. {status.Reason}"),
        _ => new ApiError(StatusCodes.Status503ServiceUnavailable, ErrorCodes.EngineLoading, $"The engine '{status.Id}' is not ready yet ({status.State}). {status.Reason}") { RetryAfter = 2 },
    };

    private static ApiError Unavailable(string why) => new(StatusCodes.Status503ServiceUnavailable, ErrorCodes.EngineUnavailable, why) { RetryAfter = 30 };

    private static ApiError Broken(string id, int status) => status == StatusCodes.Status504GatewayTimeout
        ? new ApiError(status, ErrorCodes.UpstreamTimeout, $"The engine '{id}' did not answer in time.")
        : new ApiError(StatusCodes.Status502BadGateway, ErrorCodes.UpstreamError, $"The engine '{id}' broke off before it answered; its log may say why. The request can be repeated.");

    /// <summary>Cuts our prefix off the path, and puts the engine's key in the place of the caller's.</summary>
    private sealed class Transform(string id, EngineEndpoint endpoint, RunningAnswer? running) : HttpTransformer
    {
        private readonly PathString _prefix = Prefix(id);

        public override async ValueTask TransformRequestAsync(HttpContext context, HttpRequestMessage request, string destinationPrefix, CancellationToken cancellationToken)
        {
            await base.TransformRequestAsync(context, request, destinationPrefix, cancellationToken);
            context.Request.Path.StartsWithSegments(_prefix, out var path);
            request.RequestUri = RequestUtilities.MakeDestinationAddress(destinationPrefix, path, context.Request.QueryString);
            request.Headers.Host = null;
            request.Headers.Remove("X-Api-Key");
            request.Headers.Remove("Cookie");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", endpoint.Key);
        }

        public override async ValueTask<bool> TransformResponseAsync(HttpContext context, HttpResponseMessage? response, CancellationToken cancellationToken)
        {
            var copies = await base.TransformResponseAsync(context, response, cancellationToken);
            if (response is not null && running is not null)
                response.Content = new WatchedContent(response.Content, running);
            return copies;
        }
    }
}
