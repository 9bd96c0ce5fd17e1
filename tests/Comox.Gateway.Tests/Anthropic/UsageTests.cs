using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using Comox.Gateway.Forwarding;

namespace Comox.Gateway.Tests.Anthropic;

/// <summary>The golden counts: the same streamed and whole, and never a sum of two reports of the same tokens.</summary>
public sealed class UsageTests
{
    [Theory]
    // message_start usage, message_delta usage → prompt, cached, written to the cache, completion, thinking
    [InlineData("""{"input_tokens":25,"output_tokens":1}""", """{"output_tokens":15}""", 25, 0, 0, 15, 0)]
    [InlineData("""{"input_tokens":25,"output_tokens":1}""", """{"input_tokens":25,"output_tokens":15}""", 25, 0, 0, 15, 0)]
    [InlineData("""{"input_tokens":10,"cache_creation_input_tokens":20,"cache_read_input_tokens":70,"output_tokens":1}""", """{"output_tokens":5}""", 100, 70, 20, 5, 0)]
    [InlineData("""{"input_tokens":10,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":1}""",
        """{"input_tokens":12,"cache_creation_input_tokens":20,"cache_read_input_tokens":70,"output_tokens":5,"output_tokens_details":{"thinking_tokens":3}}""", 102, 70, 20, 5, 3)]
    [InlineData("""{"input_tokens":10,"cache_creation_input_tokens":null,"cache_read_input_tokens":7,"output_tokens":1}""", """{"cache_read_input_tokens":null,"output_tokens":5}""", 17, 7, 0, 5, 0)]
    [InlineData("""{"input_tokens":10,"output_tokens":4,"cache_creation":{"ephemeral_5m_input_tokens":9}}""", "{}", 10, 0, 0, 4, 0)]
    public void Anthropics_counts_are_the_same_for_every_client_streamed_and_whole(string first, string last, int prompt, int cached, int written, int completion, int thinking)
    {
        string[] events =
        [
            $$$"""{"type":"message_start","message":{"id":"msg_1","model":"m","usage":{{{first}}}}}""",
            """{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}""",
            $$$"""{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{{{last}}}}""",
            """{"type":"message_stop"}""",
        ];
        var chunks = Wire.Chunks(Wire.Engine(), events)[..^1];

        var chat = JsonNode.Parse(chunks[^1])!;
        Assert.Empty(chat["choices"]!.AsArray());
        Assert.Equal((prompt, completion, prompt + completion, cached), Chat(chat["usage"]!));
        Assert.Equal(written, (int?)chat["usage"]!["prompt_tokens_details"]!["cache_creation_tokens"] ?? 0);
        Assert.Equal(thinking, (int?)chat["usage"]!["completion_tokens_details"]?["reasoning_tokens"] ?? 0);

        var fold = new CompletionFold();
        chunks.ForEach(chunk => fold.Add(Encoding.UTF8.GetBytes(chunk)));
        Wire.Same(chat["usage"]!.ToJsonString(), JsonNode.Parse(fold.ToUtf8Json())!["usage"]!.ToJsonString());

        foreach (var usage in new[] { MessageFold.Of(Wire.Stream(chunks))["usage"]!, JsonNode.Parse(Wire.Whole(chunks))!["usage"]! })
            Assert.Equal((prompt - cached - written, written, cached, completion, thinking), Messages(usage));
    }

    [Theory]
    [InlineData("""{"prompt_tokens":100,"completion_tokens":7,"total_tokens":107}""", 100, 0, 7)]
    [InlineData("""{"prompt_tokens":100,"completion_tokens":7,"prompt_tokens_details":{"cached_tokens":64,"audio_tokens":0}}""", 36, 64, 7)]
    [InlineData("""{"prompt_tokens":100,"completion_tokens":7,"prompt_tokens_details":null}""", 100, 0, 7)]
    [InlineData("""{"prompt_tokens":10,"completion_tokens":7,"prompt_tokens_details":{"cached_tokens":64}}""", 0, 64, 7)]
    public void An_engines_counts_are_split_into_read_and_cached(string usage, int input, int cached, int output)
    {
        string[] chunks = [Wire.Chunk("""{"content":"Hi"}""", "\"stop\""), Wire.UsageChunk(usage)];
        foreach (var counted in new[] { MessageFold.Of(Wire.Stream(chunks))["usage"]!, JsonNode.Parse(Wire.Whole(chunks))!["usage"]! })
            Assert.Equal((input, 0, cached, output, 0), Messages(counted));
    }

    [Fact]
    public void A_count_that_comes_with_every_chunk_is_replaced_and_not_added()
    {
        string[] chunks =
        [
            Wire.Chunk("""{"content":"A"}""")[..^1] + ""","usage":{"prompt_tokens":9,"completion_tokens":1}}""", Wire.Chunk("""{"content":"B"}""")[..^1] + ""","usage":{"prompt_tokens":9,"completion_tokens":2}}""",
            Wire.Chunk("{}", "\"stop\"")[..^1] + ""","usage":null}""",
        ];
        Assert.Equal((9, 0, 0, 2, 0), Messages(MessageFold.Of(Wire.Stream(chunks))["usage"]!));
    }

    [Theory]
    [InlineData(",\"stream_options\":{\"include_usage\":true}", true)]
    [InlineData(",\"stream_options\":{\"include_usage\":false}", false)]
    [InlineData("", false)]
    public void A_client_that_did_not_ask_for_usage_gets_no_chunk_without_a_choice_and_the_gateway_its_count(string options, bool apart)
    {
        var engine = Wire.Engine();
        Assert.Null(engine.WriteRequest(Encoding.UTF8.GetBytes($$"""{"model":"m","stream":true{{options}},"messages":[{"role":"user","content":"Hi"}]}"""), new ArrayBufferWriter<byte>()));
        var chunks = Wire.Chunks(
            engine,
            """{"type":"message_start","message":{"id":"msg_1","model":"m","usage":{"input_tokens":3,"output_tokens":1}}}""",
            """{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5}}""",
            """{"type":"message_stop"}""");

        Assert.Equal(apart ? 4 : 3, chunks.Count);
        var counted = ChunkScan.Read(Encoding.UTF8.GetBytes(chunks[^2]), null);
        Assert.Equal((3, 5), (counted.PromptTokens, counted.CompletionTokens));
        Assert.Equal(apart ? 0 : 1, JsonNode.Parse(chunks[^2])!["choices"]!.AsArray().Count);
    }

    private static (int Prompt, int Completion, int Total, int Cached) Chat(JsonNode usage) =>
        ((int)usage["prompt_tokens"]!, (int)usage["completion_tokens"]!, (int)usage["total_tokens"]!, (int)usage["prompt_tokens_details"]!["cached_tokens"]!);

    private static (int Input, int Written, int Cached, int Output, int Thinking) Messages(JsonNode usage) => (
        (int)usage["input_tokens"]!, (int)usage["cache_creation_input_tokens"]!, (int)usage["cache_read_input_tokens"]!, (int)usage["output_tokens"]!,
        (int?)usage["output_tokens_details"]?["thinking_tokens"] ?? 0);
}
