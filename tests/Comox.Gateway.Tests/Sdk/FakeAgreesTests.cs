using System.ClientModel;
using Anthropic;
using Anthropic.Models.Messages;
using Comox.FakeBackend;
using OpenAI;
using OpenAI.Chat;

namespace Comox.Gateway.Tests.Sdk;

/// <summary>The vendors' clients talk to the fake itself: a fake that they do not understand stands in for nothing.</summary>
public sealed class FakeAgreesTests
{
    [Fact]
    public async Task Anthropics_client_reads_a_stream_of_text_and_a_tool()
    {
        await using var fake = await FakeBackendServer.StartAsync(script: new() { Tokens = ["Let", " me."], ToolCalls = [new("toolu_1", "look", """{"at":"sky"}""")] });
        using var client = ClientOf(fake);
        var (text, json, stop) = ("", "", "");

        await foreach (var item in client.Messages.CreateStreaming(Ask))
        {
            item.Validate();
            if (item.TryPickContentBlockDelta(out var delta) && delta.Delta.TryPickText(out var piece))
                text += piece.Text;
            if (item.TryPickContentBlockDelta(out delta) && delta.Delta.TryPickInputJson(out var part))
                json += part.PartialJson;
            if (item.TryPickDelta(out var end))
                stop = end.Delta.StopReason?.Raw();
        }

        Assert.Equal(("Let me.", """{"at":"sky"}""", "tool_use"), (text, json, stop));
    }

    [Fact]
    public async Task Anthropics_client_reads_a_whole_message()
    {
        await using var fake = await FakeBackendServer.StartAsync(script: new() { FinishReason = "length", ToolCalls = [new("toolu_1", "look", """{"at":"sky"}""")] });
        using var client = ClientOf(fake);

        var message = await client.Messages.Create(Ask);

        message.Validate();
        Assert.True(message.Content[0].TryPickText(out var text));
        Assert.True(message.Content[1].TryPickToolUse(out var use));
        Assert.Equal("sky", use.Input["at"].GetString());
        Assert.Equal(("Hello from the fake.", "max_tokens", 5L), (text.Text, message.StopReason?.Raw(), message.Usage.OutputTokens));
    }

    [Fact]
    public async Task OpenAIs_client_reads_whole_chats_and_packed_vectors()
    {
        await using var fake = await FakeBackendServer.StartAsync();
        fake.TakesUnbounded = true;
        var client = new OpenAIClient(new ApiKeyCredential(fake.Key), new OpenAIClientOptions { Endpoint = new Uri(fake.Address, "v1") });

        ChatCompletion chat = await client.GetChatClient("m").CompleteChatAsync([new UserChatMessage("Hi")], new ChatCompletionOptions { IncludeLogProbabilities = true });
        var vector = (await client.GetEmbeddingClient("m").GenerateEmbeddingAsync("a cat")).Value;

        Assert.Equal(("Hello from the fake.", 5), (chat.Content.Single().Text, chat.ContentTokenLogProbabilities.Count));
        Assert.Equal(FakeBackendServer.VectorOf("a cat"), vector.ToFloats().ToArray());
        Assert.Contains("base64", fake.Requests.Last().Body);
    }

    private static MessageCreateParams Ask { get; } = new() { Model = "m", MaxTokens = 64, Messages = [new UserMessageParam("Hi")] };

    private static AnthropicClient ClientOf(FakeBackendServer fake) => new() { ApiKey = fake.Key, BaseUrl = fake.Address.ToString().TrimEnd('/'), MaxRetries = 0 };
}
