using System.Net;
using System.Text;
using System.Text.Json;
using Anthropic.Exceptions;
using Anthropic.Models.Messages;

namespace Comox.Gateway.Tests.Sdk;

/// <summary>Anthropic's own .NET client and <c>/v1/messages</c>, in front of an engine that only knows chat.</summary>
public sealed class AnthropicTests
{
    private static readonly Tool Weather = new()
    {
        Name = "get_weather",
        Description = "The weather of a city.",
        InputSchema = new() { Properties = new Dictionary<string, JsonElement> { ["city"] = JsonElement.Parse("""{"type":"string"}""") }, Required = ["city"] },
    };

    [Fact]
    public async Task A_whole_message_has_text_stop_reason_and_usage()
    {
        await using var gateway = await SdkGateway.StartAsync();

        var message = await gateway.Anthropic.Messages.Create(Ask(new UserMessageParam("Hi")) with { System = "You are Ada." });

        Assert.Equal("Hello from the fake.", TextOf(message));
        Assert.Equal("end_turn", message.StopReason?.Raw());
        Assert.Equal((7, 5), (message.Usage.InputTokens, message.Usage.OutputTokens));
        Assert.Contains("You are Ada.", gateway.LastRequest.GetProperty("messages")[0].GetProperty("content").GetRawText());
    }

    [Fact]
    public async Task A_stream_has_the_events_in_their_order()
    {
        await using var gateway = await SdkGateway.StartAsync();
        var (text, tokens, kinds) = ("", 0L, new List<string>());

        await foreach (var item in gateway.Anthropic.Messages.CreateStreaming(Ask(new UserMessageParam("Hi"))))
        {
            var kind = item.Json.GetProperty("type").GetString()!;
            if (kinds.LastOrDefault() != kind && kind != "ping")
                kinds.Add(kind);
            if (item.TryPickContentBlockDelta(out var delta) && delta.Delta.TryPickText(out var piece))
                text += piece.Text;
            if (item.TryPickDelta(out var end))
                tokens = end.Usage.OutputTokens;
        }

        Assert.Equal(["message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop"], kinds);
        Assert.Equal(("Hello from the fake.", 5L), (text, tokens));
    }

    [Fact]
    public async Task A_tool_is_called_and_its_result_is_used()
    {
        await using var gateway = await SdkGateway.StartWithToolsAsync();
        var asking = new UserMessageParam("How is the weather in Århus?");

        var asked = await gateway.Anthropic.Messages.Create(Ask(asking) with { Tools = [Weather] });
        var use = Assert.Single(asked.Content, block => block.TryPickToolUse(out _)).Value as ToolUseBlock;
        var answer = await gateway.Anthropic.Messages.Create(Ask(
            asking,
            new AssistantMessageParam(new List<ContentBlockParam> { new ToolUseBlockParam { ID = use!.ID, Name = use.Name, Input = use.Input } }),
            new UserMessageParam(new List<ContentBlockParam> { new ToolResultBlockParam(use.ID) { Content = """{"sky":"rain"}""" } })) with { Tools = [Weather] });

        Assert.Equal("tool_use", asked.StopReason?.Raw());
        Assert.Equal(("get_weather", "Århus"), (use.Name, use.Input["city"].GetString()));
        Assert.Equal("It rains.", TextOf(answer));
        Assert.Contains("rain", gateway.LastRequest.GetProperty("messages")[2].GetProperty("content").GetRawText());
    }

    [Fact]
    public async Task A_streamed_tool_call_is_whole_JSON_at_its_end()
    {
        await using var gateway = await SdkGateway.StartWithToolsAsync();
        var arguments = "";

        await foreach (var item in gateway.Anthropic.Messages.CreateStreaming(Ask(new UserMessageParam("Weather?")) with { Tools = [Weather] }))
        {
            if (item.TryPickContentBlockDelta(out var delta) && delta.Delta.TryPickInputJson(out var piece))
                arguments += piece.PartialJson;
        }

        Assert.Equal("Århus", JsonDocument.Parse(arguments).RootElement.GetProperty("city").GetString());
    }

    [Fact]
    public async Task A_model_that_is_none_is_not_found()
    {
        await using var gateway = await SdkGateway.StartAsync();

        var problem = await Assert.ThrowsAsync<AnthropicNotFoundException>(() => gateway.Anthropic.Messages.Create(Ask(new UserMessageParam("Hi")) with { Model = "claude-9" }));

        Assert.Contains("not_found_error", problem.ResponseBody);
        Assert.Contains("claude-9", problem.ResponseBody);
    }

    [Fact]
    public async Task The_key_may_come_as_Anthropics_header_too()
    {
        // The .NET client sends a bearer token; those of other languages, curl and most agents send x-api-key.
        await using var gateway = await SdkGateway.StartAsync();
        using var http = new HttpClient { BaseAddress = gateway.Address, DefaultRequestHeaders = { { "x-api-key", TestService.AdminKey }, { "anthropic-version", "2023-06-01" } } };

        using var response = await http.PostAsync("/v1/messages", new StringContent("""{"model":"fake-model","max_tokens":9,"messages":[{"role":"user","content":"Hi"}]}""", Encoding.UTF8, "application/json"));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("Hello from the fake.", (await response.JsonAsync()).GetProperty("content")[0].GetProperty("text").GetString());
    }

    private static MessageCreateParams Ask(params MessageParam[] messages) => new() { Model = SdkGateway.Model, MaxTokens = 64, Messages = messages };

    private static string TextOf(Message message) => string.Concat(message.Content.Select(block => block.TryPickText(out var text) ? text.Text : ""));
}
