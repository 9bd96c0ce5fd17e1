using System.Net;
using Comox.Gateway.Forwarding;

namespace Comox.Gateway.Tests;

public abstract class StreamingTests(string relay) : BothRelays(relay)
{
    [Fact]
    public async Task A_streamed_answer_arrives_event_by_event_and_byte_for_byte()
    {
        await using var gateway = await StartAsync(new() { Tokens = ["Grüß", " dich", " 👋"], HoldAfter = 2 });

        using var response = await gateway.SendAsync(Chat.Streamed);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var first = await reader.ReadLineAsync() + "\n\n";
        await reader.ReadLineAsync();
        gateway.Node.Release();
        var all = first + await reader.ReadToEndAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("no-cache", response.Headers.CacheControl!.ToString());
        Assert.Equal("no", response.Headers.GetValues("X-Accel-Buffering").Single());
        var events = Chat.Events(all);
        Assert.Equal("Grüß dich 👋", Chat.TextOf(events));
        Assert.Equal("[DONE]", events[^1]);
        Assert.Equal(6, events.Count);
    }

    [Fact]
    public async Task An_answer_that_is_not_streamed_is_folded_into_one_object()
    {
        await using var gateway = await StartAsync();

        using var response = await gateway.SendAsync(Chat.Whole);
        var json = await response.JsonAsync();

        Assert.Equal("chat.completion", json.GetProperty("object").GetString());
        Assert.Equal("Hello from the fake.", json.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        Assert.Equal("stop", json.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.Equal(12, json.GetProperty("usage").GetProperty("total_tokens").GetInt32());
        Assert.True(gateway.Node.Requests.Single().Json.GetProperty("stream").GetBoolean());
    }

    [Fact]
    public async Task A_usage_chunk_is_only_asked_for_when_the_client_did()
    {
        await using var gateway = await StartAsync();

        var without = Chat.Events(await (await gateway.SendAsync(Chat.Streamed)).Content.ReadAsStringAsync());
        var with = Chat.Events(await (await gateway.SendAsync(Chat.Streamed[..^1] + ""","stream_options":{"include_usage":true}}""")).Content.ReadAsStringAsync());

        Assert.DoesNotContain(without, data => data.Contains("\"usage\""));
        Assert.Contains(with, data => data.Contains("\"usage\""));
    }

    [Fact]
    public async Task Many_streams_at_once_lose_no_event_and_reuse_their_connections()
    {
        await using var gateway = await StartAsync(new() { Tokens = [.. Enumerable.Range(0, 50).Select(number => $"{number} ")] });
        var expected = string.Concat(Enumerable.Range(0, 50).Select(number => $"{number} "));

        for (var round = 0; round < 3; round++)
        {
            var texts = await Task.WhenAll(Enumerable.Range(0, 100).Select(async _ =>
            {
                using var response = await gateway.SendAsync(Chat.Streamed);
                return await response.Content.ReadAsStringAsync();
            }));
            Assert.All(texts, text => Assert.Equal(expected, Chat.TextOf(Chat.Events(text))));
            Assert.All(texts, text => Assert.EndsWith("data: [DONE]\n\n", text));
        }

        Assert.InRange(gateway.Node.Connections, 1, 120);
    }
}

public sealed class PortableStreamingTests() : StreamingTests(RelayOptions.Portable);

public sealed class LinuxStreamingTests() : StreamingTests(RelayOptions.Linux);
