using System.Text;
using System.Text.Json.Nodes;
using Comox.Gateway.Forwarding;
using FsCheck;
using FsCheck.Fluent;

namespace Comox.Gateway.Tests.Anthropic;

public sealed class TranslationPropertyTests
{
    private static readonly Config Quick = Config.QuickThrowOnFailure.WithMaxTest(300).WithQuietOnSuccess(true);

    private static readonly Gen<string> Texts =
        Gen.Elements("a", "Hi ", "\n", "\"", "\\", "é", "👋", "{}", "data: x\n\n", "\u0001", "</s>", "[DONE]").NonEmptyListOf().Select(pieces => "t" + string.Concat(pieces));

    private static readonly Gen<string> Inputs = Gen.Elements("""{}""", """{"city":"Comox"}""", """{"n":1.50,"deep":{"list":[null,true,"\u00e9"]}}""", """{"quote":"\"\\\n"}""");

    [Fact]
    public void A_conversation_in_Anthropics_words_goes_to_chat_and_comes_back()
    {
        var turns =
            from count in Gen.Choose(1, 5)
            from texts in Texts.ListOf(4 * count)
            from inputs in Inputs.ListOf(2 * count)
            from calls in Gen.Choose(0, 2).ListOf(count)
            from words in Gen.Choose(1, 2).ListOf(count)
            select Messages(count, texts, inputs, calls, words);
        Prop.ForAll(turns.ToArbitrary(), Texts.ToArbitrary(), (messages, system) =>
        {
            var there = Wire.ToChat($$"""{"model":"m","max_tokens":9,"system":{{Wire.Json(system)}},"messages":{{messages}}}""");
            var back = JsonNode.Parse(Wire.ToMessages(there))!;
            Wire.Same(messages, back["messages"]!.ToJsonString());
            Assert.Equal(system, (string?)back["system"]);
            Assert.Equal(9, (int?)back["max_tokens"]);
        }).Check(Quick);
    }

    [Fact]
    public void A_conversation_in_chats_words_goes_to_Anthropic_and_comes_back()
    {
        var conversations =
            from count in Gen.Choose(1, 5)
            from texts in Texts.ListOf(4 * count)
            from inputs in Inputs.ListOf(2 * count)
            from calls in Gen.Choose(0, 2).ListOf(count)
            select Chat(count, texts, inputs, calls);
        Prop.ForAll(conversations.ToArbitrary(), messages =>
        {
            var there = Wire.ToMessages($$"""{"model":"m","max_tokens":9,"messages":{{messages}}}""");
            Wire.Same(messages, JsonNode.Parse(Wire.ToChat(there))!["messages"]!.ToJsonString());
        }).Check(Quick);
    }

    [Fact]
    public void However_a_chat_answer_is_cut_into_chunks_the_message_is_the_same_and_so_is_the_whole()
    {
        Prop.ForAll(Replies().ToArbitrary(), Gen.Choose(1, 9).ToArbitrary(), (reply, size) =>
        {
            var uncut = MessageFold.Of(Wire.Stream(reply.Chunks(int.MaxValue))).ToJsonString();
            Wire.Same(uncut, MessageFold.Of(Wire.Stream(reply.Chunks(size))).ToJsonString());
            Wire.Same(uncut, Wire.Whole(reply.Chunks(size)));
            Assert.Equal(reply.Text, string.Concat(JsonNode.Parse(uncut)!["content"]!.AsArray().Select(block => (string?)block!["text"])));
        }).Check(Quick);
    }

    [Fact]
    public void However_Anthropics_answer_is_cut_into_deltas_the_completion_is_the_same()
    {
        Prop.ForAll(Replies().ToArbitrary(), Gen.Choose(1, 9).ToArbitrary(), (reply, size) =>
        {
            var uncut = Completion(reply.Events(int.MaxValue));
            Wire.Same(uncut, Completion(reply.Events(size)));
            var message = JsonNode.Parse(uncut)!["choices"]![0]!["message"]!;
            Assert.Equal(reply.Thinking, (string?)message["reasoning_content"] ?? "");
            Assert.Equal(reply.Text, (string?)message["content"] ?? "");
            Assert.Equal(reply.Inputs, (message["tool_calls"]?.AsArray() ?? []).Select(call => (string)call!["function"]!["arguments"]!));
        }).Check(Quick);
    }

