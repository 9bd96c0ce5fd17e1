using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Comox.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Comox.Memory.Tests.Vectors;

/// <summary>A request as it came.</summary>
/// <param name="Line"><c>PUT /collections/x/points?wait=true</c></param>
/// <param name="Body">Empty: none.</param>
internal sealed record StrictRequest(string Line, string Body);

/// <summary>
/// Stands in for Qdrant on a real Kestrel: the part of its REST API that the store uses, as https://api.qdrant.tech/api-reference documents it, and nothing else. Any other path,
/// method, parameter or field is refused, where the real one would let it pass; so are filters on what has no index (its strict mode) and, which is our own rule, filters that
/// leave the tenant out.
/// </summary>
internal sealed class StrictQdrant : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, StrictCollection> _collections = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<StrictRequest> _requests = [];
    private readonly Lock _lock = new();
    private readonly string? _key;
    private TestService _service = null!;

    private StrictQdrant(string? key) => _key = key;

    public Uri Address => _service.Address;

    /// <summary>What it was asked, in the order in which it came.</summary>
    public IReadOnlyList<StrictRequest> Requests => [.. _requests];

    /// <summary>While set, nothing is answered: the server that is there and dead.</summary>
    public bool IsStuck { get; set; }

    /// <summary>While set, everything is answered with this status.</summary>
    public int? FailWith { get; set; }

    /// <summary>How many of the next requests fail.</summary>
    public int FailNext { get; set; }

    /// <summary>While set, the changes to points are told to be <c>wait_timeout</c>: taken, and not made yet.</summary>
    public bool PutsOff { get; set; }

    public IReadOnlyCollection<string> Collections => [.. _collections.Keys.Order()];

    public static async Task<StrictQdrant> StartAsync(string? key = null)
    {
        var qdrant = new StrictQdrant(key);
        qdrant._service = await TestService.StartAsync(_ => { }, app => app.Run(qdrant.AnswerAsync));
        return qdrant;
    }

    public StrictCollection this[string name] => _collections[name];

    /// <summary>As an operator would.</summary>
    public void Drop(string name) => Assert.True(_collections.TryRemove(name, out _));

    public void Replace(string name, StrictCollection collection) => _collections[name] = collection;

    public void ForgetRequests() => _requests.Clear();

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body, Encoding.UTF8);
        var body = await reader.ReadToEndAsync(http.RequestAborted);
        _requests.Enqueue(new StrictRequest($"{http.Request.Method} {http.Request.Path}{http.Request.QueryString}", body));
        if (IsStuck)
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, http.RequestAborted);
        if (FailWith is not null || FailNext-- > 0)
        {
            await WriteAsync(http, FailWith ?? 503, """{"status":{"error":"Service internal error: told to fail"},"time":0.0}""");
            return;
        }

        // {"status":{"error":…}} is how it fails, but for a key, which is a line of text.
        if (_key is not null && http.Request.Headers["api-key"] != _key)
        {
            http.Response.StatusCode = StatusCodes.Status401Unauthorized;
            await http.Response.WriteAsync(http.Request.Headers.ContainsKey("api-key") ? "Invalid API key or JWT" : "Must provide an API key or an Authorization bearer token");
            return;
        }

        try
        {
            JsonNode? result;
            lock (_lock)
                result = Route(http.Request, body);
            if (PutsOff && result is JsonObject { } updated && updated.ContainsKey("operation_id"))
                updated["status"] = "wait_timeout";
            await WriteAsync(http, 200, new JsonObject { ["result"] = result, ["status"] = "ok", ["time"] = 0.001 }.ToJsonString());
        }
        catch (StrictRefusal refusal)
        {
            await WriteAsync(http, refusal.Status, new JsonObject { ["status"] = new JsonObject { ["error"] = refusal.Message }, ["time"] = 0.001 }.ToJsonString());
        }
    }

    private static Task WriteAsync(HttpContext http, int status, string json)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        return http.Response.WriteAsync(json);
    }

    private JsonNode? Route(HttpRequest request, string body)
    {
        if (body.Length > 0 && request.ContentType?.StartsWith("application/json", StringComparison.Ordinal) != true)
            throw StrictJson.Bad("Content type error");
        var path = request.Path.Value!.Split('/')[1..];
        switch (request.Method, path)
        {
            case ("GET", ["collections"]):
                Expect(request, body, wait: false, hasBody: false);
                return new JsonObject { ["collections"] = new JsonArray([.. Collections.Select(name => (JsonNode)new JsonObject { ["name"] = name })]) };
            case ("GET", ["collections", var name]):
                Expect(request, body, wait: false, hasBody: false);
                return Find(name).Describe();
            case ("PUT", ["collections", var name]):
                Expect(request, body, wait: false, hasBody: true);
                return _collections.TryAdd(name, StrictCollection.Make(StrictJson.Parse(body)))
                    ? true
                    : throw new StrictRefusal(409, $"Wrong input: Collection `{name}` already exists!");
            case ("PUT", ["collections", var name, "index"]):
                Expect(request, body, wait: true, hasBody: true);
                return Find(name).AddIndex(StrictJson.Parse(body));
            case ("PUT", ["collections", var name, "points"]):
                Expect(request, body, wait: true, hasBody: true);
                return Find(name).Upsert(StrictJson.Parse(body));
            case ("POST", ["collections", var name, "points", "query"]):
                Expect(request, body, wait: false, hasBody: true);
                return Find(name).Query(StrictJson.Parse(body));
            case ("POST", ["collections", var name, "points", "count"]):
                Expect(request, body, wait: false, hasBody: true);
                return Find(name).Count(StrictJson.Parse(body));
            case ("POST", ["collections", var name, "points", "delete"]):
                Expect(request, body, wait: true, hasBody: true);
                return Find(name).Delete(StrictJson.Parse(body));
            default:
                throw new StrictRefusal(404, $"{request.Method} {request.Path} is not among what this stands in for");
        }
    }

    /// <summary>A change is waited for, always: whoever has stored or deleted something relies on it.</summary>
    private static void Expect(HttpRequest request, string body, bool wait, bool hasBody)
    {
        if (request.QueryString.Value != (wait ? "?wait=true" : ""))
            throw StrictJson.Bad($"the query string '{request.QueryString}' is not what is used here");
        if (body.Length > 0 != hasBody)
            throw StrictJson.Bad(hasBody ? "a body is missing" : "there must be no body");
    }

    private StrictCollection Find(string name) => _collections.TryGetValue(name, out var collection) ? collection : throw new StrictRefusal(404, $"Not found: Collection `{name}` doesn't exist!");
}
