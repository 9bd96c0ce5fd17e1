using System.Text;
using System.Text.Json;

namespace Comox.FakeBackend.Vllm;

/// <summary>vLLM's side of HTTP, from its routers: what wants the key, what exists only in which mode, and the very words of the answers.</summary>
internal sealed class FakeVllmServer(FakeVllmArguments arguments, FakeVllmCard card)
{
    private static readonly string[] Tokens = ["Hello", " from", " a", " fake", " vLLM", "."];

    private readonly string? _key = Environment.GetEnvironmentVariable("VLLM_API_KEY") ?? arguments.Text("--api-key");
    private readonly bool _isDevelopment = Environment.GetEnvironmentVariable("VLLM_SERVER_DEV_MODE") == "1";
    private readonly bool _mayAdapt = Environment.GetEnvironmentVariable("VLLM_ALLOW_RUNTIME_LORA_UPDATING") is "True" or "1" or "true";
    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, string> _adapters = [];
    private bool _isAsleep;
    private TaskCompletionSource? _adapting;
    private int _running;
    private long _tokens;

    /// <summary>Nothing listens meanwhile.</summary>
    public async Task LoadAsync()
    {
        await Task.Delay(TimeSpan.FromMilliseconds(FakeVllm.Is("slow") ? 2000 : 50), TimeProvider.System);
        card.Hold();
    }

