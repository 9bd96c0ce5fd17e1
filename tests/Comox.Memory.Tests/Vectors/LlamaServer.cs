using System.Diagnostics;
using System.Globalization;
using Comox.TestKit;

namespace Comox.Memory.Tests.Vectors;

/// <summary>The real llama-server with a built-in model, on 127.0.0.1. The test is skipped where this machine can have none.</summary>
internal sealed class LlamaServer : IAsyncDisposable
{
    private readonly Process _process;

    private LlamaServer(Process process, Uri address) => (_process, Address) = (process, address);

    public Uri Address { get; }

    /// <summary>With the embedding model.</summary>
    public static Task<LlamaServer> StartAsync() => StartAsync("tiny-embed.gguf", "--alias", "tiny-embed", "--embeddings");

    public static async Task<LlamaServer> StartAsync(string model, params string[] arguments)
    {
        Assert.SkipWhen(TestEngine.Path is null, TestEngine.SkipReason);
        var port = LocalPort.Free();
        var start = new ProcessStartInfo(
            TestEngine.Path,
            [
                "--model", Repository.PathTo("Comox.NodeAgent", "ModelCache", "BuiltIn", model), .. arguments,
                "--host", "127.0.0.1", "--port", port.ToString(CultureInfo.InvariantCulture), "--threads", "1", "--no-ui", "--offline",
            ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var process = Process.Start(start)!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var server = new LlamaServer(process, new Uri($"http://127.0.0.1:{port}"));
        try
        {
            using var http = new HttpClient { BaseAddress = server.Address };
            await Eventually.IsTrueAsync(() => server.IsReadyAsync(http), "llama-server is ready");
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }

        return server;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private async Task<bool> IsReadyAsync(HttpClient http)
    {
        if (_process.HasExited)
            throw new InvalidOperationException($"llama-server ended with {_process.ExitCode}.");
        try
        {
            using var response = await http.GetAsync("health");
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
