using System.Collections.Concurrent;
using System.Text.Json;
using System.Threading.Channels;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Gateway;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Comox.Web.Tests;

/// <summary>
/// The gateway, the memory service and the node agent as the console sees them: their HTTP contracts on one real Kestrel. Strict: a request without the
/// service key, or to a path that no contract names, is refused and remembered in <see cref="Violations"/>.
/// </summary>
internal sealed class FakeComox : IAsyncDisposable
{
    public const string ServiceKey = "svc-0123456789abcdef";

    /// <summary>A request that the console did not send is a failure of the test and not its hang.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly WebApplication _app;
    private readonly Channel<FakeReply> _asked = Channel.CreateUnbounded<FakeReply>();
    private readonly Channel<bool> _held = Channel.CreateUnbounded<bool>();
    private int _ids;

    private FakeComox(WebApplication app) => _app = app;

    public string Address => _app.Urls.First();
    public ConcurrentQueue<string> Violations { get; } = new();
    public List<CharacterDetails> Characters { get; } = [];
    public Dictionary<string, byte[]> Avatars { get; } = [];
    public ConcurrentDictionary<string, SessionDetails> Sessions { get; } = new();
    public Dictionary<string, Receipt> Receipts { get; } = [];
    public List<FactView> Facts { get; } = [];
    public FakeNode Node { get; } = new();
    public FakeFleet Fleet { get; } = new();

    /// <summary>What the next imports answer; without one, the card's bytes become a character.</summary>
    public Func<string, ApiError?> RefuseCard { get; set; } = _ => null;

    /// <summary>What the chat endpoint answers instead of a stream.</summary>
    public ApiError? RefuseChat { get; set; }

    /// <summary>Models that somebody may soon ask for, as the console has said.</summary>
    public ConcurrentQueue<ModelHint> Hints { get; } = new();

    /// <summary>While set, such a hint is kept waiting for its answer.</summary>
    public TaskCompletionSource? HoldWarming { get; set; }

    /// <summary>What a hint is answered instead.</summary>
    public ApiError? RefuseWarming { get; set; }

    /// <summary>While set, a chat request that arrived is kept waiting for its answer's head.</summary>
    public TaskCompletionSource? HoldChat { get; set; }

