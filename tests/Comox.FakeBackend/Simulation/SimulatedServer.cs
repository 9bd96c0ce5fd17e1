using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;

namespace Comox.FakeBackend.Simulation;

/// <summary>
/// A process with llama-server's arguments and pages, whose card is <see cref="CardModel"/> with a model so large that a token takes 50 ms: dozens of these are to fit on few cores. Asked to "say N words" it says <c>w0 w1 w2 …</c>, asked for anything else it does
/// so up to the limit, and it goes on with that where it is told to continue. It is strict: another text to continue is refused. Its faults come from a file, see <see cref="EngineFault"/>.
/// </summary>
public static class SimulatedServer
{
    private const long Weights = 25_500_000_000;
    private const int KvTokens = 90_000;
    private static readonly TimeSpan Load = TimeSpan.FromSeconds(1);

    /// <summary>Whether these are llama-server's arguments.</summary>
    public static bool IsMeant(string[] args) => args is ["--version"] or ["--list-devices"] || (args.Contains("--model") && args.Contains("--alias"));

    public static async Task<int> RunAsync(string[] args)
    {
        if (args is ["--version"])
        {
            Console.WriteLine("version: 0.0.0 (simulated)");
            return 0;
        }

        if (args is ["--list-devices"])
        {
            Console.WriteLine("Available devices:\n  CUDA0: NVIDIA GeForce RTX 3090 (24124 MiB, 13000 MiB free)");
            return 0;
        }

        string After(string flag) => Array.IndexOf(args, flag) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : throw new ArgumentException($"{flag} is missing");
        var key = (await File.ReadAllTextAsync(After("--api-key-file"))).Trim();
        var slots = int.Parse(After("--parallel"), CultureInfo.InvariantCulture);
        var folder = Environment.GetEnvironmentVariable(EngineFault.Folder);
        var batch = new LiveBatch(new CardModel(), Weights, KvTokens, slots, () => EngineFault.Read(folder), TimeProvider.System);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{After("--port")}");
        var app = builder.Build();
        var pages = new SimulatedPages(batch, After("--alias"), slots);
        var since = TimeProvider.System.GetTimestamp();
        app.Use(async (http, next) =>
        {
            if (TimeProvider.System.GetElapsedTime(since) < Load)
                await RefuseAsync(http, 503, "unavailable_error", "Loading model");
            else if (http.Request.Path != "/health" && http.Request.Headers.Authorization != $"Bearer {key}")
                await RefuseAsync(http, 401, "authentication_error", "Invalid API Key");
            else
                await next(http);
        });
        app.MapGet("/health", () => Results.Text("""{"status":"ok"}""", "application/json"));
        app.MapGet("/v1/models", () => Results.Text(pages.Models(), "application/json"));
        app.MapGet("/slots", async (HttpContext http) => await WhenComputingAsync(batch, http, pages.Slots, "application/json"));
        app.MapGet("/metrics", async (HttpContext http) => await WhenComputingAsync(batch, http, pages.Metrics, "text/plain"));
        app.MapPost("/v1/chat/completions", http => ChatAsync(http, batch, pages));
        await app.StartAsync();
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(app.Lifetime.ApplicationStopping);
        await batch.RunAsync(stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await app.StopAsync(new CancellationToken(canceled: true));
        return 0;
    }

    private static async Task WhenComputingAsync(LiveBatch batch, HttpContext http, Func<string> page, string type)
    {
        while (batch.Fault.Kind == EngineFaultKind.Stalled)
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, http.RequestAborted);
        http.Response.ContentType = type;
        await http.Response.WriteAsync(page(), http.RequestAborted);
    }

    private static async Task ChatAsync(HttpContext http, LiveBatch batch, SimulatedPages pages)
    {
        using var json = await JsonDocument.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted);
        var request = json.RootElement;
        var messages = request.GetProperty("messages").EnumerateArray().ToList();
        var said = FakeJson.IsTrue(request, "continue_final_message") ? FakeJson.StringOf(messages[^1], "content") ?? "" : "";
        var asked = messages.FindLast(message => FakeJson.StringOf(message, "role") == "user");
        if ((Words(FakeJson.StringOf(asked, "content")) ?? Limit(request)) is not { } words || SimulatedPages.Beginning(said, words) is not { } from)
        {
            await RefuseAsync(http, 400, "invalid_request_error", "This has no limit, or the text to continue is not how the answer begins.");
            return;
        }

        var answer = batch.Begin(Math.Max(1, (int)(http.Request.ContentLength ?? 400) / 4), words - from);
        try
        {
            if (!FakeJson.IsTrue(request, "stream"))
            {
                await foreach (var _ in answer.Tokens.ReadAllAsync(http.RequestAborted))
                {
                }

                http.Response.ContentType = "application/json";
                await http.Response.WriteAsync(pages.Whole(from, words), http.RequestAborted);
                return;
            }

            http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            http.Response.ContentType = "text/event-stream";
            await http.Response.WriteAsync(pages.Role(), http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted);
            await foreach (var token in answer.Tokens.ReadAllAsync(http.RequestAborted))
            {
                await http.Response.WriteAsync(pages.Word(from + token), http.RequestAborted);
                await http.Response.Body.FlushAsync(http.RequestAborted);
            }

            await http.Response.WriteAsync(pages.End(words - from), http.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            // The caller left.
        }
        finally
        {
            answer.IsLeft = true;
        }
    }

    // Whoever asks for something else gets as many words as it wants to have.
    private static int? Limit(JsonElement request) => request.TryGetProperty("max_tokens", out var limit) ? limit.GetInt32() : null;

    private static int? Words(string? question) =>
        question?.Split(' ') is ["say", var number, "words", ..] && int.TryParse(number, CultureInfo.InvariantCulture, out var words) ? words : null;

    private static Task RefuseAsync(HttpContext http, int status, string type, string message)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        return http.Response.WriteAsync($$$"""{"error":{"code":{{{status}}},"message":"{{{message}}}","type":"{{{type}}}"}}""", http.RequestAborted);
    }
}
