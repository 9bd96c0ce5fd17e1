using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Comox.AllInOne.Tests;

[Collection(nameof(OneMachine))]
public sealed class BadInputTests(OneMachine machine)
{
    [Theory]
    [InlineData("{\"model\":\"no-such-model\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", 404, "model_not_found")]
    [InlineData("{\"model\":\"character/nobody\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", 404, "model_not_found")]
    [InlineData("{\"model\":\"character/brine\",\"messages\":[", 400, "invalid_json")]
    [InlineData("", 400, "invalid_json")]
    [InlineData("[]", 400, "invalid_json")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", 400, "invalid_request")]
    [InlineData("{\"model\":\"character/brine\",\"messages\":[]}", 400, "invalid_request")]
    [InlineData("{\"model\":\"character/brine\",\"messages\":\"Hi\"}", 400, "invalid_request")]
    public async Task A_bad_chat_request_is_answered_in_OpenAIs_shape(string body, int status, string code)
    {
        using var client = await machine.Comox.ClientAsync();
        using var response = await client.PostAsync("v1/chat/completions", Json(body));
        await AssertErrorAsync(response, status, code);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("wrong")]
    public async Task Without_the_right_key_nothing_is_served(string? key)
    {
        using var client = await machine.Comox.ClientAsync(key);
        foreach (var path in (string[])["v1/models", "memory/characters", "memory/sessions?subject=admin", "node/status", "node/engines/chat/proxy/props"])
        {
            using var response = await client.GetAsync(path);
            await AssertErrorAsync(response, 401, "invalid_api_key");
        }

        using var chat = await client.PostAsync("v1/chat/completions", Json("{}"));
        await AssertErrorAsync(chat, 401, "invalid_api_key");
    }

    [Fact]
    public async Task A_body_over_the_limit_is_refused_and_the_next_request_works()
    {
        using var client = await machine.Comox.ClientAsync();
        var huge = $"{{\"model\":\"character/brine\",\"messages\":[{{\"role\":\"user\",\"content\":\"{new string('a', 20_000_000)}\"}}]}}";
        using (var response = await client.PostAsync("v1/chat/completions", Json(huge)))
            await AssertErrorAsync(response, 413, "request_too_large");
        Assert.NotEmpty((await client.SayAsync("character/brine", "Hello!", user: "after-huge")).Text);
    }

    [Theory]
    [InlineData("{}", "application/json")]
    [InlineData("not a card", "application/json")]
    [InlineData("not a picture", "image/png")]
    public async Task A_card_that_is_not_a_card_is_refused(string content, string mediaType)
    {
        using var client = await machine.Comox.ClientAsync();
        using var response = await client.PostAsync("memory/characters", new StringContent(content, Encoding.UTF8, new MediaTypeHeaderValue(mediaType)));
        await AssertErrorAsync(response, 400, "invalid_card");
    }

    [Fact]
    public async Task Unknown_addresses_and_methods_under_the_APIs_answer_in_OpenAIs_shape()
    {
        using var client = await machine.Comox.ClientAsync();
        using (var response = await client.GetAsync("v1/no-such-thing"))
            await AssertErrorAsync(response, 404, "not_found");
        using (var response = await client.GetAsync("v1/chat/completions"))
            await AssertErrorAsync(response, 405, "method_not_allowed");
        using (var response = await client.GetAsync("memory/receipts/rcp_none"))
            await AssertErrorAsync(response, 404, "receipt_not_found");
        using (var response = await client.GetAsync("memory/sessions/ses_none"))
            await AssertErrorAsync(response, 404, "session_not_found");
    }

    [Fact]
    public async Task A_session_that_does_not_exist_is_named_as_the_cause()
    {
        using var client = await machine.Comox.ClientAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions")
        {
            Content = Json("{\"model\":\"character/brine\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"),
        };
        request.Headers.Add("X-Comox-Session", "ses_none");
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await AssertErrorAsync(response, 404, "session_not_found");
    }

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    private static async Task AssertErrorAsync(HttpResponseMessage response, int status, string code)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(status == (int)response.StatusCode, $"{(int)response.StatusCode} instead of {status}: {text}");
        using var body = JsonDocument.Parse(text);
        var error = body.RootElement.GetProperty("error");
        Assert.Equal(code, error.GetProperty("code").GetString());
        Assert.NotEmpty(error.GetProperty("message").GetString()!);
        Assert.NotEmpty(error.GetProperty("type").GetString()!);
        Assert.True(error.TryGetProperty("param", out _));
    }
}
