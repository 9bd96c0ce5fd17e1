using System.Net;
using System.Text;
using System.Text.Json;

namespace Comox.Gateway.Tests.Anthropic;

/// <summary>Anthropic's clients tell errors by the outer type; also those that are found before the endpoint is asked.</summary>
public sealed class ErrorShapeTests
{
    [Theory]
    [InlineData("POST", "/v1/messages", false, HttpStatusCode.Unauthorized, "authentication_error")]
    [InlineData("GET", "/v1/messages", true, HttpStatusCode.MethodNotAllowed, "invalid_request_error")]
    [InlineData("POST", "/v1/messages/count_tokens", true, HttpStatusCode.NotFound, "not_found_error")]
    public async Task What_is_refused_beside_the_endpoint_has_their_shape_too(string method, string path, bool isKnown, HttpStatusCode status, string type)
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        using var client = isKnown ? gateway.Service.CreateClient() : gateway.Service.CreateClient(key: "not-a-key");
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = new StringContent("{}", Encoding.UTF8, "application/json") };

        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

        Assert.Equal(status, response.StatusCode);
        using var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal(("error", type), (body.RootElement.GetProperty("type").GetString(), body.RootElement.GetProperty("error").GetProperty("type").GetString()));
    }
}
