using Comox.Gateway.Forwarding;

namespace Comox.Gateway.Tests.Sockets;

/// <summary>Clients that want to speak something else than HTTP/1.1: the gateway speaks nothing else, and says so the same way on either transport.</summary>
public abstract class UpgradeTests(string relay) : BothRelays(relay)
{
    private const string WebSocket = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

    [Fact]
    public async Task A_web_socket_is_refused_in_the_words_of_the_api_and_its_connection_serves_on()
    {
        await using var gateway = await StartAsync();
        using var client = await RawClient.ConnectAsync(gateway);

        await client.SendAsync($"GET /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TestService.AdminKey}\r\n{WebSocket}\r\n");
        var refusal = await client.ReadUntilAsync("\"method_not_allowed\"");
        await client.SendAsync(RawClient.Request(Chat.Streamed));
        var answer = await client.ReadUntilAsync("data: [DONE]\n\n\r\n0\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 405 ", refusal);
        Assert.DoesNotContain("101 ", refusal);
        Assert.Contains("HTTP/1.1 200 OK\r\n", answer);
        Assert.Single(gateway.Node.Requests);
    }

    [Fact]
    public async Task A_chat_that_offers_another_protocol_is_answered_in_this_one()
    {
        await using var gateway = await StartAsync();
        using var client = await RawClient.ConnectAsync(gateway);

        await client.SendAsync(RawClient.Request(Chat.Streamed, more: "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"));
        var answer = await client.ReadUntilAsync("data: [DONE]\n\n\r\n0\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 200 OK\r\n", answer);
        Assert.Equal("Hi", gateway.Node.Requests.Single().Json.GetProperty("messages")[0].GetProperty("content").GetString());
    }

    [Fact]
    public async Task HTTP_2_without_TLS_is_refused_and_its_connection_is_closed()
    {
        await using var gateway = await StartAsync();
        using var client = await RawClient.ConnectAsync(gateway);

        await client.SendAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        var answer = await client.ReadToEndAsync();

        // GOAWAY (7) of the whole connection, and the error is HTTP_1_1_REQUIRED (0xd): https://www.rfc-editor.org/rfc/rfc9113#section-6.8
        Assert.Equal("\0\0\x8\x7\0\0\0\0\0" + "\0\0\0\0" + "\0\0\0\xd", answer);
    }
}

public sealed class PortableUpgradeTests() : UpgradeTests(RelayOptions.Portable);

public sealed class LinuxUpgradeTests() : UpgradeTests(RelayOptions.Linux);