    [Fact]
    public void Whatever_a_backend_sends_is_chunks_or_an_error_and_never_an_exception()
    {
        // Heads, bodies and ends of real events, joined at random: broken JSON, odd types in every place, halves of characters.
        string[] heads =
        [
            "{\"type\":\"message_start\",\"message\":", "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":", "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":",
            "{\"type\":\"message_delta\",\"delta\":", "{\"type\":\"content_block_stop\",\"index\":", "{\"type\":\"error\",\"error\":", "{\"type\":\"message_stop\",\"x\":",
        ];
        string[] bodies =
        [
            "{\"type\":\"text_delta\",\"text\":\"\\ud83d\"}", "{\"type\":\"tool_use\",\"id\":7,\"name\":null,\"input\":[1]}", "{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"f\",\"input\":{}}",
            "{\"\\ud83d\":1,\"type\":\"input_json_delta\",\"partial_json\":\"\"}", "{\"type\":\"thinking\",\"thinking\":\"a\",\"signature\":\"s\"}", "{\"type\":\"redacted_thinking\",\"data\":\"d\"}",
            "{\"stop_reason\":\"end_turn\",\"stop_sequence\":7}", "{\"id\":{},\"model\":[],\"usage\":{\"input_tokens\":1e99}}", "null", "0", "[[]]", "\"x\"",
        ];
        string[] ends = ["}", "}", "}", "}", "}", ",\"usage\":{\"output_tokens\":\"5\"}}", ",\"usage\":7}", "", "}}"];
        var events = (
            from head in Gen.Elements(heads)
            from body in Gen.Elements(bodies)
            from end in Gen.Elements(ends)
            select head + body + end).ListOf();
        Prop.ForAll(events.ToArbitrary(), sent =>
        {
            var chunks = Wire.Chunks(Wire.Engine(), sent);
            Assert.All(chunks.Where(chunk => chunk != "[DONE]"), chunk => Assert.True(ChunkScan.Read(Encoding.UTF8.GetBytes(chunk), null).IsValid, chunk));
            Assert.True(chunks.FindIndex(chunk => chunk == "[DONE]" || chunk.Contains("\"error\"", StringComparison.Ordinal)) is var last && (last < 0 || last == chunks.Count - 1));

            // And what it becomes, a client of /v1/messages can read. (The fold here cannot read half a character.)
            MessageFold.Of(Wire.Stream(chunks.Where(chunk => chunk.Contains("\"choices\"", StringComparison.Ordinal)).Select(chunk => chunk.Replace("\\ud83d", "x", StringComparison.Ordinal))));
        }).Check(Quick);
    }

    private static Gen<Reply> Replies() =>
        from thinking in Gen.OneOf(Texts, Gen.Constant(""))
        from text in Gen.OneOf(Texts, Gen.Constant(""))
        from inputs in Inputs.ListOf()
        select new Reply(thinking, text, [.. inputs.Take(4)]);

    private static string Messages(int count, IReadOnlyList<string> texts, IReadOnlyList<string> inputs, IReadOnlyList<int> calls, IReadOnlyList<int> words)
    {
        var turns = new List<string>();
        var results = "";
        for (var turn = 0; turn < count; turn++)
        {
            var said = string.Join(',', Enumerable.Range(0, words[turn]).Select(word => Block(texts[4 * turn + word])));
            turns.Add($$"""{"role":"user","content":[{{results}}{{said}}]}""");
            var uses = string.Concat(Enumerable.Range(0, calls[turn]).Select(call => $$""",{"type":"tool_use","id":"t{{turn}}_{{call}}","name":"f","input":{{inputs[2 * turn + call]}}}"""));
            turns.Add($$"""{"role":"assistant","content":[{{Block(texts[4 * turn + 2])}}{{uses}}]}""");
            results = string.Concat(Enumerable.Range(0, calls[turn]).Select(
                call => $$"""{"type":"tool_result","tool_use_id":"t{{turn}}_{{call}}","content":[{{Block(texts[4 * turn + 3])}}],"is_error":true},"""));
        }

        return $"[{string.Join(',', turns)}]";
    }

    private static string Chat(int count, IReadOnlyList<string> texts, IReadOnlyList<string> inputs, IReadOnlyList<int> calls)
    {
        var messages = new List<string> { $$"""{"role":"system","content":{{Wire.Json(texts[0])}}}""" };
        for (var turn = 0; turn < count; turn++)
        {
            messages.Add($$"""{"role":"user","content":{{Wire.Json(texts[4 * turn + 1])}}}""");
            var uses = Enumerable.Range(0, calls[turn]).Select(
                call => $$$"""{"id":"t{{{turn}}}_{{{call}}}","type":"function","function":{"name":"f","arguments":{{{Wire.Json(inputs[2 * turn + call])}}}}}""").ToList();
            messages.Add(uses.Count == 0
                ? $$"""{"role":"assistant","content":{{Wire.Json(texts[4 * turn + 2])}}}"""
                : $$"""{"role":"assistant","content":null,"tool_calls":[{{string.Join(',', uses)}}]}""");
            messages.AddRange(Enumerable.Range(0, calls[turn]).Select(
                call => $$"""{"role":"tool","tool_call_id":"t{{turn}}_{{call}}","content":{{Wire.Json(texts[4 * turn + 3])}}}"""));
        }

        return $"[{string.Join(',', messages)}]";
    }

