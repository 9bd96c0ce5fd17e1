using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Comox.Gateway;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Comox.TestKit;

namespace Comox.Benchmarks.BuiltInModel;

/// <param name="Text">What was answered.</param>
/// <param name="PromptTokens">As the engine counted them.</param>
internal sealed record TalkerReply(string Text, int PromptTokens);

/// <summary>A real llama-server with one model file, and the real gateway before it, on this machine.</summary>
internal sealed class TalkerServer : IAsyncDisposable
{
    public const int ContextTokens = 1024;
    private const string Model = "built-in";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly HttpClient _engine;
    private readonly TempHome _home = new();
    private TestService? _gateway;
    private HttpClient? _http;

    private TalkerServer(Process process, Uri engine) => (_process, _engine) = (process, new HttpClient { BaseAddress = engine, Timeout = Patience });

    /// <summary>From its start until it answers.</summary>
    public TimeSpan ReadyAfter { get; private set; }

    public static async Task<TalkerServer> StartAsync(string program, string file, int threads)
    {
        var port = LocalPort.Free().ToString(CultureInfo.InvariantCulture);
        string[] arguments =
        [
            "-m", file, "--alias", Model, "--host", "127.0.0.1", "--port", port, "-np", "1", "-c", ContextTokens.ToString(CultureInfo.InvariantCulture), "-t", threads.ToString(CultureInfo.InvariantCulture),
            "--cache-ram", "0", "--sse-ping-interval", "2", "--no-ui", "--offline",
        ];
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        var began = Stopwatch.GetTimestamp();
        var server = new TalkerServer(Process.Start(start)!, new Uri($"http://127.0.0.1:{port}"));
        try
        {
            // Nobody reads what it says; a full pipe would stop it.
            server._process.BeginOutputReadLine();
            server._process.BeginErrorReadLine();
            while (!await server.IsReadyAsync())
            {
                if (server._process.HasExited || Stopwatch.GetElapsedTime(began) > Patience)
                    throw new InvalidOperationException($"{program} does not serve {file}.");
                await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System);
            }

            server.ReadyAfter = Stopwatch.GetElapsedTime(began);
            server._gateway = await TestService.StartAsync(
                builder => builder.AddGateway(),
                app => app.MapGateway(),
                [
                    new("COMOX_HOME", server._home.Path), new("services:memory:http:0", "http://127.0.0.1:9"), new("Comox:Gateway:Routes:0:Model", Model), new("Comox:Gateway:Routes:0:Pools:0:Name", "here"),
                    new("Comox:Gateway:Routes:0:Pools:0:Backends:0:Name", "engine"), new("Comox:Gateway:Routes:0:Pools:0:Backends:0:Kind", "llama.cpp"),
                    new("Comox:Gateway:Routes:0:Pools:0:Backends:0:Url", server._engine.BaseAddress!.ToString()), new("Comox:Gateway:Routes:0:Pools:0:Backends:0:Slots", "1"),
                ]);
            server._http = server._gateway.CreateClient();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Through the gateway, at temperature 0.</summary>
    public async Task<TalkerReply> AskAsync(IReadOnlyList<ChatMessage> messages)
    {
        var answer = await PostAsync(_http!, "v1/chat/completions", Body(messages, TalkerPrompts.ReplyTokens));
        return new TalkerReply(answer.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString() ?? "", answer.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    /// <summary>Tokens of a prompt, in the template of the model.</summary>
    public async Task<int> CountAsync(IReadOnlyList<ChatMessage> messages) =>
        (await PostAsync(_engine, "v1/chat/completions/input_tokens", Body(messages, 1))).GetProperty("input_tokens").GetInt32();

    /// <summary>Tokens per second of one stream that is made to go on, and of reading the prompt, as the engine measures them.</summary>
    public async Task<(double Written, double Read)> SpeedAsync(IReadOnlyList<ChatMessage> messages)
    {
        var body = Body(messages, 200);
        (body["ignore_eos"], body["cache_prompt"]) = (true, false);
        var timings = (await PostAsync(_engine, "v1/chat/completions", body)).GetProperty("timings");
        return (timings.GetProperty("predicted_per_second").GetDouble(), timings.GetProperty("prompt_per_second").GetDouble());
    }

    /// <summary>What the engine holds of this machine's memory, in MB of a million bytes.</summary>
    public double ResidentMegabytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64 / 1e6;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _http?.Dispose();
        if (_gateway is not null)
            await _gateway.DisposeAsync();
        _engine.Dispose();
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _home.Dispose();
    }

    private static JsonObject Body(IReadOnlyList<ChatMessage> messages, int tokens) => new()
    {
        ["model"] = Model,
        ["temperature"] = 0,
        ["max_tokens"] = tokens,
        ["messages"] = new JsonArray([.. messages.Select(message => new JsonObject { ["role"] = message.Role, ["content"] = message.Content })]),
    };

    private static async Task<JsonElement> PostAsync(HttpClient http, string path, JsonObject body)
    {
        using var response = await http.PostAsync(path, JsonContent.Create(body));
        var text = await response.Content.ReadAsStringAsync();
        if (!response.IsSuccessStatusCode)
            throw new InvalidOperationException($"{path}: {(int)response.StatusCode} {text}");
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            using var health = await _engine.GetAsync("health");
            return health.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
