using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Comox.Gateway.Forwarding;
using Comox.Gateway.Forwarding.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Gateway.Tests.Sockets;

/// <summary>The web server on connections of the loop.</summary>
public sealed class LoopTransportTests
{
    [Theory]
    [InlineData("http://127.0.0.1:0", "127.0.0.1")]
    [InlineData("http://[::1]:0", "::1")]
    [InlineData("http://0.0.0.0:0", "127.0.0.1")]
    [InlineData("http://[::]:0", "::ffff:127.0.0.1")]
    public async Task A_request_tells_both_addresses_of_its_connection(string url, string address)
    {
        if (url.Contains('[', StringComparison.Ordinal))
            RequireIPv6();
        await using var app = await StartAsync(web => web.UseUrls(url));
        var port = PortsOf(app).Single();
        using var client = new TcpClient(url.Contains("::1", StringComparison.Ordinal) ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork);
        await client.ConnectAsync(url.Contains("::1", StringComparison.Ordinal) ? IPAddress.IPv6Loopback : IPAddress.Loopback, port);

        var answer = await AskAsync(client.GetStream());

        var own = ((IPEndPoint)client.Client.LocalEndPoint!).Port;
        Assert.EndsWith($"\r\n\r\n{address} {own} {address} {port} True", answer);
    }

    [Fact]
    public async Task An_address_in_use_is_called_so()
    {
        await using var first = await StartAsync(web => web.UseUrls("http://127.0.0.1:0"));
        var taken = $"http://127.0.0.1:{PortsOf(first).Single()}";

        var problem = await Assert.ThrowsAsync<IOException>(() => StartAsync(web => web.UseUrls(taken)));

        Assert.IsType<AddressInUseException>(problem.InnerException);
        Assert.Contains(taken, problem.Message);
    }

    [Fact]
    public async Task Localhost_is_both_families()
    {
        RequireIPv6();
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        await using var app = await StartAsync(web => web.UseUrls($"http://localhost:{port}"));

        foreach (var address in (IPAddress[])[IPAddress.Loopback, IPAddress.IPv6Loopback])
        {
            using var client = new TcpClient(address.AddressFamily);
            await client.ConnectAsync(address, port);
            Assert.Contains("200 OK", await AskAsync(client.GetStream()));
        }
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task TLS_stands_between_the_server_and_the_loop(string version)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        await using var app = await StartAsync(web => web.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate))));
        using var http = new HttpClient(new SocketsHttpHandler { SslOptions = new() { RemoteCertificateValidationCallback = (_, _, _, _) => true } });
        using var request = new HttpRequestMessage(HttpMethod.Post, $"https://127.0.0.1:{PortsOf(app).Single()}/echo")
        {
            Version = Version.Parse(version), VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent(new byte[3_000_000]),
        };

        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

        Assert.Equal("False", response.Headers.GetValues("X-Bare").Single());
        Assert.Equal(3_000_000, (await response.Content.ReadAsByteArrayAsync()).Length);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_web_socket_carries_both_ways_until_one_of_them_ends_it(bool goodbye)
    {
        await using var app = await StartAsync(web => web.UseUrls("http://127.0.0.1:0"));
        var loop = app.Services.GetRequiredService<SocketLoops>().Next();
        using var client = new ClientWebSocket();
        await client.ConnectAsync(new Uri($"ws://127.0.0.1:{PortsOf(app).Single()}/socket"), CancellationToken.None);

        foreach (var size in (int[])[0, 1, 5_000, 300_000])
        {
            var sent = new byte[size];
            new Random(size).NextBytes(sent);
            await client.SendAsync(sent, WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None);
            Assert.Equal(sent, await ReceiveAsync(client));
        }

        if (goodbye)
            await client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        else
            client.Abort();

        await Eventually.IsTrueAsync(() => loop.Sockets.Count == 1, "the loop holds the listener alone");
    }

    [Fact]
    public async Task A_listener_that_stops_ends_its_connections_and_gives_its_descriptors_back()
    {
        var app = await StartAsync(web => web.UseUrls("http://127.0.0.1:0"));
        var loop = app.Services.GetRequiredService<SocketLoops>().Next();
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, PortsOf(app).Single());
        await Eventually.IsTrueAsync(() => loop.Sockets.Count == 2, "the loop holds the listener and its connection");

        await app.StopAsync();

        await Eventually.IsTrueAsync(() => loop.Sockets.Count == 0, "the loop holds nothing");
        await app.DisposeAsync();
    }

    /// <summary>Containers often have none, and some say that they have.</summary>
    private static void RequireIPv6()
    {
        try
        {
            using var probe = new TcpListener(IPAddress.IPv6Loopback, 0);
            probe.Start();
        }
        catch (SocketException problem)
        {
            Assert.Skip($"This machine has no IPv6: {problem.Message}");
        }
    }

    private static async Task<WebApplication> StartAsync(Action<IWebHostBuilder> listen)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Configuration.AddInMemoryCollection([new("Comox:Gateway:Relay:Mode", RelayOptions.Linux), new("Comox:Gateway:Relay:Loops", "1")]);
        builder.WebHost.UseKestrelCore();
        listen(builder.WebHost);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddForwarding();
        var app = builder.Build();
        app.UseWebSockets();
        app.Run(async http =>
        {
            var connection = http.Connection;
            var loop = http.Features.Get<ClientConnection>();
            http.Response.Headers["X-Bare"] = (loop?.IsBare).ToString();
            if (http.WebSockets.IsWebSocketRequest)
                await EchoMessagesAsync(http);
            else if (http.Request.Path == "/echo")
                await EchoAsync(http);
            else
                await http.Response.WriteAsync($"{connection.RemoteIpAddress} {connection.RemotePort} {connection.LocalIpAddress} {connection.LocalPort} {loop?.IsBare}");
        });
        await app.StartAsync();
        return app;
    }

    // Read before it is written: the client sends all before it reads.
    private static async Task EchoAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        await http.Response.Body.WriteAsync(body.ToArray());
    }

    private static async Task EchoMessagesAsync(HttpContext http)
    {
        using var socket = await http.WebSockets.AcceptWebSocketAsync();
        while (await ReceiveAsync(socket) is { } message)
            await socket.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, http.RequestAborted);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, http.RequestAborted);
    }

    /// <summary>A whole message; null at the end.</summary>
    private static async Task<byte[]?> ReceiveAsync(WebSocket socket)
    {
        using var message = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (true)
        {
            var part = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
            if (part.MessageType == WebSocketMessageType.Close)
                return null;
            message.Write(buffer, 0, part.Count);
            if (part.EndOfMessage)
                return message.ToArray();
        }
    }

    private static IEnumerable<int> PortsOf(WebApplication app) =>
        app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Select(address => BindingAddress.Parse(address).Port);

    private static async Task<string> AskAsync(NetworkStream stream)
    {
        await stream.WriteAsync("GET / HTTP/1.0\r\nHost: x\r\n\r\n"u8.ToArray());
        using var reader = new StreamReader(stream, leaveOpen: true);
        return await reader.ReadToEndAsync();
    }
}