    public static async Task<FakeComox> StartAsync(string address = "http://127.0.0.1:0")
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls(address);
        builder.Services.AddRouting();
        builder.Services.AddLogging(logging => logging.ClearProviders());
        var fake = new FakeComox(builder.Build());
        fake.Map();
        await fake._app.StartAsync();
        return fake;
    }

    /// <summary>The next chat request, as soon as the console has sent it; the test then plays the engine.</summary>
    public async Task<FakeReply> NextChatAsync() => await _asked.Reader.ReadAsync().AsTask().WaitAsync(Patience, TestContext.Current.CancellationToken);

    /// <summary>Ends when a chat request has arrived that <see cref="HoldChat"/> keeps waiting.</summary>
    public async Task NextHeldAsync() => await _held.Reader.ReadAsync().AsTask().WaitAsync(Patience, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        Node.Drop();
        await _app.DisposeAsync();
    }

    private void Map()
    {
        _app.Use((context, next) =>
        {
            if (context.Request.Headers.Authorization == $"Bearer {ServiceKey}")
                return next(context);
            return RefuseAsync(context, 401, ErrorCodes.InvalidApiKey, "without the service key");
        });
        _app.UseRouting();

        _app.MapGet("/memory/characters", () => Json(new CharacterList([.. Characters])));
        _app.MapPost("/memory/characters", (Delegate)ImportAsync);
        _app.MapGet("/memory/characters/{slug}", (string slug) =>
            Characters.Find(character => character.Slug == slug) is { } found ? Json(found) : NotFound(ErrorCodes.CharacterNotFound, $"There is no character '{slug}'."));
        _app.MapGet("/memory/characters/{slug}/avatar", (string slug) =>
            Avatars.TryGetValue(slug, out var picture) ? Results.Bytes(picture, "image/png") : NotFound(ErrorCodes.NotFound, "It has no picture."));
        _app.MapPost("/memory/sessions", (Delegate)StartSessionAsync);
        _app.MapGet("/memory/sessions", (string subject, int limit) =>
            Json(new SessionList([.. Sessions.Values.Where(session => session.Subject == subject).OrderByDescending(session => session.UpdatedAt).Take(limit)])));
        _app.MapGet("/memory/sessions/{id}", (string id) =>
            Sessions.TryGetValue(id, out var found) ? Json(found) : NotFound(ErrorCodes.SessionNotFound, $"There is no session '{id}'."));
        _app.MapGet("/memory/receipts/{id}", (string id) =>
            Receipts.TryGetValue(id, out var found) ? Json(found) : NotFound(ErrorCodes.ReceiptNotFound, $"There is no receipt '{id}'."));
        _app.MapGet("/memory/subjects/{subject}/facts", (string subject, string? character) => Json(new FactList([.. Facts.Where(fact => fact.Character == character)])));
        _app.MapPost("/v1/chat/completions", ChatAsync);
        _app.MapGet("/gateway/nodes", Fleet.ListAsync);
        _app.MapGet("/gateway/routes", Fleet.RoutesAsync);
        _app.MapPost("/gateway/warm", (Delegate)WarmAsync);
        _app.MapGet("/node/events", Node.ServeEventsAsync);
        _app.MapGet("/node/engines/{id}/log", (string id) => Json(Node.Log));
        _app.MapFallback(context => RefuseAsync(context, 404, ErrorCodes.NotFound, "to a path that is in no contract"));
    }

    private async Task<IResult> ImportAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var card = await reader.ReadToEndAsync();
        if (RefuseCard(card) is { } error)
            return error.ToResult();
        var character = Some.Character(card.Trim());
        Characters.Add(character);
        return Results.Json(character, MemoryJson.Default.CharacterDetails, statusCode: 201);
    }

    private async Task<IResult> WarmAsync(HttpContext context)
    {
        var hint = (await JsonSerializer.DeserializeAsync(context.Request.Body, GatewayJson.Default.ModelHint))!;
        Hints.Enqueue(hint);
        if (HoldWarming is { } hold)
            await Task.WhenAny(hold.Task, Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted));
        var warming = new ModelWarming { Model = "fake", Backend = "node/chat", Action = WarmActions.Load };
        return RefuseWarming?.ToResult() ?? Results.Json(warming, GatewayJson.Default.ModelWarming, statusCode: 202);
    }

    private async Task<IResult> StartSessionAsync(HttpContext context)
    {
        var wanted = (await JsonSerializer.DeserializeAsync(context.Request.Body, MemoryJson.Default.NewSession))!;
        if (Characters.Find(character => character.Slug == wanted.Character) is not { } character)
            return NotFound(ErrorCodes.CharacterNotFound, $"There is no character '{wanted.Character}'.");
        var session = Some.Session($"ses_new{Interlocked.Increment(ref _ids)}", character, [.. character.Greetings.Take(1).Select(greeting => Some.Turn("trn_greeting", "assistant", greeting))]);
        Sessions[session.Id] = session;
        return Results.Json(session, MemoryJson.Default.SessionDetails, statusCode: 201);
    }

    private async Task ChatAsync(HttpContext context)
    {
        var request = await JsonDocument.ParseAsync(context.Request.Body);
        if (RefuseChat is { } error)
        {
            await error.WriteAsync(context);
            return;
        }

        var reply = new FakeReply(request, context.Request.Headers["X-Comox-Session"].ToString(), context.Request.Headers["X-Comox-Transcript"] == "whole");
        if (HoldChat is { } hold)
        {
            await _held.Writer.WriteAsync(true);
            await Task.WhenAny(hold.Task, reply.HangUpAsync(context));
            if (RefuseChat is { } late)
                await late.WriteAsync(context);
            return;
        }

        context.Response.ContentType = "text/event-stream";
        context.Response.Headers["X-Comox-Session"] = reply.Session;
        context.Response.Headers["X-Comox-Receipt"] = "/memory/receipts/rcp_1";
        await context.Response.Body.FlushAsync();
        await _asked.Writer.WriteAsync(reply);
        await reply.PumpAsync(context);
    }

    private Task RefuseAsync(HttpContext context, int status, string code, string why)
    {
        Violations.Enqueue($"{context.Request.Method} {context.Request.Path} came {why}");
        return new ApiError(status, code, why).WriteAsync(context);
    }

    private static IResult NotFound(string code, string message) => new ApiError(404, code, message).ToResult();

    private static IResult Json<T>(T value) =>
        Results.Bytes(JsonSerializer.SerializeToUtf8Bytes(value, typeof(T), Context<T>()), "application/json");

    private static System.Text.Json.Serialization.JsonSerializerContext Context<T>() =>
        typeof(T).Namespace!.EndsWith("Nodes", StringComparison.Ordinal) ? ServiceDefaults.Contracts.Nodes.NodesJson.Default : MemoryJson.Default;
}
