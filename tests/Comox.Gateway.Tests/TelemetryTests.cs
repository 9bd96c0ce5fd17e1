using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Comox.FakeBackend;
using Comox.Gateway.Backends;
using Comox.Gateway.Diagnostics;
using Comox.Gateway.Forwarding;
using Comox.Gateway.LoadBalancing;
using Comox.Gateway.OpenAI;
using Comox.Gateway.Routing;
using Comox.Gateway.Tests.Pains;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Gateway.Tests;

public sealed class TelemetryTests
{
    private const string Usage =
        """data: {"id":"chatcmpl-7","model":"engine-name","choices":[],"usage":{"prompt_tokens":53,"completion_tokens":8,"prompt_tokens_details":{"cached_tokens":52},"completion_tokens_details":{"reasoning_tokens":3}}}""";

    internal static readonly FakeScript WithUsage = new()
    {
        RawEvents =
        [
            """data: {"id":"chatcmpl-7","model":"engine-name","choices":[{"index":0,"delta":{"role":"assistant"},"finish_reason":null}]}""",
            .. Enumerable.Repeat("""data: {"id":"other","model":"other","choices":[{"index":0,"delta":{"content":"Word"},"finish_reason":null}]}""", 3),
            """data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""",
            Usage,
            "data: [DONE]",
        ],
    };

    [Fact]
    public async Task A_chat_is_measured_by_model_and_without_its_words()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        using var measured = new Measured(gateway);

        await (await gateway.SendAsync(Chat.CharacterWhole.Replace("Hi", "a secret of mine"))).Content.ReadAsStringAsync();
        var span = await measured.EndedAsync();

