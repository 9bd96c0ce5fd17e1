using System.Globalization;
using Comox.FakeBackend;
using Comox.Gateway.Forwarding;
using Comox.Gateway.Tests.Sockets;

namespace Comox.Gateway.Tests.Pains;

/// <summary>Pain 4: tokens that are counted twice or not at all: reports with every chunk, cached ones, several choices, streams that their client cuts.</summary>
public abstract class CountedOnceTests(string relay) : BothRelays(relay)
{
    private const string Asks = ""","stream_options":{"include_usage":true,"continuous_usage_stats":true}""";

    // vLLM's continuous_usage_stats: each chunk reports the whole count so far.
    private static readonly FakeScript Reporting = new()
    {
        RawEvents = [.. Enumerable.Range(1, 6).Select(i => Event($$$"""{"index":0,"delta":{"content":"{{{i}}} "},"finish_reason":null}""", i)), Event("""{"index":0,"delta":{},"finish_reason":"stop"}""", 6), Event("", 6), "data: [DONE]"],
    };

    private static readonly FakeScript Silent = new() { Tokens = [.. Enumerable.Range(1, 6).Select(i => $"{i} ")] };

    [Fact]
    public async Task A_count_that_comes_with_every_chunk_is_counted_once()
    {
        await using var gateway = await StartAsync(Reporting);
        using var measured = new Measured(gateway);

        using var response = await gateway.SendAsync(Chat.Streamed[..^1] + Asks + "}");
        var text = await response.Content.ReadAsStringAsync();

        Assert.Equal(string.Concat(Reporting.RawEvents!.Select(item => item + "\n\n")), text);
        await measured.EndedAsync();
        Assert.Equal((1000, 6, 900), (InputOf(measured), OutputOf(measured), CachedOf(measured)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_stream_that_its_client_cuts_is_counted_once_as_far_as_it_came(bool reporting)
    {
        await using var gateway = await StartAsync((reporting ? Reporting : Silent) with { HangAfter = reporting ? 4 : 5 });
        using var measured = new Measured(gateway);
        using var client = await RawClient.ConnectAsync(gateway);

        await client.SendAsync(RawClient.Request(Chat.Streamed[..^1] + Asks + "}"));
        await client.ReadUntilAsync("\"4 \"");
        client.Reset();

        var request = await gateway.Node.NextRequestAsync();
        await request.Aborted.WaitAsync(TimeSpan.FromMinutes(1));
        await measured.EndedAsync();
        Assert.Equal(4, OutputOf(measured));
        if (reporting)
            Assert.Equal((1000, 900), (InputOf(measured), CachedOf(measured)));
        else
            Assert.Empty(measured.Of("gen_ai.client.inference.usage.input_tokens"));
        Assert.Contains("cancelled", Assert.Single(measured.Of("gen_ai.client.inference.duration")).Tags);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Several_choices_are_one_answer_with_one_count_however_they_end(bool stream)
    {
        string[] events =
        [
            Choice(0, """{"role":"assistant","content":"A"}"""), Choice(1, """{"role":"assistant","content":"x"}"""), Choice(0, "{}", "\"stop\""),
            Choice(1, """{"content":"y"}"""), Choice(2, """{"role":"assistant","content":"!"}"""), Choice(1, """{"content":"z"}"""), Choice(2, "{}", "\"length\""), Choice(1, "{}", "\"stop\""),
            """data: {"id":"c-1","object":"chat.completion.chunk","choices":[],"usage":{"prompt_tokens":1000,"completion_tokens":9,"total_tokens":1009,"prompt_tokens_details":{"cached_tokens":900}}}""",
            "data: [DONE]",
        ];
        await using var gateway = await StartAsync(new() { RawEvents = events });
        using var measured = new Measured(gateway);

        using var response = await gateway.SendAsync((stream ? Chat.Streamed[..^1] + ""","stream_options":{"include_usage":true}""" : Chat.Whole[..^1]) + ""","n":3}""");

        if (stream)
        {
            Assert.Equal(string.Concat(events.Select(item => item + "\n\n")), await response.Content.ReadAsStringAsync());
        }
        else
        {
            var answer = await response.JsonAsync();
            Assert.Equal(
                ["0 A stop", "1 xyz stop", "2 ! length"],
                answer.GetProperty("choices").EnumerateArray().Select(choice => string.Create(
                    CultureInfo.InvariantCulture,
                    $"{choice.GetProperty("index").GetInt32()} {choice.GetProperty("message").GetProperty("content").GetString()} {choice.GetProperty("finish_reason").GetString()}")));
            Assert.Equal(1009, answer.GetProperty("usage").GetProperty("total_tokens").GetInt32());
        }

        await measured.EndedAsync();
        Assert.Equal((1000, 9, 900), (InputOf(measured), OutputOf(measured), CachedOf(measured)));
    }

    private static double InputOf(Measured measured) => Assert.Single(measured.Of("gen_ai.client.inference.usage.input_tokens")).Number;

    private static double OutputOf(Measured measured) => Assert.Single(measured.Of("gen_ai.client.inference.usage.output_tokens")).Number;

    private static double CachedOf(Measured measured) => Assert.Single(measured.Of("gen_ai.client.inference.usage.cache_read.input_tokens")).Number;

    private static string Event(string choice, int completion) =>
        $$$$"""data: {"id":"c-1","object":"chat.completion.chunk","choices":[{{{{choice}}}}],"usage":{"prompt_tokens":1000,"completion_tokens":{{{{completion}}}},"total_tokens":{{{{1000 + completion}}}},"prompt_tokens_details":{"cached_tokens":900}}}""";

    private static string Choice(int index, string delta, string finish = "null") =>
        $$$"""data: {"id":"c-1","object":"chat.completion.chunk","choices":[{"index":{{{index}}},"delta":{{{delta}}},"finish_reason":{{{finish}}}}]}""";
}

public sealed class PortableCountedOnceTests() : CountedOnceTests(RelayOptions.Portable);

public sealed class LinuxCountedOnceTests() : CountedOnceTests(RelayOptions.Linux);
