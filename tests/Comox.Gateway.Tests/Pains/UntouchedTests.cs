using System.Text.Json;
using Comox.FakeBackend;
using Comox.Gateway.Backends;
using Comox.Gateway.LoadBalancing;

namespace Comox.Gateway.Tests.Pains;

/// <summary>Pains 4, 10 and 15, and what must travel as it is: usage that differs by way, secrets that cross to another provider, scrapes that wake an engine, bodies that are rewritten.</summary>
public sealed class UntouchedTests
{
    [Theory]
    [InlineData(BackendKinds.VLlm, true)]
    [InlineData(BackendKinds.VLlm, false)]
    [InlineData(BackendKinds.OpenAI, true)]
    [InlineData(BackendKinds.OpenAI, false)]
    public async Task A_body_differs_in_nothing_but_the_name_of_the_model(string kind, bool stream)
    {
        await using var routed = await RoutedGateway.StartAsync(new At("a", kind) { Model = "theirs" });
        var body = """{ "x_new":{"a":[1, 2.0,1e3]},"n":1,"model" : "m","messages":[{"role":"user","content":"\u0048i \/"}], "logprobs":true,"tools":[{"type":"function","function":{"name":"f"}}],"stream":"""
            + (stream ? "true" : "false") + ""","stream_options":{"include_usage":true} }""";

        using var response = await routed.SendAsync(body);
        await response.Content.ReadAsStringAsync();

        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal(body.Replace("\"m\"", "\"theirs\"", StringComparison.Ordinal), routed.Servers[0].Requests.Single().Body);
    }

