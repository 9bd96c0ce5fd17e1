using System.Text;
using Comox.Gateway.Forwarding;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace Comox.Gateway.Tests;

/// <summary>A token that is recognised by its shape is accounted for exactly as one that is parsed.</summary>
public sealed class KnownShapeTests
{
    private static readonly string[] Events =
    [
        Token("Hello"), Token(" there"), Token(" \\\"quoted\\\""), Token("\\ud83d\\ude00"), Token("größer"), Token(""),
        Token("Hi", finish: "\"stop\""), Token("Hi", id: "chatcmpl-2"), Token("Hi", index: 1),
        """{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}""",
        """{"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":"a","tool_calls":[{"index":0}]},"finish_reason":null}]}""",
        """{"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":"a","reasoning_content":"b"},"finish_reason":null}]}""",
        """{"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null},{"index":1,"delta":{"content":"b"},"finish_reason":null}]}""",
        """{"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":"a","content":"b"},"finish_reason":null}]}""",
        """{"id":"chatcmpl-1","choices":[{"index":0,"text":"old","finish_reason":null}]}""",
        """{"error":{"message":"over"}}""", """{"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]""", "{}",
    ];

    [Property(MaxTest = 500)]
    public Property Reading_by_shape_and_reading_in_full_agree() => Prop.ForAll(
        Gen.Elements(Events).ListOf().ToArbitrary(),
        events =>
        {
            var quick = new ReplyFacts();
            using var progress = new ReplyProgress(quick, 1, TimeProvider.System) { Text = new ReplyText() };
            var full = new ReplyFacts();
            using var text = new ReplyText();
            foreach (var item in events)
            {
                var data = Encoding.UTF8.GetBytes(item);
                var kind = progress.Take(data);
                var said = text.Length;
                var chunk = ChunkScan.Read(data, text, identity: !full.IsIdentified);
                if (chunk.IsValid && !chunk.IsError)
                    full.Add(chunk);
                else
                    text.CutBack(said);
                Assert.Equal(chunk is { IsValid: true, IsError: false, HasToken: true }, kind is EventKind.Token or EventKind.Finishing);
            }

            Assert.Equal(text.ToString(), progress.Text!.ToString());
            Assert.Equal(
                (full.TokenEvents, full.FinishReason, full.PromptTokens, full.HasToolCall, full.HasReasoning),
                (quick.TokenEvents, quick.FinishReason, quick.PromptTokens, quick.HasToolCall, quick.HasReasoning));
        });

    [Theory]
    [InlineData("Hi", true)]
    [InlineData("a longer piece of text, with ümläuts", true)]
    [InlineData("", false)]
    [InlineData("\\n", false)]
    [InlineData("\"},\"finish_reason\":null}]}", false)]
    [InlineData("\n", false)]
    public void Only_an_event_that_differs_in_plain_words_is_of_the_shape(string words, bool matches)
    {
        using var shape = new KnownShape();
        var learned = Encoding.UTF8.GetBytes(Token("Hello"));
        shape.Learn(learned, learned.AsSpan(learned.AsSpan().IndexOf("Hello"u8), 5));

        Assert.Equal(matches, shape.Matches(Encoding.UTF8.GetBytes(Token(words)), out var content));
        Assert.Equal(matches ? words : "", matches ? Encoding.UTF8.GetString(content) : "");
    }

    private static string Token(string text, string finish = "null", string id = "chatcmpl-1", int index = 0) =>
        $$$"""{"id":"{{{id}}}","object":"chat.completion.chunk","choices":[{"index":{{{index}}},"delta":{"content":"{{{text}}}"},"finish_reason":{{{finish}}}}]}""";
}
