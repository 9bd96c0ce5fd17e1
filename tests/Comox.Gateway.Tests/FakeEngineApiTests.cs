using System.Net;
using System.Text;
using System.Text.Json;
using Comox.FakeBackend;

namespace Comox.Gateway.Tests;

/// <summary>The fake's other APIs, held to what real servers say and refuse.</summary>
public sealed class FakeEngineApiTests
{
    private const string Message = """{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"Hi"}]""";

    [Fact]
    public async Task Messages_are_streamed_in_Anthropics_order()
    {
        await using var fake = await FakeBackendServer.StartAsync(script: new() { Tokens = ["A", "B"], ToolCalls = [new("toolu_1", "look", """{"at":"sky"}""")] });

        var (status, body) = await AskAsync(fake, "/v1/messages", Message + ""","stream":true}""", anthropic: true);

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(
            [
                "message_start", "content_block_start", "ping", "content_block_delta", "content_block_delta", "content_block_stop",
                "content_block_start", "content_block_delta", "content_block_delta", "content_block_delta", "content_block_stop", "message_delta", "message_stop",
            ],
            body.Split('\n').Where(line => line.StartsWith("event: ", StringComparison.Ordinal)).Select(line => line[7..]));
        var data = body.Split('\n').Where(line => line.StartsWith("data: ", StringComparison.Ordinal)).Select(line => JsonDocument.Parse(line[6..]).RootElement).ToArray();
        Assert.Equal("tool_use", data[^2].GetProperty("delta").GetProperty("stop_reason").GetString());
        Assert.Equal("""{"at":"sky"}""", string.Concat(data
            .Where(item => item.TryGetProperty("delta", out var delta) && delta.TryGetProperty("partial_json", out _))
            .Select(item => item.GetProperty("delta").GetProperty("partial_json").GetString())));
    }

