using System.Text;
using System.Text.Json;
using Comox.Gateway.Forwarding;

namespace Comox.Gateway.Tests;

public sealed class HalfCharacterTests
{
    [Theory]
    [InlineData("""{"choices":[{"\ud83d":1}]}""")]
    [InlineData("""{"choices":[{"fi\ud83dh_reason":"length"}]}""")]
    [InlineData("""{"usage":{"prompt\ud83d_tokens":1}}""")]
    public void A_key_with_half_a_character_makes_a_chunk_garbage_and_not_an_exception(string data) =>
        Assert.False(ChunkScan.Read(Encoding.UTF8.GetBytes(data), new ReplyText()).IsValid);

    [Theory]
    [InlineData("""{"model":"m\ud83d","choices":[]}""", "m\uFFFD")]
    [InlineData("""{"model":"\ude00\ud83d\ude00","choices":[]}""", "\uFFFD\ud83d\ude00")]
    [InlineData("""{"model":"\\ud83d\ud83d\\","choices":[]}""", "\\ud83d\uFFFD\\")]
    [InlineData("{\"model\":\"m\u00ff\",\"choices\":[]}", "m\uFFFD")]
    [InlineData("""{"\ud83d":1,"model":"m","choices":[{"\ud83d":1,"logpro\ud83d":{},"delta":{"\ud83d":"x"},"logprobs":{"\ud83d":["\ud83d"]}}]}""", "m")]
    public void A_folded_answer_marks_half_characters_in_keys_and_values(string data, string model)
    {
        var fold = new CompletionFold();

        // Latin-1 makes of ÿ the byte FF, which is no UTF-8.
        fold.Add(Encoding.Latin1.GetBytes(data));

        using var answer = JsonDocument.Parse(fold.ToUtf8Json());
        Assert.Equal(model, answer.RootElement.GetProperty("model").GetString());
    }

    [Fact]
    public void What_holds_whole_characters_is_not_copied()
    {
        var data = """{"content":"\ud83d\ude00 \u00e9 \\ud83d"}"""u8.ToArray().AsMemory();
        Assert.True(WholeCharacters.In(data).Equals(data));
    }
}
