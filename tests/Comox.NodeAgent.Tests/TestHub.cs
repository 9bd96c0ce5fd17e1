using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using System.Net.Sockets;

namespace Comox.NodeAgent.Tests;

/// <summary>
/// A hub with Hugging Face's API on this machine, and its storage. It behaves unless told otherwise: then it cuts, stalls, sends other bytes,
/// or says something else about length, range or entity than it sends.
/// </summary>
internal sealed class TestHub : IAsyncDisposable
{
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly WebApplication _app;
    private long _served;

    private TestHub(WebApplication app, IReadOnlyDictionary<string, byte[]> files) => (_app, Files) = (app, files);

    public Uri Address => new(_app.Urls.First());
    public IReadOnlyDictionary<string, byte[]> Files { get; }

    /// <summary>Bytes of weights handed to sockets.</summary>
    public long Served => Volatile.Read(ref _served);

    /// <summary>Requests for weights: offset, end (exclusive, or null), If-Range.</summary>
    public ConcurrentQueue<(long From, long? To, string? IfRange)> Asked { get; } = new();

    /// <summary>Called with each request for weights; may answer it. True: it has.</summary>
    public Func<HttpContext, byte[], Task<bool>>? Instead { get; set; }

    /// <summary>Awaited before each piece of at most 64 KiB with its length; returns how many bytes of it may go before it is asked again, 0 to cut the connection there.</summary>
    public Func<int, CancellationToken, ValueTask<int>>? Gate { get; set; }

    public Func<string, string> Etag { get; set; } = _ => "\"entity-1\"";
    public Func<byte[], string> Announced { get; set; } = bytes => Convert.ToHexStringLower(SHA256.HashData(bytes));
    public Func<byte[], long> AnnouncedSize { get; set; } = bytes => bytes.LongLength;
    public bool SendsParts { get; set; } = true;

    public static async Task<TestHub> StartAsync(params (string Name, byte[] Bytes)[] files)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");

        // What waits in the kernel counts as served and dies with its reader; a network's own buffers are not what these tests are about.
        builder.Services.Configure<SocketTransportOptions>(options => options.CreateBoundListenSocket = endpoint =>
        {
            var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.SendBuffer, 128 << 10);
            return socket;
        });
        var app = builder.Build();
        var hub = new TestHub(app, files.ToDictionary(file => file.Name, file => file.Bytes));
        app.Run(hub.AnswerAsync);
        await app.StartAsync();
        return hub;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        if (path.StartsWith("/api/models/", StringComparison.Ordinal))
        {
            var siblings = string.Join(',', Files.Keys.Select(name => $$"""{"rfilename":"{{name}}"}"""));
            await context.Response.WriteAsync($$"""{"id":"x","sha":"{{Commit}}","siblings":[{{siblings}}]}""");
            return;
        }

        var file = Files.FirstOrDefault(file => path.EndsWith($"/{file.Key}", StringComparison.Ordinal));
        if (file.Value is null)
        {
            context.Response.StatusCode = 404;
        }
        else if (path.StartsWith("/storage/", StringComparison.Ordinal))
        {
            await StorageAsync(context, file.Value);
        }
        else if (!IsWeight(file.Key))
        {
            context.Response.Headers["X-Repo-Commit"] = Commit;
            context.Response.Headers.ETag = $"\"{GitName(file.Value)}\"";
            context.Response.ContentLength = file.Value.Length;
            if (HttpMethods.IsGet(context.Request.Method))
                await context.Response.Body.WriteAsync(file.Value);
        }
        else
        {
            context.Response.StatusCode = StatusCodes.Status302Found;
            context.Response.Headers["X-Repo-Commit"] = Commit;
            context.Response.Headers["X-Linked-Etag"] = $"\"{Announced(file.Value)}\"";
            context.Response.Headers["X-Linked-Size"] = AnnouncedSize(file.Value).ToString(CultureInfo.InvariantCulture);
            context.Response.Headers.Location = $"/storage/{file.Key}";
        }
    }

    private async Task StorageAsync(HttpContext context, byte[] bytes)
    {
        var headers = context.Request.GetTypedHeaders();
        var range = headers.Range?.Ranges.Single();
        Asked.Enqueue((range?.From ?? 0, range?.To + 1, headers.IfRange?.EntityTag?.ToString()));
        if (Instead is { } instead && await instead(context, bytes))
            return;
        var from = range?.From ?? 0;
        var to = Math.Min(range?.To + 1 ?? bytes.Length, bytes.Length);
        var response = context.Response;
        response.Headers.ETag = Etag(context.Request.Path);
        if (range is null || !SendsParts || (headers.IfRange?.EntityTag is { } entity && entity.ToString() != response.Headers.ETag))
        {
            (from, to) = (0, bytes.Length);
        }
        else if (from >= bytes.Length)
        {
            response.StatusCode = StatusCodes.Status416RangeNotSatisfiable;
            response.Headers.ContentRange = $"bytes */{bytes.Length}";
            return;
        }
        else
        {
            response.StatusCode = StatusCodes.Status206PartialContent;
            response.Headers.ContentRange = $"bytes {from}-{to - 1}/{bytes.Length}";
        }

        response.ContentLength = to - from;
        await SendAsync(context, bytes, (int)from, (int)to);
    }

    /// <summary>Sends through <see cref="Gate"/>.</summary>
    public async Task SendAsync(HttpContext context, byte[] bytes, int from, int to)
    {
        while (from < to)
        {
            var piece = Math.Min(64 << 10, to - from);
            var allowed = Gate is null ? piece : await Gate(piece, context.RequestAborted);
            if (allowed == 0)
                return; // Having promised more, Kestrel closes the connection here.
            await context.Response.Body.WriteAsync(bytes.AsMemory(from, allowed), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            Interlocked.Add(ref _served, allowed);
            from += allowed;
        }
    }

    public static string GitName(byte[] bytes) =>
#pragma warning disable CA5350
        Convert.ToHexStringLower(SHA1.HashData([.. System.Text.Encoding.ASCII.GetBytes($"blob {bytes.Length}\0"), .. bytes]));
#pragma warning restore CA5350

    private static bool IsWeight(string name) => name.EndsWith(".gguf", StringComparison.Ordinal) || name.EndsWith(".safetensors", StringComparison.Ordinal);
}