    [Theory]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"Hi"}]}""", "max_tokens: Field required")]
    [InlineData("""{"model":"m","max_tokens":9,"messages":[{"role":"system","content":"Be."},{"role":"user","content":"Hi"}]}""", "must use the \"user\" role")]
    [InlineData("""{"model":"m","max_tokens":9,"messages":[{"role":"user","content":""}]}""", "non-empty content")]
    [InlineData("""{"model":"m","max_tokens":9,"stream_options":{},"messages":[{"role":"user","content":"Hi"}]}""", "Extra inputs are not permitted")]
    [InlineData("""{"model":"m","max_tokens":9,"temperature":1.5,"messages":[{"role":"user","content":"Hi"}]}""", "temperature")]
    [InlineData(
        """{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{}}]},{"role":"user","content":"And?"}]}""",
        "without `tool_result` blocks")]
    public async Task Messages_refuse_what_Anthropic_refuses(string body, string reason)
    {
        await using var fake = await FakeBackendServer.StartAsync();

        var (status, answer) = await AskAsync(fake, "/v1/messages", body, anthropic: true);

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(reason, JsonDocument.Parse(answer).RootElement.GetProperty("error").GetProperty("message").GetString());
        Assert.Single(fake.Violations);
    }

    [Theory]
    [InlineData("x-api-key", FakeBackendServer.DefaultKey, "2023-06-01", "", HttpStatusCode.OK)]
    [InlineData("Authorization", "Bearer " + FakeBackendServer.DefaultKey, "2026-10-21", "", HttpStatusCode.OK)]
    [InlineData("x-api-key", "wrong", "2023-06-01", "", HttpStatusCode.Unauthorized)]
    [InlineData("x-api-key", FakeBackendServer.DefaultKey, "2024-01-01", "", HttpStatusCode.BadRequest)]
    [InlineData("x-api-key", FakeBackendServer.DefaultKey, "2023-06-01", ",\"temperature\":0.5", HttpStatusCode.OK)]
    [InlineData("x-api-key", FakeBackendServer.DefaultKey, "2026-10-21", ",\"temperature\":0.5", HttpStatusCode.BadRequest)]
    public async Task Messages_want_a_key_and_a_version_and_what_the_version_knows(string header, string key, string version, string more, HttpStatusCode expected)
    {
        await using var fake = await FakeBackendServer.StartAsync();
        using var http = new HttpClient { BaseAddress = fake.Address, DefaultRequestHeaders = { { header, key }, { "anthropic-version", version } } };

        using var response = await http.PostAsync("/v1/messages", new StringContent(Message + more + "}"));

        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task Completions_are_streamed_and_chat_messages_are_refused_there()
    {
        await using var fake = await FakeBackendServer.StartAsync(script: new() { Tokens = ["once", " more"] });

        var (_, body) = await AskAsync(fake, "/v1/completions", """{"model":"m","prompt":"Say","stream":true,"max_tokens":4}""");
        var (refused, _) = await AskAsync(fake, "/v1/completions", """{"model":"m","messages":[],"stream":true,"max_tokens":4}""");

        Assert.Equal("once more", string.Concat(Chat.Events(body).Where(data => data.StartsWith('{'))
            .Select(data => JsonDocument.Parse(data).RootElement.GetProperty("choices")[0].GetProperty("text").GetString())));
        Assert.Equal("[DONE]", Chat.Events(body)[^1]);
        Assert.Equal(HttpStatusCode.BadRequest, refused);
    }

    [Fact]
    public async Task Embeddings_depend_on_the_text_alone_in_either_format()
    {
        await using var fake = await FakeBackendServer.StartAsync();

        var (_, plain) = await AskAsync(fake, "/v1/embeddings", """{"model":"m","input":["tea","cat"]}""");
        var (_, packed) = await AskAsync(fake, "/v1/embeddings", """{"model":"m","input":"cat","encoding_format":"base64"}""");
        var (empty, _) = await AskAsync(fake, "/v1/embeddings", """{"model":"m","input":[]}""");

        var vectors = JsonDocument.Parse(plain).RootElement.GetProperty("data").EnumerateArray()
            .Select(item => item.GetProperty("embedding").EnumerateArray().Select(value => value.GetSingle()).ToArray()).ToArray();
        var bytes = JsonDocument.Parse(packed).RootElement.GetProperty("data")[0].GetProperty("embedding").GetBytesFromBase64();
        Assert.NotEqual(vectors[0], vectors[1]);
        Assert.Equal(vectors[1], Enumerable.Range(0, bytes.Length / 4).Select(i => BitConverter.ToSingle(bytes, i * 4)));
        Assert.Equal(HttpStatusCode.BadRequest, empty);
    }

    [Theory]
    [InlineData(FakeMetrics.Vllm, "vllm:num_requests_running{engine=\"0\",model_name=\"fake-model\"} 3.0", "vllm:kv_cache_usage_perc{engine=\"0\",model_name=\"fake-model\"} 0.25")]
    [InlineData(FakeMetrics.LlamaCpp, "llamacpp:requests_processing 3", "llamacpp:requests_deferred 2")]
    public async Task Metrics_have_the_engines_names_and_reads_are_counted(string engine, string running, string other)
    {
        await using var fake = await FakeBackendServer.StartAsync();
        fake.Metrics = new() { Engine = engine, Running = 3, Waiting = 2, KvCacheUsage = 0.25 };
        using var http = new HttpClient { BaseAddress = fake.Address, DefaultRequestHeaders = { { "Authorization", $"Bearer {FakeBackendServer.DefaultKey}" } } };

        var lines = (await http.GetStringAsync("/metrics")).Split('\n');

        Assert.Contains(running, lines);
        Assert.Contains(other, lines);
        Assert.Equal(1, fake.Scrapes);
    }

    [Fact]
    public async Task Responses_are_what_the_script_says_and_chat_fields_are_refused_there()
    {
        await using var fake = await FakeBackendServer.StartAsync(script: new()
        {
            RawEvents = ["event: response.created\ndata: {\"type\":\"response.created\"}"],
            RawBody = """{"object":"response"}""",
        });

        var (_, stream) = await AskAsync(fake, "/v1/responses", """{"model":"m","input":"Hi","stream":true}""");
        var (_, whole) = await AskAsync(fake, "/v1/responses", """{"model":"m","input":"Hi"}""");
        var (refused, _) = await AskAsync(fake, "/v1/responses", """{"model":"m","input":"Hi","max_tokens":4}""");

        Assert.Equal("event: response.created\ndata: {\"type\":\"response.created\"}\n\n", stream);
        Assert.Equal("""{"object":"response"}""", whole);
        Assert.Equal(HttpStatusCode.BadRequest, refused);
    }

    [Fact]
    public async Task A_plain_server_asks_for_no_key_and_answers_unstreamed()
    {
        await using var fake = await FakeBackendServer.StartAsync(key: null);
        fake.TakesUnbounded = true;
        fake.Models = ["one", "two"];
        using var http = new HttpClient { BaseAddress = fake.Address };

        using var response = await http.PostAsync("/v1/chat/completions", new StringContent(Chat.Whole));
        var models = JsonDocument.Parse(await http.GetStringAsync("/v1/models")).RootElement.GetProperty("data");

        var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal("Hello from the fake.", answer.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        Assert.Equal(["one", "two"], models.EnumerateArray().Select(model => model.GetProperty("id").GetString()));
    }

    private static async Task<(HttpStatusCode Status, string Body)> AskAsync(FakeBackendServer fake, string path, string body, bool anthropic = false)
    {
        using var http = new HttpClient { BaseAddress = fake.Address };
        if (anthropic)
        {
            http.DefaultRequestHeaders.Add("x-api-key", fake.Key);
            http.DefaultRequestHeaders.Add("anthropic-version", "2023-06-01");
        }
        else
        {
            http.DefaultRequestHeaders.Authorization = new("Bearer", fake.Key);
        }

        using var response = await http.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"));
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
