using System.Text;
using System.Text.Json;
using Comox.Gateway.OpenAI.Responses;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.Tests.Responses;

/// <summary>Where the input of a request belongs is told to memory.</summary>
public sealed class ResponsesPlaceTests
{
    private const string Session = "ses_01938e0c5d4b7c0a9f1e2d3c4b5a6978";
    private const string Turn = "trn_01938e0c5d4b7c0a9f1e2d3c4b5a6979";

    [Fact]
    public async Task The_input_follows_the_response_that_is_named()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        using var response = await PostAsync(gateway, $"\"previous_response_id\":\"{ResponseIds.Encode(Session, Turn)}\"");
        Assert.Equal(200, (int)response.StatusCode);
        var prompt = Assert.Single(gateway.Memory.Prompts);
        Assert.Equal((Session, true, Turn), (prompt.Session, prompt.AllNew, prompt.After));
    }

    [Fact]
    public async Task The_input_follows_the_end_of_the_conversation_that_is_named_and_without_one_tells_where_it_belongs()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        using var named = await PostAsync(gateway, $"\"conversation\":\"{ResponseIds.ConversationOf(Session)}\"");
        using var alone = await PostAsync(gateway, "\"stream\":true");
        Assert.Equal([(Session, true, null), (null, false, null)], gateway.Memory.Prompts.Select(prompt => (prompt.Session, prompt.AllNew, prompt.After)));
    }

    [Fact]
    public async Task A_response_that_never_was_is_told_of_by_the_name_of_its_field()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        gateway.Memory.Failure = new ApiError(404, ErrorCodes.TurnNotFound, "The session has no such reply.", "after");
        using var response = await PostAsync(gateway, $"\"previous_response_id\":\"{ResponseIds.Encode(Session, Turn)}\"");
        var error = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("error");
        Assert.Equal((404, "previous_response_id", ErrorCodes.TurnNotFound), ((int)response.StatusCode, error.GetProperty("param").GetString(), error.GetProperty("code").GetString()));
    }

    [Theory]
    [InlineData(404, ErrorCodes.SessionNotFound)]
    [InlineData(409, ErrorCodes.Conflict)]
    public async Task A_conversation_that_is_gone_or_anothers_is_told_of_by_the_name_of_its_field(int status, string code)
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        gateway.Memory.Failure = new ApiError(status, code, "Leave X-Comox-Session out.", "session");
        foreach (var (field, value) in new[] { ("previous_response_id", ResponseIds.Encode(Session, Turn)), ("conversation", ResponseIds.ConversationOf(Session)) })
        {
            using var response = await PostAsync(gateway, $"\"{field}\":\"{value}\"");
            var error = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("error");
            Assert.Equal((status, field, code), ((int)response.StatusCode, error.GetProperty("param").GetString(), error.GetProperty("code").GetString()));
            Assert.DoesNotContain("X-Comox", error.GetProperty("message").GetString());
        }
    }

    private static Task<HttpResponseMessage> PostAsync(GatewayUnderTest gateway, string field) =>
        gateway.Http.PostAsync("/v1/responses", new StringContent($$"""{"model":"character/ada","input":"Hi",{{field}}}""", Encoding.UTF8, "application/json"));
}
