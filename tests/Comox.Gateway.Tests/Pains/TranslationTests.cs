using Comox.FakeBackend;
using Comox.Gateway.Backends;

namespace Comox.Gateway.Tests.Pains;

/// <summary>Pain 9: reasons to stop and errors that are lost between one API and another.</summary>
public sealed class TranslationTests
{
    [Theory]
    [InlineData("length", "length", "\"max_tokens\"", "\"incomplete\"")]
    [InlineData("stop", "stop", "\"end_turn\"", "\"completed\"")]
    public async Task Why_an_anthropic_backend_stopped_is_said_in_every_clients_words(string finish, string chat, string messages, string responses)
    {
        await using var routed = await RoutedGateway.StartAsync(new At("a", BackendKinds.Anthropic) { Script = new() { FinishReason = finish } });

        foreach (var stream in (bool[])[true, false])
        {
            Assert.Contains($"\"finish_reason\":\"{chat}\"", await SaidAsync(routed, "chat/completions", stream));
            Assert.Contains($"\"stop_reason\":{messages}", await SaidAsync(routed, "messages", stream));
            Assert.Contains($"\"status\":{responses}", await SaidAsync(routed, "responses", stream));
        }
    }

    [Theory]
    [InlineData(BackendKinds.Anthropic)]
    [InlineData(BackendKinds.VLlm)]
    public async Task An_error_in_the_middle_has_the_clients_shape_and_nothing_that_ends_a_whole_answer(string kind)
    {
        await using var routed = await RoutedGateway.StartAsync(new At("a", kind) { Script = new() { ErrorAfter = 5 } });

        var chat = await SaidAsync(routed, "chat/completions", true);
        var messages = await SaidAsync(routed, "messages", true);
        var responses = await SaidAsync(routed, "responses", true);

        Assert.Contains("data: {\"error\":", chat);
        Assert.DoesNotContain("[DONE]", chat);
        Assert.Contains("event: error\ndata: {\"type\":\"error\"", messages);
        Assert.DoesNotContain("message_stop", messages);
        Assert.True(responses.Contains("event: error", StringComparison.Ordinal) || responses.Contains("response.failed", StringComparison.Ordinal), responses);
        Assert.DoesNotContain("response.completed", responses);
    }

    [Theory]
    [InlineData("drop")]
    [InlineData("garbage")]
    public async Task What_breaks_an_anthropic_backend_before_its_first_word_is_asked_of_another_one(string how)
    {
        var script = how == "drop" ? FakeFaults.KilledAfter(2) : new() { GarbageAfter = 1 };
        await using var routed = await RoutedGateway.StartAsync(new At("a", BackendKinds.Anthropic) { Script = script }, new At("b"));

        Assert.Contains("Hello", await SaidAsync(routed, "messages", false));
        Assert.Contains("message_stop", await SaidAsync(routed, "messages", true));
        Assert.Equal(2, routed.Servers[1].Requests.Count);
    }

    private static async Task<string> SaidAsync(RoutedGateway routed, string api, bool stream)
    {
        var payload = api == "responses" ? "\"input\":\"Hi\"" : "\"max_tokens\":99,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]";
        using var response = await routed.SendAsync($$"""{"model":"m",{{payload}},"stream":{{(stream ? "true" : "false")}}}""", $"/v1/{api}");
        return await response.Content.ReadAsStringAsync();
    }
}