    private static string Block(string text) => $$"""{"type":"text","text":{{Wire.Json(text)}}}""";

    private static string Completion(IEnumerable<string> events)
    {
        var fold = new CompletionFold();
        var chunks = Wire.Chunks(Wire.Engine(), events);
        Assert.Equal("[DONE]", chunks[^1]);
        chunks[..^1].ForEach(chunk => fold.Add(Encoding.UTF8.GetBytes(chunk)));
        return Encoding.UTF8.GetString(fold.ToUtf8Json());
    }

    /// <summary>One answer, said in either API in pieces of a given size.</summary>
    private sealed record Reply(string Thinking, string Text, IReadOnlyList<string> Inputs)
    {
        public IEnumerable<string> Chunks(int size)
        {
            yield return Wire.Chunk("""{"role":"assistant","content":""}""");
            foreach (var piece in Cut(Thinking, size))
                yield return Wire.Chunk($$"""{"reasoning_content":{{Wire.Json(piece)}}}""");
            foreach (var piece in Cut(Text, size))
                yield return Wire.Chunk($$"""{"content":{{Wire.Json(piece)}}}""");
            for (var call = 0; call < Inputs.Count; call++)
            {
                yield return Wire.Chunk($$$"""{"tool_calls":[{"index":{{{call}}},"id":"c{{{call}}}","type":"function","function":{"name":"f","arguments":""}}]}""");
                foreach (var piece in Cut(Inputs[call], size))
                    yield return Wire.Chunk($$$"""{"tool_calls":[{"index":{{{call}}},"function":{"arguments":{{{Wire.Json(piece)}}}}}]}""");
            }

            yield return Wire.Chunk("{}", Inputs.Count > 0 ? "\"tool_calls\"" : "\"stop\"");
            yield return Wire.UsageChunk("""{"prompt_tokens":5,"completion_tokens":3}""");
        }

        public IEnumerable<string> Events(int size)
        {
            yield return """{"type":"message_start","message":{"id":"msg_1","model":"m","usage":{"input_tokens":5,"output_tokens":1}}}""";
            yield return """{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}""";
            foreach (var piece in Cut(Thinking, size))
                yield return Delta(0, "thinking_delta", "thinking", piece);
            yield return Delta(0, "signature_delta", "signature", "s1");
            yield return """{"type":"content_block_stop","index":0}""";
            yield return """{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}""";
            foreach (var piece in Cut(Text, size))
                yield return Delta(1, "text_delta", "text", piece);
            yield return """{"type":"content_block_stop","index":1}""";
            for (var call = 0; call < Inputs.Count; call++)
            {
                yield return $$$$"""{"type":"content_block_start","index":{{{{call + 2}}}},"content_block":{"type":"tool_use","id":"c{{{{call}}}}","name":"f","input":{}}}""";
                foreach (var piece in Cut(Inputs[call], size))
                    yield return Delta(call + 2, "input_json_delta", "partial_json", piece);
                yield return $$"""{"type":"content_block_stop","index":{{call + 2}}}""";
            }

            yield return $$$"""{"type":"message_delta","delta":{"stop_reason":"{{{(Inputs.Count > 0 ? "tool_use" : "end_turn")}}}","stop_sequence":null},"usage":{"output_tokens":3}}""";
            yield return """{"type":"message_stop"}""";
        }

        private static string Delta(int index, string type, string field, string text) =>
            $$$"""{"type":"content_block_delta","index":{{{index}}},"delta":{"type":"{{{type}}}","{{{field}}}":{{{Wire.Json(text)}}}}}""";

        // Between characters: half of one is no text that can be compared.
        private static IEnumerable<string> Cut(string text, int size)
        {
            for (var start = 0; start < text.Length;)
            {
                var end = (int)Math.Min((long)start + size, text.Length);
                if (end < text.Length && char.IsLowSurrogate(text[end]))
                    end++;
                yield return text[start..end];
                start = end;
            }
        }
    }
}
