using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Comox.Memory.Tests;

/// <summary>
/// Stands in for the gateway, which no test of the memory may reference: answers whole chat completions as scripted, and refuses whatever OpenAI's API does
/// not have.
/// </summary>
internal sealed class StrictGateway : IAsyncDisposable
{
    private static readonly HashSet<string> Fields = ["model", "messages", "max_tokens", "temperature", "response_format"];

    private readonly WebApplication _app;
    private readonly ConcurrentQueue<JsonObject> _requests = [];
    private volatile Func<JsonObject, Task<string?>> _answer;

    private StrictGateway(WebApplication app, Func<JsonObject, Task<string?>> answer) => (_app, _answer) = (app, answer);

    public string Address => _app.Urls.Single();

    public IReadOnlyList<JsonObject> Requests => [.. _requests];

    /// <summary>What the memory needs to find it.</summary>
    public Dictionary<string, string?> Settings(params (string Role, string Model)[] roles) =>
        roles.Select(role => KeyValuePair.Create($"Comox:Memory:Roles:{role.Role}", (string?)role.Model))
            .Append(new("services:gateway:http:0", Address))
            .Append(new("Comox:Memory:Consolidation:RetryDelay", "00:00:00.05"))
            .Append(new("Comox:Memory:Consolidation:PollInterval", "00:00:00.1"))
            .ToDictionary();

    /// <param name="answer">The text to answer a request with; null: 503.</param>
    /// <param name="embed">The vector of a text; null: 503.</param>
    public static async Task<StrictGateway> StartAsync(Func<JsonObject, string?> answer, Func<string, float[]?>? embed = null)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        var gateway = new StrictGateway(app, request => Task.FromResult(answer(request)));
        app.MapPost("/v1/chat/completions", gateway.CompleteAsync);
        app.MapPost("/v1/embeddings", (HttpRequest http) => gateway.EmbedAsync(http, embed ?? (_ => null)));
        await app.StartAsync(TestContext.Current.CancellationToken);
        return gateway;
    }

    /// <summary>The model has no room for a longer text: a chat is refused as the gateway refuses it, one of several texts to embed as llama.cpp does, all of them with 500.</summary>
    public int LongestInput { get; set; } = int.MaxValue;

    /// <summary>What the model refuses, as a cloud's content filter does: with 400, whenever it is asked.</summary>
    public Func<JsonObject, bool> Refuses { get; set; } = _ => false;

    /// <summary>What it never gets done with.</summary>
    public Func<JsonObject, bool> IsTooSlowFor { get; set; } = _ => false;

    /// <summary>It takes texts to embed and never answers.</summary>
    public bool IsStuckEmbedding { get; set; }

    public void Answer(Func<JsonObject, string?> answer) => _answer = request => Task.FromResult(answer(request));

    /// <summary>The text of the last message of a request.</summary>
    public static string MaterialOf(JsonObject request) => request["messages"]!.AsArray()[^1]!["content"]!.GetValue<string>();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task<IResult> EmbedAsync(HttpRequest http, Func<string, float[]?> embed)
    {
        var request = (await JsonNode.ParseAsync(http.Body))!.AsObject();
        if (IsStuckEmbedding)
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, http.HttpContext.RequestAborted);
        if (request["input"]!.AsArray().Any(text => text!.GetValue<string>().Length > LongestInput))
            return Results.Json(new { error = new { message = "input is too large to process", code = "upstream_error" } }, statusCode: 500);
        var vectors = request["input"]!.AsArray().Select(text => embed(text!.GetValue<string>())).ToList();
        return vectors.Contains(null)
            ? Results.Json(new { error = new { message = "No engine.", code = "engine_unavailable" } }, statusCode: 503)
            : Results.Json(new { @object = "list", model = request["model"]!.GetValue<string>(), data = vectors.Select((vector, index) => new { @object = "embedding", index, embedding = vector }) });
    }

    private async Task<IResult> CompleteAsync(HttpRequest http)
    {
        if (http.Headers.Authorization != $"Bearer {MemoryHost.Key}")
            return Results.Json(new { error = new { message = "No key.", code = "invalid_api_key" } }, statusCode: 401);
        var request = (await JsonNode.ParseAsync(http.Body))!.AsObject();
        if (request.Select(field => field.Key).FirstOrDefault(field => !Fields.Contains(field)) is { } unknown)
            return Results.Json(new { error = new { message = $"Unknown field {unknown}.", code = "invalid_request" } }, statusCode: 400);
        if (request["model"]!.GetValueKind() != JsonValueKind.String || request["messages"]!.AsArray().Count == 0)
            return Results.Json(new { error = new { message = "model and messages are needed.", code = "invalid_request" } }, statusCode: 400);
        _requests.Enqueue(request);
        if (MaterialOf(request).Length > LongestInput)
            return Results.Json(new { error = new { message = "The prompt is too long.", code = "context_length_exceeded" } }, statusCode: 400);
        if (Refuses(request))
            return Results.Json(new { error = new { message = "The content is filtered.", code = "upstream_error" } }, statusCode: 400);
        if (IsTooSlowFor(request))
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, http.HttpContext.RequestAborted);
        return await _answer(request) is { } text
            ? Results.Json(new { id = "chatcmpl-1", @object = "chat.completion", choices = new[] { new { index = 0, message = new { role = "assistant", content = text }, finish_reason = "stop" } } })
            : Results.Json(new { error = new { message = "No engine.", code = "engine_unavailable" } }, statusCode: 503);
    }
}
