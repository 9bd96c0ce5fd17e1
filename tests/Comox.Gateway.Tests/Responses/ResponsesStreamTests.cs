using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using static Comox.Gateway.Tests.Responses.ResponseStream;

namespace Comox.Gateway.Tests.Responses;

public sealed class ResponsesStreamTests
{
    private static readonly string[] Texts = ["", "a", "Grüß 👋", "\"quoted\"\\", "line\nbreak\r\n", "</script>", "\u2028", "{\"a\":1}", "plain words and more of them", "\0\u001f"];

    private static readonly Gen<Answer> Answers =
        from reasoning in Gen.Elements(Texts)
        from text in Gen.Elements(Texts)
        from refusal in Gen.Elements(Texts)
        from calls in Gen.Elements(Texts).ListOf().Where(calls => calls.Count < 4)
        from finish in Gen.Elements("stop", "tool_calls", "length", "content_filter")
        select new Answer(reasoning, text, refusal, [.. calls], finish);

    [Fact]
    public void However_an_answer_is_cut_into_chunks_it_is_the_same_response_and_the_same_as_unstreamed() => ForAll((answer, seed) =>
    {
        var once = Of(answer.Chunks(new Random(0), most: int.MaxValue));
        var chunks = answer.Chunks(new Random(seed), most: 3);

        ResponsesDialectTests.AssertSame(once.Response, Of(chunks).Response);
        ResponsesDialectTests.AssertSame(once.Response, Whole(chunks));
    });

    [Fact]
    public void Sequence_numbers_count_up_from_zero() => ForAll((answer, seed) =>
        Assert.All(Of(answer.Chunks(new Random(seed), most: 3)).Events.Index(), item => Assert.Equal(item.Index, item.Item.GetProperty("sequence_number").GetInt32())));

    [Fact]
    public void What_the_deltas_say_is_what_is_said_when_done() => ForAll((answer, seed) =>
    {
        var stream = Of(answer.Chunks(new Random(seed), most: 3));
        foreach (var (kind, field) in ((string, string)[])[("output_text", "text"), ("refusal", "refusal"), ("reasoning_text", "text"), ("function_call_arguments", "arguments")])
        {
            var deltas = stream.Of($"response.{kind}.delta").ToLookup(data => PlaceOf(data), data => data.GetProperty("delta").GetString());
            foreach (var done in stream.Of($"response.{kind}.done"))
                Assert.Equal(string.Concat(deltas[PlaceOf(done)]), done.GetProperty(field).GetString());
        }

        var text = string.Concat(stream.Of("response.output_text.delta").Select(data => data.GetProperty("delta").GetString()));
        Assert.Equal(answer.Text, text);
    });

    [Fact]
    public void Every_item_and_every_part_is_opened_before_it_grows_and_closed_once() => ForAll((answer, seed) =>
    {
        var (open, closed) = (new HashSet<string>(), new HashSet<string>());
        var stream = Of(answer.Chunks(new Random(seed), most: 3));
        foreach (var data in stream.Events)
        {
            var type = data.GetProperty("type").GetString()!;
            switch (type.Split('.'))
            {
                case [_, "output_item" or "content_part", "added"]:
                    Assert.True(open.Add(PlaceOf(data)));
                    break;
                case [_, "output_item" or "content_part", "done"]:
                    Assert.True(open.Remove(PlaceOf(data)) && closed.Add(PlaceOf(data)));
                    break;
                case [_, _, "delta" or "done"]:
                    Assert.Contains(PlaceOf(data), open);
                    break;
            }
        }

        Assert.Empty(open);
        Assert.Equal(
            stream.Of("response.output_item.done").OrderBy(data => data.GetProperty("output_index").GetInt32()).Select(data => data.GetProperty("item").GetRawText()),
            stream.Response.GetProperty("output").EnumerateArray().Select(item => item.GetRawText()));
    });

    private static string PlaceOf(JsonElement data) =>
        $"{data.GetProperty("output_index")}/{(data.TryGetProperty("content_index", out var part) ? part.GetRawText() : "")}";

    private static void ForAll(Action<Answer, int> check) => Prop.ForAll(Answers.ToArbitrary(), Gen.Choose(0, int.MaxValue).ToArbitrary(), (answer, seed) =>
    {
        check(answer, seed);
        return true;
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(300).WithQuietOnSuccess(true));

    /// <summary>What a model says, in the order in which models say it.</summary>
    private sealed record Answer(string Reasoning, string Text, string Refusal, string[] Calls, string Finish)
    {
        public string[] Chunks(Random random, int most)
        {
            List<string> chunks = ["""{"choices":[{"index":0,"delta":{"role":"assistant","content":null},"finish_reason":null}]}"""];
            foreach (var piece in Pieces(Reasoning, random, most))
                chunks.Add(Delta($$"""{"reasoning_content":{{Json(piece, random)}}}"""));
            foreach (var piece in Pieces(Text, random, most))
                chunks.Add(Delta($$"""{"content":{{Json(piece, random)}}}"""));
            foreach (var piece in Pieces(Refusal, random, most))
                chunks.Add(Delta($$"""{"refusal":{{Json(piece, random)}}}"""));
            AddCalls(chunks, random, most);
            chunks.Add(Delta("{}", Finish));
            chunks.Add("""{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}""");
            return [.. chunks];
        }

        // Announced in order, then filled in any order: the fragments of parallel calls may alternate.
        private void AddCalls(List<string> chunks, Random random, int most)
        {
            for (var i = 0; i < Calls.Length; i++)
                chunks.Add(Delta($$$"""{"tool_calls":[{"index":{{{i}}},"id":"call_{{{i}}}","type":"function","function":{"name":"f{{{i}}}","arguments":""}}]}"""));
            var waiting = Calls.Select(arguments => new Queue<string>(Pieces(arguments, random, most))).Index().ToList();
            while (waiting.Where(call => call.Item.Count > 0).ToArray() is { Length: > 0 } left)
            {
                var (index, pieces) = left[random.Next(left.Length)];
                chunks.Add(Delta($$"""{"tool_calls":[{"function":{"arguments":{{Json(pieces.Dequeue(), random)}} },"index":{{index}}}]}"""));
            }
        }

        private static IEnumerable<string> Pieces(string text, Random random, int most)
        {
            for (var at = 0; at < text.Length;)
            {
                var length = Math.Min(most == int.MaxValue ? most : random.Next(1, most + 1), text.Length - at);
                if (at + length < text.Length && char.IsLowSurrogate(text[at + length]))
                    length++;
                yield return text.Substring(at, length);
                at += length;
            }
        }

        // The same text in other escapes is the same text.
        private static string Json(string text, Random random) => random.Next(2) == 0
            ? JsonSerializer.Serialize(text)
            : JsonSerializer.Serialize(text, new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }
}
