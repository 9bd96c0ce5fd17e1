using System.Globalization;
using System.Net;
using Comox.Gateway.Backends;
using Microsoft.Extensions.Options;

namespace Comox.Gateway.LoadBalancing;

/// <summary>
/// Asks one engine once how it is. Whatever it does not say, or not in time, or in words that make no sense, stays unknown: nothing is reported, and what it said before grows old.
/// It asks for nothing that makes an engine work: llama-server as a router loads a model for whoever asks for its metrics, unless told not to.
/// </summary>
internal sealed class EngineProbe(IOptions<LoadOptions> options, TimeProvider time, ILogger<EngineProbe> logger) : IDisposable
{
    /// <summary>A page of vLLM's with sixteen engines has half of this.</summary>
    public const int MaxPageBytes = 1024 * 1024;

    // A trace of every question would bury those of people; it is told to be left out, also by the node agent in between.
    private const string Untraced = "00-00000000000000000000000000000001-0000000000000001-00";

    /// <summary>A page that the engine does not have (501 without <c>--metrics</c>) is asked for again after this long: it may have been restarted.</summary>
    private static readonly TimeSpan AskAgain = TimeSpan.FromMinutes(1);

    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler
    {
        ActivityHeadersPropagator = null,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        UseCookies = false,
        UseProxy = false,
    });

    /// <param name="engine">Is told what it said, or why that is not known.</param>
    /// <param name="backend">By whose address and with whose key.</param>
    public async Task AskAsync(ScrapedEngine engine, Backend backend)
    {
        using var timeout = new CancellationTokenSource(options.Value.ScrapeTimeout, time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(engine.Gone, timeout.Token);
        BackendTelemetry? telemetry;
        string? fault;
        try
        {
            (telemetry, fault) = engine.Key.Kind == BackendKinds.VLlm ? await AskVllmAsync(engine, backend, end.Token) : await AskLlamaAsync(engine, backend, end.Token);
        }
        catch (OperationCanceledException) when (engine.Gone.IsCancellationRequested)
        {
            return;
        }
        catch (Exception problem)
        {
            // A bug of ours, too, must not end the loop that asks.
            (telemetry, fault) = (null, problem switch
            {
                _ when timeout.IsCancellationRequested => $"no answer within {options.Value.ScrapeTimeout}",
                HttpRequestException or IOException => "it cannot be reached",
                _ => $"asking failed ({problem.GetType().Name})",
            });
        }

        if (fault is not null && fault != engine.Fault)
            LoadBalancingLog.LoadUnknown(logger, backend.Id, fault);
        engine.Fault = fault;
        if (telemetry is not null)
            engine.Report(telemetry);
    }

    public void Dispose() => _http.Dispose();

    private async Task<(BackendTelemetry? Telemetry, string? Fault)> AskVllmAsync(ScrapedEngine engine, Backend backend, CancellationToken cancellation)
    {
        var (page, missing) = await GetAsync(engine, backend, "metrics", engine.Metrics, cancellation);
        engine.Metrics = missing;
        var telemetry = VllmMetrics.Read(page, time.GetTimestamp());
        return (telemetry, missing.Fault ?? (telemetry is null ? "its /metrics says nothing of vLLM's" : null));
    }

    private async Task<(BackendTelemetry? Telemetry, string? Fault)> AskLlamaAsync(ScrapedEngine engine, Backend backend, CancellationToken cancellation)
    {
        var which = $"?model={Uri.EscapeDataString(engine.Key.Model ?? "")}&autoload=false";
        var (metrics, noMetrics) = await GetAsync(engine, backend, $"metrics{which}", engine.Metrics, cancellation);
        engine.Metrics = noMetrics;
        var (slots, noSlots) = await GetAsync(engine, backend, $"slots{which}", engine.Slots, cancellation);
        engine.Slots = noSlots;
        var telemetry = LlamaMetrics.Read(metrics, slots, time.GetTimestamp());
        // Slots can be switched off, and routers of some versions have none: no fault where the other page tells more.
        return (telemetry, noMetrics.Fault ?? (telemetry is null ? noSlots.Fault ?? "neither its /metrics nor its /slots says anything of llama-server's" : null));
    }

    private async Task<(byte[] Page, MissingPage Missing)> GetAsync(ScrapedEngine engine, Backend backend, string path, MissingPage before, CancellationToken cancellation)
    {
        if (before.AgainAt > time.GetTimestamp())
            return ([], before);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(engine.Key.Address, path));
        foreach (var (name, value) in backend.Headers)
            request.Headers.TryAddWithoutValidation(name, value);
        request.Headers.TryAddWithoutValidation("traceparent", Untraced);
        using var response = await _http.SendAsync(request, cancellation);
        var page = path.Split('?')[0];
        if (response.StatusCode != HttpStatusCode.OK)
        {
            var isNotThere = response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed or HttpStatusCode.NotImplemented;
            var fault = string.Create(CultureInfo.InvariantCulture, $"its /{page} answers {(int)response.StatusCode}");
            return ([], new MissingPage(fault, isNotThere ? time.GetTimestamp() + (long)(AskAgain.TotalSeconds * time.TimestampFrequency) : 0));
        }

        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        return await ReadAsync(body, cancellation) is { } read ? (read, default) : ([], new MissingPage($"its /{page} is larger than {MaxPageBytes} bytes", 0));
    }

    private static async Task<byte[]?> ReadAsync(Stream body, CancellationToken cancellation)
    {
        using var whole = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (await body.ReadAsync(buffer, cancellation) is > 0 and var read)
        {
            if (whole.Length + read > MaxPageBytes)
                return null;
            whole.Write(buffer, 0, read);
        }

        return whole.ToArray();
    }
}
