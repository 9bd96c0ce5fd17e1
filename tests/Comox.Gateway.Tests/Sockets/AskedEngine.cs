using System.Text;

namespace Comox.Gateway.Tests.Sockets;

/// <summary>A gateway in front of a raw engine that has read a request and owes the answer.</summary>
internal sealed class AskedEngine : IAsyncDisposable
{
    private AskedEngine(GatewayUnderTest gateway, RawEngine engine, RawCall call, string request, Task<HttpResponseMessage> sent) =>
        (Gateway, Engine, Call, Request, Sent) = (gateway, engine, call, request, sent);

    public GatewayUnderTest Gateway { get; }
    public RawEngine Engine { get; }

    /// <summary>The connection that the request came over.</summary>
    public RawCall Call { get; }

    /// <summary>Head and body as the engine got them.</summary>
    public string Request { get; }

    /// <summary>What the client waits for.</summary>
    public Task<HttpResponseMessage> Sent { get; }

    /// <param name="starting">The gateway; it ends with this.</param>
    /// <param name="body">What is asked.</param>
    /// <param name="path">Of which API.</param>
    public static async Task<AskedEngine> StartAsync(Task<GatewayUnderTest> starting, string body = Chat.Streamed, string path = "/v1/chat/completions")
    {
        var gateway = await starting;
        var engine = new RawEngine(gateway);
        var sent = PostAsync(gateway, path, body);
        var call = await engine.AcceptAsync();
        return new AskedEngine(gateway, engine, call, await call.ReadRequestAsync() ?? "", sent);
    }

    /// <summary>The whole answer.</summary>
    public async Task<string> AnswerAsync() => await (await Sent).Content.ReadAsStringAsync();

    public async ValueTask DisposeAsync()
    {
        Call.Dispose();
        Engine.Dispose();
        await Gateway.DisposeAsync();
    }

    private static Task<HttpResponseMessage> PostAsync(GatewayUnderTest gateway, string path, string body) => gateway.Http.SendAsync(
        new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") }, HttpCompletionOption.ResponseHeadersRead);
}
