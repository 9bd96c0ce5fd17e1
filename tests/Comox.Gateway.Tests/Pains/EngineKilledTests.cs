using System.Text.Json;
using Comox.FakeBackend;
using Comox.Gateway.Backends;
using Comox.Gateway.CircuitBreaking;

namespace Comox.Gateway.Tests.Pains;

/// <summary>Pain 3: an engine dies, and nobody takes over, or somebody repeats, loses or changes words.</summary>
public sealed class EngineKilledTests
{
    private static readonly string[] Words = ["Hel", "lo \"", "\u00c4\U0001F600", "\\ from", " the\n", "end."];
    private static readonly string Text = string.Concat(Words);

    // The role is event 0, then the words, then the finish.
    public static TheoryData<int, bool, bool> Kills()
    {
        var kills = new TheoryData<int, bool, bool>();
        foreach (var at in (int[])[0, 1, 2, 4, 6, 7])
        {
            foreach (var reset in (bool[])[false, true])
            {
                kills.Add(at, reset, true);
                kills.Add(at, reset, false);
            }
        }

        return kills;
    }

    [Theory]
    [MemberData(nameof(Kills))]
    public async Task Another_engine_says_the_rest_and_nothing_twice(int after, bool reset, bool sockets)
    {
        await using var routed = await RoutedGateway.StartAsync(null, RelayOf(sockets), Dies(after, reset), Lives());
        using var measured = new Measured(routed.Gateway);

        var events = await routed.EventsAsync(RoutedGateway.Body(true, ""","stream_options":{"include_usage":true}"""));

        Assert.Equal(Text, Chat.TextOf(events));
        Assert.Equal("[DONE]", events[^1]);
        var chunks = events.SkipLast(1).Select(data => JsonDocument.Parse(data).RootElement).ToList();
        Assert.Single(chunks.Select(chunk => chunk.GetProperty("id").GetString()).Distinct());
        Assert.Single(chunks, chunk => chunk.GetProperty("choices") is var choices && choices.GetArrayLength() > 0 && choices[0].GetProperty("delta").TryGetProperty("role", out _));
        Assert.Equal(2, routed.Servers.Sum(server => server.Requests.Count));
        var continues = routed.Servers[1].Requests.Single().Json.TryGetProperty("continue_final_message", out _);
        Assert.Equal(after > 1, continues);
        Assert.Equal(Words.Length, Assert.Single(chunks, chunk => chunk.TryGetProperty("usage", out _)).GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        await Eventually.IsTrueAsync(() => measured.Of("comox.gateway.request.duration").Any(), "the chat is measured");
        Assert.Equal(Words.Length, measured.Of("gen_ai.client.inference.usage.output_tokens").Sum(value => value.Number));
        await routed.IsIdleAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task After_the_finish_reason_nobody_else_is_asked(bool reset)
    {
        await using var routed = await RoutedGateway.StartAsync(Dies(Words.Length + 2, reset), Lives());

        var events = await routed.EventsAsync(RoutedGateway.Body(true));

        Assert.Equal((Text, "[DONE]"), (Chat.TextOf(events), events[^1]));
        Assert.Empty(routed.Servers[1].Requests);
    }

    [Theory]
    [InlineData(0, BackendKinds.LlamaCpp)]
    [InlineData(3, BackendKinds.LlamaCpp)]
    [InlineData(7, BackendKinds.LlamaCpp)]
    [InlineData(-1, BackendKinds.VLlm)]
    [InlineData(-1, BackendKinds.OpenAI)]
    public async Task An_answer_that_is_not_streamed_begins_anew(int after, string kind)
    {
        var dying = after < 0 ? FakeFaults.Reset : FakeFaults.KilledAfter(after) with { Tokens = ["half", " of", " something", " else", " x", " y"] };
        await using var routed = await RoutedGateway.StartAsync(new At("a", kind) { Script = dying }, new At("b", kind) { Script = new() { Tokens = Words } });

        using var response = await routed.SendAsync(RoutedGateway.Body(false));

        Assert.Equal(200, (int)response.StatusCode);
        var json = await response.JsonAsync();
        Assert.Equal(Text, json.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        Assert.Equal(Words.Length, json.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        Assert.False(routed.Servers[1].Requests.Single().Json.TryGetProperty("continue_final_message", out _));
    }

    [Theory]
    [InlineData(""","n":2""")]
    [InlineData(""","response_format":{"type":"json_object"}""")]
    [InlineData(""","guided_regex":"a+" """)]
    public async Task What_is_more_than_its_words_is_not_continued(string more)
    {
        await using var routed = await RoutedGateway.StartAsync(Dies(3, false), Lives());

        await EndsWithOneErrorAsync(routed, RoutedGateway.Body(true, more), "Hello \"");
        Assert.Empty(routed.Servers[1].Requests);
    }

    [Theory]
    [InlineData("""{"reasoning_content":"Hm."}""")]
    [InlineData("""{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":""}}]}""")]
    public async Task Thoughts_and_calls_are_not_continued(string delta)
    {
        var script = new FakeScript { RawEvents = [Chunk("""{"content":"Hel"}"""), Chunk(delta)] };
        await using var routed = await RoutedGateway.StartAsync(new At("a") { Script = script }, Lives());

        await EndsWithOneErrorAsync(routed, RoutedGateway.Body(true), "Hel");
        Assert.Empty(routed.Servers[1].Requests);
    }

    [Fact]
    public async Task With_one_engine_left_a_killed_stream_ends_with_one_error_and_no_done()
    {
        await using var routed = await RoutedGateway.StartAsync(Dies(3, true));

        await EndsWithOneErrorAsync(routed, RoutedGateway.Body(true), "Hello \"");
    }

    [Fact]
    public async Task A_route_may_turn_continuation_off()
    {
        await using var routed = await RoutedGateway.StartAsync(null, [(":Continue", "false")], Dies(3, false), Lives());

        await EndsWithOneErrorAsync(routed, RoutedGateway.Body(true), "Hello \"");
        Assert.Empty(routed.Servers[1].Requests);
    }

    [Fact]
    public async Task Who_cannot_continue_may_still_be_continued_and_is_passed_over()
    {
        await using var routed = await RoutedGateway.StartAsync(Dies(3, false) with { Kind = BackendKinds.OpenAI }, new At("b", BackendKinds.OpenAI), Lives("c"));

        var events = await routed.EventsAsync(RoutedGateway.Body(true));

        Assert.Equal((Text, "[DONE]"), (Chat.TextOf(events), events[^1]));
        Assert.Empty(routed.Servers[1].Requests);
    }

    [Fact]
    public async Task An_answer_may_be_continued_twice()
    {
        await using var routed = await RoutedGateway.StartAsync(Dies(3, false), Dies(2, true) with { Name = "b" }, Lives("c"));

        var events = await routed.EventsAsync(RoutedGateway.Body(true, ""","stream_options":{"include_usage":true},"max_tokens":40"""));

        Assert.Equal((Text, "[DONE]"), (Chat.TextOf(events), events[^1]));
        Assert.Equal([40, 38, 37], routed.Servers.Select(server => server.Requests.Single().Json.GetProperty("max_tokens").GetInt32()));
    }

    [Fact]
    public async Task A_role_beside_the_first_word_of_the_rest_is_not_said_again()
    {
        var rest = new FakeScript { Tokens = Words, RawEvents = [Chunk("""{"role":"assistant","content":"!"}"""), """data: {"id":"x","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""", "data: [DONE]"] };
        await using var routed = await RoutedGateway.StartAsync(Dies(2, false), new At("b") { Script = rest });

        var events = await routed.EventsAsync(RoutedGateway.Body(true));

        Assert.Equal("Hel!", Chat.TextOf(events));
        Assert.Single(events, data => data.Contains("\"role\"", StringComparison.Ordinal));
        Assert.DoesNotContain(events, data => data.Contains("\"x\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_error_of_the_engine_in_the_middle_is_continued_as_a_death_is()
    {
        await using var routed = await RoutedGateway.StartAsync(new At("a") { Script = new() { Tokens = Words, ErrorAfter = 4 } }, Lives());

        var events = await routed.EventsAsync(RoutedGateway.Body(true));

        Assert.Equal((Text, "[DONE]"), (Chat.TextOf(events), events[^1]));
        Assert.DoesNotContain(events, data => data.Contains("\"error\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_engine_that_always_dies_in_the_middle_opens_its_circuit()
    {
        await using var routed = await RoutedGateway.StartAsync(Dies(3, false));

        for (var i = 0; i < 5; i++)
            await EndsWithOneErrorAsync(routed, RoutedGateway.Body(true), "Hello \"");

        Assert.Equal(CircuitState.Open, routed.Backends.Single().Circuit.State);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_characters_reply_is_recorded_once_and_memory_is_asked_once(bool stream)
    {
        await using var routed = await RoutedGateway.StartAsync(null, [("DefaultModel", "m")], Dies(3, false) with { Kind = BackendKinds.OpenAI }, Lives());

        using var response = await routed.SendAsync(stream ? Chat.CharacterStreamed : Chat.CharacterWhole);
        var said = await response.Content.ReadAsStringAsync();

        Assert.Contains("end.", said);
        Assert.Single(routed.Gateway.Memory.Prompts);
        var (_, _, reply) = await routed.Gateway.Memory.NextReplyAsync();
        Assert.Equal((Text, "stop"), (reply.Content, reply.FinishReason));
    }

    private static (string, string)[] RelayOf(bool sockets) => [("Relay:Mode", sockets ? "auto" : "portable")];

    private static At Dies(int after, bool reset) => new("a") { Script = FakeFaults.KilledAfter(after, reset) with { Tokens = Words } };

    private static At Lives(string name = "b") => new(name) { Script = new() { Tokens = Words } };

    private static string Chunk(string delta) => $$"""data: {"id":"x","choices":[{"index":0,"delta":{{delta}},"finish_reason":null}]}""";

    private static async Task EndsWithOneErrorAsync(RoutedGateway routed, string body, string said)
    {
        var events = await routed.EventsAsync(body);
        Assert.Equal(said, Chat.TextOf(events));
        Assert.Single(events, data => data.StartsWith("{\"error\"", StringComparison.Ordinal));
        Assert.StartsWith("{\"error\"", events[^1], StringComparison.Ordinal);
    }
}
