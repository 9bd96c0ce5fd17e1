using System.Net;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.Tests;

public sealed class RequestTests
{
    private const string Messages = """[{"role":"user","content":"Hi"}]""";

    [Theory]
    [InlineData("", "invalid_json", null)]
    [InlineData("[]", "invalid_json", null)]
    [InlineData("""{"model":"fake-model",}""", "invalid_json", null)]
    [InlineData("""{"model":"fake-model","messages":[{"role":"user","content":"Hi"}]} x""", "invalid_json", null)]
    [InlineData("""{"model":"half \ud83d","messages":[{"role":"user","content":"Hi"}]}""", "invalid_json", null)]
    [InlineData("""{"messages":[{"role":"user","content":"Hi"}]}""", "invalid_request", "model")]
    [InlineData("""{"model":"","messages":[{"role":"user","content":"Hi"}]}""", "invalid_request", "model")]
    [InlineData("""{"model":7,"messages":[{"role":"user","content":"Hi"}]}""", "invalid_request", "model")]
    [InlineData("""{"model":"fake-model"}""", "invalid_request", "messages")]
    [InlineData("""{"model":"fake-model","messages":[]}""", "invalid_request", "messages")]
    [InlineData("""{"model":"fake-model","messages":"Hi"}""", "invalid_request", "messages")]
    [InlineData("""{"model":"fake-model","messages":["Hi"]}""", "invalid_request", "messages[0]")]
    [InlineData("""{"model":"fake-model","messages":[{}],"stream":"yes"}""", "invalid_request", "stream")]
    [InlineData("""{"model":"fake-model","messages":[{}],"max_tokens":0}""", "invalid_request", "max_tokens")]
    [InlineData("""{"model":"fake-model","messages":[{}],"max_tokens":-1}""", "invalid_request", "max_tokens")]
    [InlineData("""{"model":"fake-model","messages":[{}],"n":1000}""", "invalid_request", "n")]
    [InlineData("""{"model":"fake-model","messages":[{}],"stream_options":true}""", "invalid_request", "stream_options")]
    public async Task A_malformed_request_is_refused_with_the_field_named(string body, string code, string? param)
    {
        await using var gateway = await GatewayUnderTest.StartAsync(ready: false);

        using var response = await gateway.SendAsync(body);

        var error = (await response.JsonAsync()).GetProperty("error");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(code, error.GetProperty("code").GetString());
        Assert.Equal(param, error.GetProperty("param").GetString());
        Assert.Equal("comox", error.GetProperty("source").GetString());
    }

    [Fact]
    public async Task Malformed_json_is_refused_with_its_position()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(ready: false);

        var error = await (await gateway.SendAsync("{\n  \"model\": \"fake-model\",\n  \"messages\": [}\n}")).ErrorAsync();