    [Fact]
    public async Task An_embedding_travels_byte_for_byte_both_ways_whatever_it_holds()
    {
        const string Answer = """ { "object" : "list","x_new":{"a":[1, 2.0,1e3]},"data":[{"object":"embedding","index":0,"embedding":"AAAAAAAAgD8AAABA\/w=="}],"model":"theirs","usage":{"prompt_tokens":3,"total_tokens":3,"x":null}}""" + "\n";
        await using var routed = await RoutedGateway.StartAsync(new At("a", BackendKinds.OpenAI) { Model = "theirs", Script = new() { RawBody = Answer } });
        const string Body = """{ "x_new":{"a":[1, 2.0,1e3]},"dimensions":3 , "model" : "m","encoding_format":"base64","input":["\u0048i \/", "two"],"user":"u"}""";

        using var response = await routed.SendAsync(Body, "/v1/embeddings");

        Assert.Equal((200, "application/json"), ((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        Assert.Equal(Answer, await response.Content.ReadAsStringAsync());
        Assert.Equal(Body.Replace("\"m\"", "\"theirs\"", StringComparison.Ordinal), routed.Servers[0].Requests.Single().Body);
    }

    [Fact]
    public async Task No_key_and_no_header_of_the_client_and_no_key_of_another_backend_goes_anywhere()
    {
        await using var routed = await RoutedGateway.StartAsync(
            new At("a", BackendKinds.OpenAI) { Script = FakeFaults.Unauthorized }, new At("b", BackendKinds.Anthropic) { Script = FakeFaults.Unauthorized }, new At("c"));

        using var response = await routed.SendAsync(
            RoutedGateway.Body(true), headers: [("Cookie", "secret-cookie"), ("X-Api-Key", "secret-key"), ("OpenAI-Organization", "secret-org"), ("X-Anything", "secret-thing"), ("Proxy-Authorization", "secret-proxy")]);

        Assert.Equal(200, (int)response.StatusCode);
        foreach (var (server, name) in routed.Servers.Zip((string[])["a", "b", "c"]))
        {
            var all = string.Join('\n', server.Requests.Single().Headers.Select(header => $"{header.Key}: {header.Value}"));
            Assert.Contains(RoutedGateway.KeyOf(name), all);
            Assert.DoesNotContain("secret", all, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(TestService.AdminKey, all);
            Assert.Equal(1, all.Split("key-of-").Length - 1);
        }
    }

    [Theory]
    [InlineData(BackendKinds.VLlm)]
    [InlineData(BackendKinds.OpenAI)]
    [InlineData(BackendKinds.LlamaCpp)]
    [InlineData(BackendKinds.Anthropic)]
    public async Task Usage_is_the_same_by_either_way_and_hidden_from_who_did_not_ask(string kind)
    {
        await using var routed = await RoutedGateway.StartAsync(new At("a", kind));

        using var whole = await routed.SendAsync(RoutedGateway.Body(false));
        var told = (await whole.JsonAsync()).GetProperty("usage");
        var asked = await routed.EventsAsync(RoutedGateway.Body(true, ""","stream_options":{"include_usage":true}"""));
        var silent = await routed.EventsAsync(RoutedGateway.Body(true));

        var streamed = JsonDocument.Parse(Assert.Single(asked, data => data.Contains("\"completion_tokens\"", StringComparison.Ordinal))).RootElement.GetProperty("usage");
        Assert.Equal((7, 5), (told.GetProperty("prompt_tokens").GetInt32(), told.GetProperty("completion_tokens").GetInt32()));
        Assert.Equal((7, 5), (streamed.GetProperty("prompt_tokens").GetInt32(), streamed.GetProperty("completion_tokens").GetInt32()));
        Assert.DoesNotContain(silent, data => data.Contains("\"completion_tokens\"", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(BackendKinds.VLlm)]
    [InlineData(BackendKinds.LlamaCpp)]
    public async Task A_completion_is_a_completion_streamed_or_not(string kind)
    {
        await using var routed = await RoutedGateway.StartAsync(new At("a", kind));

        using var whole = await routed.SendAsync("""{"model":"m","prompt":"Say"}""", "/v1/completions");
        using var streamed = await routed.SendAsync("""{"model":"m","prompt":"Say","stream":true}""", "/v1/completions");

        var json = await whole.JsonAsync();
        Assert.Equal(("text_completion", "Hello from the fake."), (json.GetProperty("object").GetString(), json.GetProperty("choices")[0].GetProperty("text").GetString()));
        Assert.Equal("stop", json.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.EndsWith("data: [DONE]\n\n", await streamed.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_characters_whole_reply_is_recorded_whatever_answers()
    {
        await using var routed = await RoutedGateway.StartAsync(null, [("DefaultModel", "m")], new At("a", BackendKinds.OpenAI));

        using var response = await routed.SendAsync(Chat.CharacterWhole);

        Assert.Equal("Hello from the fake.", (await response.JsonAsync()).GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        var (_, _, reply) = await routed.Gateway.Memory.NextReplyAsync();
        Assert.Equal(("Hello from the fake.", "stop"), (reply.Content, reply.FinishReason));
    }

    [Fact]
    public async Task A_scrape_of_the_gateway_touches_no_backend_and_models_are_those_of_the_settings_too()
    {
        await using var routed = await RoutedGateway.StartAsync(new At("a"));

        using var models = await routed.Gateway.Http.GetAsync("/v1/models");
        using var metrics = await routed.Gateway.Http.GetAsync("/metrics");

        Assert.Equal((200, 200), ((int)models.StatusCode, (int)metrics.StatusCode));
        Assert.Contains("\"m\"", await models.Content.ReadAsStringAsync());
        Assert.Equal((0, 0), (routed.Servers[0].Scrapes, routed.Servers[0].Requests.Count));
    }

    [Fact]
    public async Task Every_policy_can_be_named_in_the_settings()
    {
        foreach (var policy in LoadBalancingPolicies.Names)
        {
            await using var routed = await RoutedGateway.StartAsync(null, [(":LoadBalancing:Policy", policy)], new At("a") { Pool = "p" }, new At("b") { Pool = "p" });

            using var response = await routed.SendAsync(RoutedGateway.Body(true), headers: ("X-Comox-Route-Trace", "1"));

            Assert.Contains($"policy={policy}", response.Headers.GetValues("X-Comox-Route-Trace").Single());
        }
    }

    [Fact]
    public async Task Weights_are_shares()
    {
        await using var routed = await RoutedGateway.StartAsync(null, [(":LoadBalancing:Policy", "round-robin")], new At("a") { Pool = "p", Weight = 3 }, new At("b") { Pool = "p" });

        for (var i = 0; i < 16; i++)
            await routed.EventsAsync(RoutedGateway.Body(true));

        Assert.Equal([12, 4], routed.Servers.Select(server => server.Requests.Count));
    }
}
