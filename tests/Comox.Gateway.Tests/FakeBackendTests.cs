using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Comox.FakeBackend;

namespace Comox.Gateway.Tests;

/// <summary>The fake is held to its word too: a fake that forgives proves nothing.</summary>
public sealed class FakeBackendTests
{
    [Fact]
    public async Task It_runs_as_a_process_of_its_own_and_is_switched_while_it_runs()
    {
        await using var child = ChildProcess.StartDotnet(
            Path.Combine(AppContext.BaseDirectory, "Comox.FakeBackend.dll"),
            ["--urls", "http://127.0.0.1:0", "--key", "child-key", "--Logging:LogLevel:Microsoft.Hosting.Lifetime", "Information"],
            []);
        using var http = new HttpClient { BaseAddress = await child.WaitForAddressAsync() };
        http.DefaultRequestHeaders.Authorization = new("Bearer", "child-key");
        var body = Chat.Streamed[..^1] + ""","max_tokens":5}""";

        var first = Chat.Events(await (await http.PostAsync("/v1/chat/completions", new StringContent(body))).Content.ReadAsStringAsync());
        using var switched = await http.PostAsJsonAsync("/_fake/script", new FakeScript { Tokens = ["Other"] });
        var second = Chat.Events(await (await http.PostAsync("/v1/chat/completions", new StringContent(body))).Content.ReadAsStringAsync());
        var requests = await http.GetFromJsonAsync<JsonElement>("/_fake/requests");

        Assert.Equal(("Hello from the fake.", "Other"), (Chat.TextOf(first), Chat.TextOf(second)));
        Assert.Equal([body, body], requests.EnumerateArray().Select(request => request.GetProperty("body").GetString()));
    }

    [Theory]
    [InlineData("""{"model":"m","messages":[],"stream":false,"max_tokens":1}""", FakeBackendServer.DefaultKey, 400)]
    [InlineData("""{"model":"m","messages":[],"stream":true}""", FakeBackendServer.DefaultKey, 400)]
    [InlineData("""{"model":"m","messages":[],"stream":true,"max_tokens":0}""", FakeBackendServer.DefaultKey, 400)]
    [InlineData("""{"model":"m","messages":[],"stream":true,"max_tokens":1}""", "wrong", 401)]
    public async Task It_refuses_and_remembers_what_breaks_the_rules(string body, string key, int status)
    {
        await using var fake = await FakeBackendServer.StartAsync();
        using var http = new HttpClient { BaseAddress = fake.Address };
        http.DefaultRequestHeaders.Authorization = new("Bearer", key);

        using var response = await http.PostAsync("/v1/chat/completions", new StringContent(body));

        Assert.Equal((HttpStatusCode)status, response.StatusCode);
        Assert.Single(fake.Violations);
        Assert.Empty(fake.Requests);
    }
}