        Assert.Equal((400, ErrorCodes.InvalidJson), (error.Status, error.Code));
        Assert.Contains("line 3, byte 16", error.Message);
    }

    [Fact]
    public async Task Bytes_that_are_not_utf8_are_refused()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(ready: false);
        byte[] body = [.. """{"model":"fake-model","messages":[{"content":"""u8, (byte)'"', 0xC3, 0x28, .. "\"}]}"u8];

        using var response = await gateway.Http.PostAsync("/v1/chat/completions", new ByteArrayContent(body));

        Assert.Equal((400, ErrorCodes.InvalidJson), await response.ErrorAsync() is var (status, code, _) ? (status, code) : default);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_over_the_limit_is_refused_whether_or_not_its_length_is_announced(bool announced)
    {
        await using var gateway = await GatewayUnderTest.StartAsync(ready: false, settings: ("MaxRequestBytes", "2048"));
        var content = new StringContent($$"""{"model":"fake-model","messages":{{Messages}},"x":"{{new string('x', 4096)}}"}""");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = content };
        request.Headers.TransferEncodingChunked = !announced;

        using var response = await gateway.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

        var (status, code, message) = await response.ErrorAsync();
        Assert.Equal((413, ErrorCodes.RequestTooLarge), (status, code));
        Assert.Contains("Comox:Gateway:MaxRequestBytes", message);
    }

    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/v1/messages")]
    [InlineData("/v1/responses")]
    public async Task A_compressed_body_is_told_so_and_not_that_it_is_no_JSON(string path)
    {
        await using var gateway = await GatewayUnderTest.StartAsync(ready: false);
        var content = new ByteArrayContent([0x1F, 0x8B, 0x08, 0x00]);
        content.Headers.ContentEncoding.Add("gzip");

        using var response = await gateway.Http.PostAsync(path, content);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
        Assert.Matches("Content-Encoding .*gzip", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_large_body_below_the_limit_reaches_the_engine_whole()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        var padding = new string('x', 3_000_000);

        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = new StringContent($$"""{"model":"fake-model","messages":{{Messages}},"x":"{{padding}}"}"""),
        };
        request.Headers.TransferEncodingChunked = true;
        using var response = await gateway.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(padding, gateway.Node.Requests.Single().Json.GetProperty("x").GetString());
    }

    [Fact]
    public async Task An_unknown_model_is_refused_with_the_models_there_are()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();

        using var response = await gateway.SendAsync($$"""{"model":"gpt-9","messages":{{Messages}}}""");

        var (status, code, message) = await response.ErrorAsync();
        Assert.Equal((404, ErrorCodes.ModelNotFound), (status, code));
        Assert.Contains("'gpt-9'", message);
        Assert.Contains("fake-model", message);
    }

    [Theory]
    [InlineData("GET", "/v1/embedings", 404, "not_found", null)]
    [InlineData("POST", "/v1/embedings", 404, "not_found", null)]
    [InlineData("GET", "/v1", 404, "not_found", null)]
    [InlineData("GET", "/v1/chat/completions", 405, "method_not_allowed", "POST")]
    [InlineData("POST", "/v1/models", 405, "method_not_allowed", "GET")]
    [InlineData("DELETE", "/v1/models/fake-model", 405, "method_not_allowed", "GET")]
    public async Task Under_v1_an_unknown_path_or_method_is_answered_in_openais_shape(string method, string path, int status, string code, string? allow)
    {
        await using var gateway = await GatewayUnderTest.StartAsync(ready: false);

        using var response = await gateway.Http.SendAsync(new HttpRequestMessage(new HttpMethod(method), path), HttpCompletionOption.ResponseHeadersRead);

        var error = await response.ErrorAsync();
        Assert.Equal((status, code), (error.Status, error.Code));
        Assert.Equal(allow, response.Content.Headers.Allow.SingleOrDefault());
    }

    [Fact]
    public async Task Outside_v1_the_gateway_answers_nothing()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(ready: false);

        using var response = await gateway.Http.GetAsync("/v2/models");

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("", await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("wrong-key")]
    public async Task Without_a_valid_key_nothing_is_served(string? key)
    {
        await using var gateway = await GatewayUnderTest.StartAsync(ready: false);
        using var http = gateway.Service.CreateClient(key);

        foreach (var path in (string[])["/v1/models", "/v1/nothing"])
        {
            using var response = await http.GetAsync(path);
            Assert.Equal((401, ErrorCodes.InvalidApiKey), await response.ErrorAsync() is var (status, code, _) ? (status, code) : default);
        }

        using var chat = await http.PostAsync("/v1/chat/completions", new StringContent(Chat.Whole));
        Assert.Equal(HttpStatusCode.Unauthorized, chat.StatusCode);
    }

    [Fact]
    public async Task The_engine_gets_the_service_key_and_not_the_clients()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();

        using var response = await gateway.SendAsync(Chat.Streamed);

        var request = await gateway.Node.NextRequestAsync();
        Assert.Equal($"Bearer {TestService.ServiceKey}", request.Authorization);
        Assert.Equal("/node/engines/chat/proxy/v1/chat/completions", request.Path);
    }

    [Theory]
    [InlineData("", 4096)]
    [InlineData(""","max_tokens":5""", 5)]
    [InlineData(""","max_completion_tokens":6""", 6)]
    [InlineData(""","max_tokens":5,"max_completion_tokens":6""", 6)]
    [InlineData(""","max_tokens":null""", 4096)]
    public async Task The_engine_always_gets_a_limit(string more, int expected)
    {
        await using var gateway = await GatewayUnderTest.StartAsync();

        using var response = await gateway.SendAsync($$"""{"model":"fake-model","messages":{{Messages}}{{more}}}""");

        Assert.Equal(expected, (await gateway.Node.NextRequestAsync()).Json.GetProperty("max_tokens").GetInt32());
    }

    [Fact]
    public async Task A_streamed_request_with_a_limit_reaches_the_engine_byte_for_byte()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        const string body = """
            { "x" : 1e0 , "model":"fake-model",	"messages" : [{"role":"user","content":"Ünï \u00e9 \/"}],
              "stream":true, "max_tokens":7, "x":{"y":[ ] } , "stream_options":{ }, "logit_bias":{"50256":-100} }
            """;

        using var response = await gateway.SendAsync(body);

        Assert.Equal(body, (await gateway.Node.NextRequestAsync()).Body);
    }
}