        Assert.Equal(7, Assert.Single(measured.Of("gen_ai.client.inference.usage.input_tokens")).Number);
        Assert.Equal(5, Assert.Single(measured.Of("gen_ai.client.inference.usage.output_tokens")).Number);
        Assert.Single(measured.Of("gen_ai.server.time_to_first_token"));
        Assert.All(measured.Values, measurement => Assert.Contains("fake-model", measurement.Tags));
        Assert.DoesNotContain(measured.Values, measurement => measurement.Tags.Contains("secret") || measurement.Tags.Contains("Hello"));
        Assert.Equal("chat fake-model", span.DisplayName);
        Assert.DoesNotContain(span.TagObjects, tag => $"{tag.Value}".Contains("secret") || $"{tag.Value}".Contains("Hello") || tag.Key.Contains("messages"));
    }

    [Fact]
    public async Task Every_value_has_the_new_name_and_the_old_one()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(WithUsage, settings: ("Telemetry:EachChunk", "true"));
        using var measured = new Measured(gateway);

        await (await gateway.SendAsync(Chat.Streamed)).Content.ReadAsStringAsync();
        await measured.EndedAsync();

        foreach (var name in (string[])["duration", "time_to_first_chunk", "time_per_output_chunk"])
            Assert.Equal(measured.Of($"gen_ai.client.inference.{name}").Select(value => value.Number), measured.Of($"gen_ai.client.operation.{name}").Select(value => value.Number));
        Assert.Equal(3, measured.Of("gen_ai.client.inference.time_per_output_chunk").Count()); // Three words and an end: three pauses.
        Assert.Equal(
            [("gen_ai.client.inference.usage.cache_read.input_tokens", 52), ("gen_ai.client.inference.usage.input_tokens", 53),
                ("gen_ai.client.inference.usage.output_tokens", 8), ("gen_ai.client.inference.usage.reasoning.output_tokens", 3)],
            measured.Values.Where(value => value.Instrument.Contains(".usage.") && value.Instrument.Contains("inference")).Select(value => (value.Instrument, value.Number)).Order());
        Assert.Equal([8, 53], measured.Of("gen_ai.client.token.usage").Select(value => value.Number).Order());
        Assert.Contains("[gen_ai.token.type, input]", measured.Of("gen_ai.client.token.usage").Single(value => value.Number == 53).Tags);
        Assert.Equal(53, Assert.Single(measured.Of("gen_ai.client.inference.operation.input_tokens")).Number);
        Assert.Equal(8, Assert.Single(measured.Of("gen_ai.client.inference.operation.output_tokens")).Number);
        Assert.Single(measured.Of("gen_ai.server.time_per_output_token"));
    }

    [Fact]
    public async Task Times_of_chunks_are_those_of_streams_alone()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(WithUsage);
        using var measured = new Measured(gateway);

        await (await gateway.SendAsync(Chat.Whole)).Content.ReadAsStringAsync();
        await measured.EndedAsync();

        Assert.DoesNotContain(measured.Values, value => value.Instrument.EndsWith("chunk", StringComparison.Ordinal));
        Assert.Single(measured.Of("gen_ai.server.time_to_first_token"));
    }

    [Theory]
    [InlineData(200, 2)]
    [InlineData(500, 1)]
    public async Task Of_an_answer_that_goes_on_elsewhere_each_attempt_measures_the_first_token_it_brought(int secondStatus, int times)
    {
        await using var routed = await RoutedGateway.StartAsync(
            null, [(":MaxAttempts", "2")], new At("a") { Script = new() { DropAfter = 3 } }, new At("b") { Script = new() { FailWithStatus = secondStatus == 200 ? null : secondStatus } });
        using var measured = new Measured(routed.Gateway);

        await routed.EventsAsync(RoutedGateway.Body(true));
        await Eventually.IsTrueAsync(() => measured.Of("comox.gateway.request.duration").Any(), "the chat is measured");

        Assert.Equal(2, measured.Spans.Count);
        string[] names = ["gen_ai.server.time_to_first_token", "gen_ai.client.inference.time_to_first_chunk", "gen_ai.client.operation.time_to_first_chunk"];
        Assert.All(names, name => Assert.Equal(times, measured.Of(name).Count(value => value.Number > 0)));
        Assert.All(names, name => Assert.Equal(times, measured.Of(name).Count()));
        Assert.Equal(times, measured.Spans.Count(span => span.GetTagItem("gen_ai.response.time_to_first_chunk") is > 0.0));
        Assert.DoesNotContain(measured.Spans, span => span.GetTagItem("gen_ai.response.time_to_first_chunk") is <= 0.0);
        Assert.Empty(measured.Of("gen_ai.server.time_per_output_token"));
    }

    [Fact]
    public async Task Of_an_answer_that_comes_whole_nobody_has_seen_the_first_token()
    {
        await using var routed = await RoutedGateway.StartAsync(new At("a"));
        using var measured = new Measured(routed.Gateway);

        using var response = await routed.SendAsync(RoutedGateway.Body(false));
        await response.Content.ReadAsStringAsync();
        await measured.EndedAsync();

        Assert.Empty(measured.Of("gen_ai.server.time_to_first_token"));
        Assert.Empty(measured.Of("gen_ai.server.time_per_output_token"));
        Assert.Single(measured.Of("gen_ai.client.inference.duration"));
        Assert.Equal(5, Assert.Single(measured.Of("gen_ai.client.inference.usage.output_tokens")).Number);
    }

    [Fact]
    public async Task A_span_says_what_was_asked_and_what_came_of_it()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(WithUsage);
        using var measured = new Measured(gateway);

        await (await gateway.SendAsync(Chat.Streamed[..^1] + ""","max_tokens":99}""")).Content.ReadAsStringAsync();
        var span = await measured.EndedAsync();

        Assert.Equal(ActivityKind.Client, span.Kind);
        var tags = span.TagObjects.ToDictionary();
        Assert.Equal(("chat", "fake-model", "engine-name", "chatcmpl-7"), (tags["gen_ai.operation.name"], tags["gen_ai.request.model"], tags["gen_ai.response.model"], tags["gen_ai.response.id"]));
        Assert.Equal(tags["gen_ai.provider.name"], tags["gen_ai.system"]);
        Assert.Equal((99, true), (tags["gen_ai.request.max_tokens"], tags["gen_ai.request.stream"]));
        Assert.Equal((53, 8, 52, 3), (tags["gen_ai.usage.input_tokens"], tags["gen_ai.usage.output_tokens"], tags["gen_ai.usage.cache_read.input_tokens"], tags["gen_ai.usage.reasoning.output_tokens"]));
        Assert.Equal(["stop"], (string[])tags["gen_ai.response.finish_reasons"]!);
        Assert.Equal((gateway.Node.Address.Host, gateway.Node.Address.Port), (tags["server.address"], tags["server.port"]));
        Assert.True(tags["gen_ai.response.time_to_first_chunk"] is > 0.0);
        Assert.DoesNotContain("error.type", tags.Keys);
    }

    [Fact]
    public async Task A_stream_that_is_cut_ends_with_error_in_span_and_metrics()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(new() { DropAfter = 3 });
        using var measured = new Measured(gateway);

        await (await gateway.SendAsync(Chat.Streamed)).Content.ReadAsStringAsync();
        var span = await measured.EndedAsync();

        Assert.Equal(ActivityStatusCode.Error, span.Status);
        Assert.Equal(["error"], (string[])span.GetTagItem("gen_ai.response.finish_reasons")!);
        Assert.Contains($"[error.type, {span.GetTagItem("error.type")}]", Assert.Single(measured.Of("gen_ai.client.inference.duration")).Tags);
        Assert.Contains("[comox.place, EngineStream]", Assert.Single(measured.Of("comox.gateway.requests")).Tags);
    }

    [Fact]
    public async Task A_client_that_leaves_is_no_error_of_ours()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(new() { HangAfter = 3 });
        using var measured = new Measured(gateway);
        using var leave = new CancellationTokenSource();

        using var response = await gateway.SendAsync(Chat.Streamed, cancellation: leave.Token);
        await (await response.Content.ReadAsStreamAsync()).ReadExactlyAsync(new byte[1]);
        await leave.CancelAsync();
        response.Dispose();
        var span = await measured.EndedAsync();

        Assert.Equal(ActivityStatusCode.Unset, span.Status);
        Assert.Equal("cancelled", span.GetTagItem("error.type"));
        Assert.Contains("[comox.outcome, cancelled]", Assert.Single(measured.Of("comox.gateway.requests")).Tags);
    }

    [Fact]
    public async Task A_name_that_a_client_made_up_is_no_label()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        using var measured = new Measured(gateway);

        await gateway.SendAsync(Chat.Whole.Replace("fake-model", "my-secret-model"));
        await Eventually.IsTrueAsync(() => measured.Of("comox.gateway.request.duration").Any(), "the refusal is counted");

        Assert.Contains("[gen_ai.request.model, none] [comox.outcome, model_not_found] [comox.place, Request]", Assert.Single(measured.Of("comox.gateway.requests")).Tags);
        Assert.DoesNotContain(measured.Values, value => value.Tags.Contains("my-secret-model"));
    }

    [Fact]
    public async Task Nobody_is_being_answered_when_all_is_over()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(new() { HoldAfter = 2 });
        using var measured = new Measured(gateway);

        using var response = await gateway.SendAsync(Chat.Streamed);
        Assert.Equal(1, measured.Of("comox.gateway.active_requests").Sum(value => value.Number));
        gateway.Node.Release();
        await response.Content.ReadAsStringAsync();
        await measured.EndedAsync();

        Assert.Equal(0, measured.Of("comox.gateway.active_requests").Sum(value => value.Number));
    }

    [Fact]
    public async Task Content_is_captured_only_where_the_operator_wants_it()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(settings: ("Telemetry:CaptureContent", "true"));
        using var measured = new Measured(gateway);

        await (await gateway.SendAsync(
            """{"model":"fake-model","messages":[{"role":"system","content":"Be \"nice\""},{"role":"user","content":[{"type":"text","text":"Hi"},{"type":"image_url","image_url":{"url":"data:x"}}]},{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"look","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c1","content":"seen"}]}"""))
            .Content.ReadAsStringAsync();
        var span = await measured.EndedAsync();

        Same(
            """[{"role":"system","parts":[{"type":"text","content":"Be \"nice\""}]},{"role":"user","parts":[{"type":"text","content":"Hi"},{"type":"image_url"}]},{"role":"assistant","parts":[{"type":"tool_call","id":"c1","name":"look","arguments":"{}"}]},{"role":"tool","parts":[{"type":"tool_call_response","id":"c1","response":"seen"}]}]""",
            span.GetTagItem("gen_ai.input.messages"));
        Same("""[{"role":"assistant","parts":[{"type":"text","content":"Hello from the fake."}],"finish_reason":"stop"}]""", span.GetTagItem("gen_ai.output.messages"));
        Assert.DoesNotContain(measured.Values, value => value.Tags.Contains("Hello"));

        static void Same(string expected, object? actual) =>
            Assert.True(JsonElement.DeepEquals(JsonDocument.Parse(expected).RootElement, JsonDocument.Parse((string)actual!).RootElement), (string)actual!);
    }

    [Theory]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"role":"user","content":"Hi"}]}""")]
    [InlineData("/v1/completions", """{"model":"m","prompt":"Hi"}""")]
    public async Task An_answer_that_is_passed_through_whole_is_captured_as_a_stream_is(string path, string body)
    {
        await using var routed = await RoutedGateway.StartAsync(null, [("Telemetry:CaptureContent", "true")], new At("a", BackendKinds.OpenAI));
        using var measured = new Measured(routed.Gateway);

        using var response = await routed.SendAsync(body, path);
        await response.Content.ReadAsStringAsync();
        var span = await measured.EndedAsync();

        Assert.Equal("""[{"role":"assistant","parts":[{"type":"text","content":"Hello from the fake."}],"finish_reason":"stop"}]""", span.GetTagItem("gen_ai.output.messages"));
    }

    [Fact]
    public void Of_a_whole_answer_the_message_is_read_and_not_the_other_choices()
    {
        using var reply = new ReplyText();
        var scan = ChunkScan.Read(
            """{"choices":[{"index":1,"message":{"role":"assistant","content":"No"},"finish_reason":"stop"},{"index":0,"message":{"role":"assistant","content":"Y\u00e9s","tool_calls":[{"id":"c1"}]},"finish_reason":"length"}]}"""u8, reply);

        Assert.Equal(("Yés", "length", 2), (reply.ToString(), scan.FinishReason, scan.Finished));
        Assert.True(scan.HasText && scan.HasToolCall && !scan.HasReasoning);
    }

    [Fact]
    public async Task What_is_captured_of_a_character_is_the_prompt_its_engine_was_sent_and_the_reply_is_still_recorded()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(settings: ("Telemetry:CaptureContent", "true"));
        using var measured = new Measured(gateway);

        await (await gateway.SendAsync(Chat.CharacterStreamed)).Content.ReadAsStringAsync();
        var span = await measured.EndedAsync();

        var sent = gateway.Node.Requests.Single().Json.GetProperty("messages").EnumerateArray().Select(message => message.GetProperty("content").GetString());
        var captured = JsonDocument.Parse((string)span.GetTagItem("gen_ai.input.messages")!).RootElement.EnumerateArray().Select(message => message.GetProperty("parts")[0].GetProperty("content").GetString());
        Assert.Equal(sent, captured);
        await Eventually.IsTrueAsync(() => !gateway.Memory.Replies.IsEmpty, "memory has the reply");
    }

    [Fact]
    public async Task Measuring_a_token_allocates_nothing()
    {
        // A listener is there in every gateway: the store behind /metrics.
        await using var gateway = await GatewayUnderTest.StartAsync();
        var pool = gateway.Service.Services.GetRequiredService<Fleet>().Current.Pools.Single();
        Assert.Null(ChatRequestReader.Read(Encoding.UTF8.GetBytes(Chat.Streamed), out var request));
        var exchange = new Exchange(new DefaultHttpContext(), request!, "req_1", TimeProvider.System, CancellationToken.None)
        {
            Route = new ModelRoute(pool.Model, pool.Details.Profile, null),
        };
        using var attempt = gateway.Service.Services.GetRequiredService<BackendChooser>().TryBegin(exchange, pool, panic: false)!;
        exchange.Attempt = attempt;
        using var chat = gateway.Service.Services.GetRequiredService<GatewayTelemetry>().Start(exchange);
        for (var i = 1; i < 2_000; i++)
            exchange.Reply.TokenAt(i);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 2_000; i < 12_000; i++)
            exchange.Reply.TokenAt(i);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void The_number_of_a_labels_values_has_an_end()
    {
        var values = new LabelValues(2);

        Assert.Equal(["a", "b", "other", "a", "other"], ((string[])["a", "b", "c", "a", "d"]).Select(values.Bound));
    }
}