    public async Task<int> ServeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://{arguments.Text("--host") ?? "0.0.0.0"}:{arguments.Int("--port", 8000)}");
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(arguments.Int("--shutdown-timeout", 0)));
        await using var app = builder.Build();
        app.Run(AnswerAsync);
        await app.StartAsync();
        FakeVllm.Say("INFO:     Application startup complete.");
        await app.WaitForShutdownAsync();
        card.Free();
        return 0;
    }


    private async Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        if (_key is not null && path.StartsWith("/v1", StringComparison.Ordinal) && context.Request.Headers.Authorization != $"Bearer {_key}")
        {
            await JsonAsync(context, 401, """{"error":"Unauthorized"}""");
            return;
        }

        await ((context.Request.Method, path) switch
        {
            ("GET", "/health") => Task.CompletedTask,
            ("GET", "/version") => JsonAsync(context, 200, $$"""{"version":"{{FakeVllm.Version}}"}"""),
            ("GET", "/metrics") => TextAsync(context, 200, new FakeMetrics { Engine = FakeMetrics.Vllm }.Write(_running, _tokens, arguments.Name)),
            ("GET", "/v1/models") => JsonAsync(context, 200, Models()),
            ("POST", "/v1/chat/completions") => CompleteAsync(context, isChat: true),
            ("POST", "/v1/completions") => CompleteAsync(context, isChat: false),
            ("POST", "/sleep") when _isDevelopment => SleepAsync(context),
            ("POST", "/wake_up") when _isDevelopment => WakeAsync(context),
            ("GET", "/is_sleeping") when _isDevelopment => JsonAsync(context, 200, $$"""{"is_sleeping":{{(_isAsleep ? "true" : "false")}}}"""),
            ("POST", "/reset_prefix_cache") when _isDevelopment => Task.CompletedTask,
            ("POST", "/v1/load_lora_adapter") when _mayAdapt => LoadAdapterAsync(context),
            ("POST", "/v1/unload_lora_adapter") when _mayAdapt => UnloadAdapterAsync(context),
            _ => JsonAsync(context, 404, """{"detail":"Not Found"}"""),
        });
    }

    private async Task SleepAsync(HttpContext context)
    {
        if (!arguments.Has("--enable-sleep-mode"))
        {
            // An assertion of its allocator, which the server answers for.
            await TextAsync(context, 500, "Internal Server Error");
            return;
        }

        _isAsleep = true;
        card.Sleep();
    }

    private Task WakeAsync(HttpContext context)
    {
        if (FakeVllm.Is("no-wake"))
            return TextAsync(context, 500, "Internal Server Error");
        card.Wake();
        _isAsleep = false;
        return Task.CompletedTask;
    }

    private async Task CompleteAsync(HttpContext context, bool isChat)
    {
        using var body = await JsonDocument.ParseAsync(context.Request.Body);
        var model = body.RootElement.TryGetProperty("model", out var named) ? named.GetString() : null;
        if (model != arguments.Name && !_adapters.ContainsKey(model ?? ""))
        {
            await JsonAsync(context, 404, $$$"""{"error":{"message":"The model `{{{model}}}` does not exist.","type":"NotFoundError","param":"model","code":404}}""");
            return;
        }

        if (_isAsleep)
        {
            // Its engine takes the request and computes on memory that is not there.
            await JsonAsync(context, 500, """{"error":{"message":"EngineCore encountered an issue. See stack trace (above) for the root cause.","type":"InternalServerError","param":null,"code":500}}""");
            return;
        }

        var most = body.RootElement.TryGetProperty("max_tokens", out var limit) && limit.TryGetInt32(out var number) ? number : 16;
        Interlocked.Increment(ref _running);
        try
        {
            if (body.RootElement.TryGetProperty("stream", out var stream) && stream.ValueKind == JsonValueKind.True)
                await StreamAsync(context, model!, most);
            else
                await JsonAsync(context, 200, Whole(model!, isChat, string.Concat(Said(most))));
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }

    private IEnumerable<string> Said(int most)
    {
        for (var at = 0; at < most; at++)
        {
            Interlocked.Increment(ref _tokens);
            yield return Tokens[at % Tokens.Length];
        }
    }

    // The first delta has the role and an empty text; there are no timings, and usage only for who asks for it.
    private async Task StreamAsync(HttpContext context, string model, int most)
    {
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        await EventAsync("""{"role":"assistant","content":""}""", "null");
        foreach (var token in Said(most))
        {
            await (_adapting?.Task ?? Task.CompletedTask);
            // It goes on with its batch, on memory that is not there.
            if (_isAsleep)
                Environment.Exit(139);
            await EventAsync($$"""{"content":"{{token}}"}""", "null");
            // Longer answers take their time, so that there is something to wait for.
            if (most > 16)
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, context.RequestAborted);
        }

        await EventAsync("{}", "\"length\"");
        await context.Response.WriteAsync("data: [DONE]\n\n");

        async Task EventAsync(string delta, string finish)
        {
            await context.Response.WriteAsync(
                $$"""data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1795419634,"model":"{{model}}","choices":[{"index":0,"delta":{{delta}},"logprobs":null,"finish_reason":{{finish}}}]}""" + "\n\n");
            await context.Response.Body.FlushAsync();
        }
    }

    private async Task LoadAdapterAsync(HttpContext context)
    {
        using var body = await JsonDocument.ParseAsync(context.Request.Body);
        var (name, path) = (Field(body, "lora_name"), Field(body, "lora_path"));
        if (!arguments.Has("--enable-lora") || name is null || path is null)
            await JsonAsync(context, 400, """{"error":{"message":"Both 'lora_name' and 'lora_path' must be provided.","type":"InvalidUserInput","param":null,"code":400}}""");
        else if (!_adapters.ContainsKey(name) && Unfit(path) is { } unfit)
            await JsonAsync(context, unfit.Status, $$$"""{"error":{"message":"{{{unfit.Words}}}","type":"BadRequestError","param":null,"code":{{{unfit.Status}}}}}""");
        else if (FakeVllm.Is("slow-adapter") && Interlocked.CompareExchange(ref _adapting, new TaskCompletionSource(), null) is null)
            await LoadSlowlyAsync(context, name, path);
        else if (!_adapters.TryAdd(name, path))
            await JsonAsync(context, 400, $$$"""{"error":{"message":"The lora adapter '{{{name}}}' has already been loaded. If you want to load the adapter in place, set 'load_inplace' to True.","type":"InvalidUserInput","param":null,"code":400}}""");
        else
            await TextAsync(context, 200, $"Success: LoRA adapter '{name}' added successfully.");
    }

    // Between two steps of its engine: no token of anybody's is written meanwhile.
    private async Task LoadSlowlyAsync(HttpContext context, string name, string path)
    {
        await Task.Delay(TimeSpan.FromSeconds(3), TimeProvider.System);
        _adapters[name] = path;
        _adapting!.SetResult();
        await TextAsync(context, 200, $"Success: LoRA adapter '{name}' added successfully.");
    }

    // What its engine says of an adapter that it cannot read.
    private (int Status, string Words)? Unfit(string path)
    {
        var config = Path.Combine(path, "adapter_config.json");
        if (!File.Exists(config))
            return (404, $"Loading lora failed: No adapter found for {path}");
        using var json = JsonDocument.Parse(File.ReadAllBytes(config));
        var (rank, most) = (json.RootElement.GetProperty("r").GetInt32(), arguments.Int("--max-lora-rank", 16));
        return rank > most ? (400, $"LoRA rank {rank} is greater than max_lora_rank {most}.") : null;
    }

    private async Task UnloadAdapterAsync(HttpContext context)
    {
        using var body = await JsonDocument.ParseAsync(context.Request.Body);
        var name = Field(body, "lora_name");
        await (name is not null && _adapters.TryRemove(name, out _)
            ? TextAsync(context, 200, $"Success: LoRA adapter '{name}' removed successfully.")
            : JsonAsync(context, 404, $$$"""{"error":{"message":"The lora adapter '{{{name}}}' cannot be found.","type":"NotFoundError","param":null,"code":404}}"""));
    }

    private string Models()
    {
        var cards = new[] { $$"""{"id":"{{arguments.Name}}","object":"model","created":1795419634,"owned_by":"vllm","root":"{{arguments.Model}}","parent":null,"max_model_len":{{arguments.Int("--max-model-len", 4096)}}}""" }
            .Concat(_adapters.Select(adapter => $$"""{"id":"{{adapter.Key}}","object":"model","created":1795419634,"owned_by":"vllm","root":"{{adapter.Value}}","parent":"{{arguments.Name}}"}"""));
        return $$"""{"object":"list","data":[{{string.Join(',', cards)}}]}""";
    }

    private static string Whole(string model, bool isChat, string text) => isChat
        ? $$$"""{"id":"chatcmpl-1","object":"chat.completion","created":1795419634,"model":"{{{model}}}","choices":[{"index":0,"message":{"role":"assistant","content":"{{{text}}}","tool_calls":[]},"logprobs":null,"finish_reason":"length"}],"usage":{"prompt_tokens":7,"total_tokens":13,"completion_tokens":6}}"""
        : $$$"""{"id":"cmpl-1","object":"text_completion","created":1795419634,"model":"{{{model}}}","choices":[{"index":0,"text":"{{{text}}}","logprobs":null,"finish_reason":"length"}],"usage":{"prompt_tokens":1,"total_tokens":7,"completion_tokens":6}}""";

    private static string? Field(JsonDocument body, string name) => body.RootElement.TryGetProperty(name, out var field) && field.ValueKind == JsonValueKind.String ? field.GetString() : null;

    private static async Task JsonAsync(HttpContext context, int status, string json)
    {
        (context.Response.StatusCode, context.Response.ContentType) = (status, "application/json");
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(json));
    }

    private static async Task TextAsync(HttpContext context, int status, string text)
    {
        (context.Response.StatusCode, context.Response.ContentType) = (status, "text/plain; charset=utf-8");
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text));
    }
}
