using System.Text;
using System.Text.Json;
using Comox.Gateway.OpenAI;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.Tests;

public sealed class RequestApiTests
{
    [Theory]
    [InlineData("\"Once\"", 1)]
    [InlineData("[\"Once\",\"Twice\"]", 2)]
    [InlineData("[1,2,3]", 1)]
    [InlineData("[[1,2],[3]]", 2)]
    [InlineData("\"\"", 1)]
    public void Completions_and_embeddings_take_text_and_tokens_one_or_many(string value, int texts)
    {
        var completion = Read(RequestApi.Completions, $$"""{"model":"m","prompt":{{value}},"n":3,"best_of":3,"suffix":"x","echo":true}""");
        var embedding = Read(RequestApi.Embeddings, $$"""{"model":"m","input":{{value}},"encoding_format":"base64","dimensions":8}""");

        Assert.Equal((3 * texts, value), (completion.Choices, Encoding.UTF8.GetString(completion.Payload.Span)));
        Assert.Equal((1, value), (embedding.Choices, Encoding.UTF8.GetString(embedding.Payload.Span)));
    }

    [Fact]
    public void A_completion_is_read_for_what_the_gateway_acts_on()
    {
        var request = Read(RequestApi.Completions, """{"model":"m","prompt":"Once","max_tokens":7,"max_completion_tokens":9,"stream":true,"stream_options":{"include_usage":true},"user":"mara","temperature":0}""");

        Assert.Equal(("m", true, 7, 1, "mara", true), (request.Model, request.Stream, request.MaxTokens, request.Choices, request.User, request.HasTemperature));
    }

    [Fact]
    public void What_an_api_does_not_have_means_nothing_to_it()
    {
        var request = Read(RequestApi.Embeddings, """{"model":"m","input":"a","stream":"yes","n":[],"max_tokens":-1,"messages":7}""");
        Assert.Equal((false, 1, null), (request.Stream, request.Choices, request.MaxTokens));
    }

    [Theory]
    [InlineData("""{"prompt":"a"}""", "model")]
    [InlineData("""{"model":"m"}""", "prompt")]
    [InlineData("""{"model":"m","messages":[{}]}""", "prompt")]
    [InlineData("""{"model":"m","prompt":null}""", "prompt")]
    [InlineData("""{"model":"m","prompt":{}}""", "prompt")]
    [InlineData("""{"model":"m","prompt":[]}""", "prompt")]
    [InlineData("""{"model":"m","prompt":[null]}""", "prompt[0]")]
    [InlineData("""{"model":"m","prompt":["a",1]}""", "prompt[1]")]
    [InlineData("""{"model":"m","prompt":[[1],"a"]}""", "prompt[1]")]
    [InlineData("""{"model":"m","prompt":"a","n":0}""", "n")]
    [InlineData("""{"model":"m","prompt":"a","max_tokens":0}""", "max_tokens")]
    [InlineData("""{"model":"m","prompt":"a","stream":1}""", "stream")]
    public void A_completion_at_fault_is_refused_with_the_field_named(string body, string param) => Refused(RequestApi.Completions, body, param);

    [Theory]
    [InlineData("""{"input":"a"}""", "model")]
    [InlineData("""{"model":"m"}""", "input")]
    [InlineData("""{"model":"m","prompt":"a"}""", "input")]
    [InlineData("""{"model":"m","input":true}""", "input")]
    [InlineData("""{"model":"m","input":[]}""", "input")]
    [InlineData("""{"model":"m","input":["a",[1]]}""", "input[1]")]
    [InlineData("""{"model":"m","input":"a","user":7}""", "user")]
    public void An_embedding_at_fault_is_refused_with_the_field_named(string body, string param) => Refused(RequestApi.Embeddings, body, param);

    [Fact]
    public void A_chat_still_needs_messages() => Refused(RequestApi.Chat, """{"model":"m","prompt":"a","input":"a"}""", "messages");

    [Fact]
    public void A_completion_is_spliced_like_a_chat()
    {
        var splice = new BodySplice(Read(RequestApi.Completions, """{"prompt" : "Once","model":"a", "suffix":"x" }"""));
        splice.Set(ChatField.Model, "\"b\""u8.ToArray());
        splice.Set(ChatField.Prompt, "\"Twice\""u8.ToArray());
        splice.Set(ChatField.Stream, "true"u8.ToArray());

        Assert.Equal("""{"prompt" : "Twice","model":"b", "suffix":"x" ,"stream":true}""", string.Concat(splice.Pieces().Select(piece => Encoding.UTF8.GetString(piece.Span))));
    }

    [Fact]
    public void Nothing_is_added_that_the_api_does_not_have()
    {
        var splice = new BodySplice(Read(RequestApi.Embeddings, """{"model":"a","input":"x"}"""));
        splice.Set(ChatField.MaxTokens, "7"u8.ToArray());
        Assert.Throws<InvalidOperationException>(splice.Pieces);
    }

    private static ChatCompletionRequest Read(RequestApi api, string body)
    {
        using var valid = JsonDocument.Parse(body);
        Assert.Null(ChatRequestReader.Read(Encoding.UTF8.GetBytes(body), api, out var request));
        return request!;
    }

    private static void Refused(RequestApi api, string body, string param)
    {
        var error = ChatRequestReader.Read(Encoding.UTF8.GetBytes(body), api, out var request);
        Assert.Null(request);
        Assert.Equal((400, ErrorCodes.InvalidRequest, param), (error!.Status, error.Code, error.Param));
    }
}
