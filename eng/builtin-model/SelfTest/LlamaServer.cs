using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Comox.BuiltInModel.SelfTest;

/// <summary>A real llama-server with one model, on a free port of this machine.</summary>
internal sealed class LlamaServer : IDisposable
{
    private readonly Process _process;
    private readonly HttpClient _http;

    private LlamaServer(Process process, HttpClient http) => (_process, _http) = (process, http);

    public static async Task<LlamaServer> Start(string program, string model, params string[] more)
    {
        var port = FreePort();

        // Keys and values as exact as here: else a near tie between two tokens is decided by rounding.
        string[] exact = ["-ctk", "f32", "-ctv", "f32", "-fa", "off"];
        string[] arguments = ["-m", model, "--host", "127.0.0.1", "--port", $"{port}", "-np", "1", "-c", "1024", "--no-ui", "--offline", .. exact, .. more];

        var process = Process.Start(Command(program, arguments))!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var server = new LlamaServer(process, new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromMinutes(2) });
        for (var turn = 0; turn < 600 && !process.HasExited; turn++)
        {
            if (await server.IsReady())
                return server;
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }

        server.Dispose();
        throw new InvalidDataException($"{program} does not start with {string.Join(' ', arguments)}.");
    }

    /// <summary>A program of the machine: the libraries that this one runs with (run.sh) are not those that it was built for.</summary>
    public static ProcessStartInfo Command(string program, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var own in new[] { "LD_LIBRARY_PATH", "LD_PRELOAD", "MALLOC_CONF" })
            start.Environment.Remove(own);
        return start;
    }

    public async Task<int[]> Tokenize(string text) =>
        [.. (await Post("/tokenize", new JsonObject { ["content"] = text, ["add_special"] = true }))["tokens"]!.AsArray().Select(id => id!.GetValue<int>())];

    public async Task<string> Prompt(JsonArray messages) => (await Post("/apply-template", new JsonObject { ["messages"] = messages }))["prompt"]!.GetValue<string>();

    /// <returns>The ids of the likeliest continuation.</returns>
    public async Task<int[]> Continue(int[] prompt, int count) =>
        [.. (await Post("/completion", new JsonObject
        {
            ["prompt"] = new JsonArray([.. prompt.Select(id => JsonValue.Create(id))]),
            ["n_predict"] = count,
            ["temperature"] = 0,
            ["return_tokens"] = true,
            ["cache_prompt"] = false,
        }))["tokens"]!.AsArray().Select(id => id!.GetValue<int>())];

    public async Task<JsonNode> Post(string path, JsonObject body)
    {
        using var answer = await _http.PostAsync(path, new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"));
        var text = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode ? JsonNode.Parse(text)! : throw new InvalidDataException($"{path}: {text}");
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _http.Dispose();
    }

    private async Task<bool> IsReady()
    {
        try
        {
            using var answer = await _http.GetAsync("/health");
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
