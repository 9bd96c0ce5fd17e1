using Comox.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Comox.NodeAgent.Tests.Health.Engines;

/// <summary>
/// What no real engine does on demand: a program that takes the arguments of llama-server, is well by its own account, and may answer nothing else. The process
/// only lives; what listens where it was told to is in the test. From its second start on it is honest, unless told otherwise.
/// </summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
internal sealed class LyingEngine : IAsyncDisposable
{
    private const string Program =
        """
        #!/bin/sh
        if [ "$1" = --version ]; then echo "version: 0.7.0 (a liar)"; exit 0; fi
        echo "$@" > "$(dirname "$0")/started.$$"
        exec sleep 1000
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("comox-liar-");
    private readonly List<WebApplication> _servers = [];
    private readonly CancellationTokenSource _ends = new();
    private readonly Task _serving;

    public LyingEngine()
    {
        File.WriteAllText(Path, Program);
        File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        _serving = ServeAsync();
    }

    public string Path => System.IO.Path.Combine(_folder.FullName, "llama-server");

    /// <summary>How often it was started.</summary>
    public int Starts { get; private set; }

    /// <summary>Whether the process of this start does what it says.</summary>
    public Func<int, bool> IsHonest { get; init; } = start => start > 1;

    /// <summary>What it says of its slots while it lies; null: no word.</summary>
    public string? Slots { get; init; }

    public async ValueTask DisposeAsync()
    {
        await _ends.CancelAsync();
        await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var server in _servers)
        {
            await server.StopAsync(_ends.Token);
            await server.DisposeAsync();
        }

        _folder.Delete(recursive: true);
        _ends.Dispose();
    }

    private async Task ServeAsync()
    {
        while (!_ends.IsCancellationRequested)
        {
            await Eventually.IsTrueAsync(() => _ends.IsCancellationRequested || Started().Length > Starts, "it is started again").ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_ends.IsCancellationRequested || Started() is not { } all || all.Length <= Starts)
                continue;
            Starts++;
            var arguments = (await File.ReadAllTextAsync(all[^1])).Split(' ', StringSplitOptions.TrimEntries);
            string After(string flag) => arguments[Array.IndexOf(arguments, flag) + 1];
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls($"http://127.0.0.1:{After("--port")}");
            var app = builder.Build();
            var (isHonest, model) = (IsHonest(Starts), After("--alias"));
            app.Run(context => AnswerAsync(context, model, isHonest));
            await app.StartAsync();
            _servers.Add(app);
        }
    }

    private string[] Started() => [.. Directory.GetFiles(_folder.FullName, "started.*").Where(file => new FileInfo(file).Length > 0).OrderBy(File.GetCreationTimeUtc)];

    private async Task AnswerAsync(HttpContext context, string model, bool isHonest)
    {
        switch (context.Request.Path.Value)
        {
            case "/health":
                await context.Response.WriteAsync("""{"status":"ok"}""");
                break;
            case "/v1/models":
                await context.Response.WriteAsync($$"""{"object":"list","data":[{"id":"{{model}}","object":"model"}]}""");
                break;
            case "/slots" when isHonest:
                await context.Response.WriteAsync("""[{"id":0,"is_processing":false}]""");
                break;
            case "/slots" when Slots is not null:
                await context.Response.WriteAsync(Slots);
                break;
            case "/metrics" when isHonest || Slots is not null:
                await context.Response.WriteAsync("llamacpp:prompt_tokens_total 0\n");
                break;
            case "/v1/chat/completions" when isHonest:
                await context.Response.WriteAsync("""{"choices":[{"index":0,"message":{"role":"assistant","content":"Yes."}}],"usage":{"completion_tokens":2}}""");
                break;
            case "/v1/chat/completions":
                // The stream has begun, and a sign of life comes now and then; no token.
                await context.Request.Body.CopyToAsync(Stream.Null);
                context.Response.ContentType = "text/event-stream";
                while (!context.RequestAborted.IsCancellationRequested)
                {
                    await context.Response.WriteAsync(":\n\n");
                    await context.Response.Body.FlushAsync();
                    await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }

                break;
            default:
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                break;
        }
    }
}
