using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Comox.NodeAgent;
using Comox.NodeAgent.Swapping;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Comox.Benchmarks;

/// <summary>
/// <c>warmup --engine LLAMA_SERVER --model FILE.gguf [--rounds 5]</c>: from the message to its first token on a real llama-server, for a model that is not in memory and whose file the
/// system has forgotten: without a hint; after a hint on a node without room, which reads the file ahead; after a hint on a node with room, which loads it. A round has all three, one after
/// the other. What a hint does is over before the message is sent: a person reads and writes for longer than that.
/// </summary>
internal static class WarmUpSpeed
{
    private const string Key = "benchmark-service-key-0123456789";
    private const long Ample = 40_000_000_000;

    public static async Task<int> RunAsync(string[] args)
    {
        var (engine, model) = (Arguments.Option(args, "--engine"), Arguments.Option(args, "--model"));
        if (engine is null || model is null)
        {
            Console.Error.WriteLine("warmup --engine LLAMA_SERVER --model FILE.gguf [--rounds 5]");
            return 2;
        }

        var home = Directory.CreateTempSubdirectory("comox-warmup-").FullName;
        try
        {
            foreach (var name in (string[])["ada", "brine"])
                File.Copy(model, Path.Combine(home, $"{name}.gguf"));
            var room = await RoomForOneAsync(home, engine);
            var (without, ahead, loaded) = (new List<double>(), new List<double>(), new List<double>());
            for (var round = 0; round < (Arguments.Whole(args, "--rounds") ?? 5); round++)
            {
                without.Add(await MeasureAsync(home, engine, room, hint: null));
                ahead.Add(await MeasureAsync(home, engine, room, WarmActions.ReadAhead));
                loaded.Add(await MeasureAsync(home, engine, Ample, WarmActions.Load));
            }

            Console.WriteLine("| the model's file | first token without a hint, p50 | file read ahead (no room) | loaded (room) |");
            Console.WriteLine("|---|---|---|---|");
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {new FileInfo(model).Length / 1e6:F0} MB | {Middle(without):F2} s | {Middle(ahead):F2} s | {Middle(loaded):F2} s |"));
            return 0;
        }
        finally
        {
            Directory.Delete(home, recursive: true);
        }
    }

    private static async Task<long> RoomForOneAsync(string home, string engine)
    {
        await using var app = await StartAsync(home, engine, Ample);
        using var http = ClientOf(app);
        return (await UntilAsync(new NodeAgentClient(http, TimeProvider.System), "ada", EngineStates.Unloaded)).MemoryBytes!.Value * 3 / 2;
    }

    private static async Task<double> MeasureAsync(string home, string engine, long memory, string? hint)
    {
        var file = Path.Combine(home, "brine.gguf");
        await using var app = await StartAsync(home, engine, memory);
        using var http = ClientOf(app);
        var node = new NodeAgentClient(http, TimeProvider.System);
        foreach (var name in (string[])["ada", "brine"])
            await UntilAsync(node, name, EngineStates.Unloaded);
        await AskAsync(http, "ada");
        await ForgetAsync(file);
        if (hint is not null)
        {
            var warming = await node.WarmAsync("brine");
            if (warming.Value?.Action != hint)
                throw new InvalidOperationException($"The hint led to {warming.Value?.Action ?? warming.Error?.Message} and not to {hint}.");
            if (hint == WarmActions.Load)
                await UntilAsync(node, "brine", EngineStates.Ready);
            while (hint == WarmActions.ReadAhead && PageCache.ResidentShare(file) < 1)
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }

        return await AskAsync(http, "brine");
    }

    private static HttpClient ClientOf(WebApplication app)
    {
        var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()), Timeout = Timeout.InfiniteTimeSpan };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
        return http;
    }

    private static async Task<WebApplication> StartAsync(string home, string engine, long memory)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Production", ContentRootPath = home });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["COMOX_HOME"] = Path.Combine(home, "data"), ["Comox:ServiceKey"] = Key, ["urls"] = "http://127.0.0.1:0", ["HF_HUB_CACHE"] = null, ["HF_HOME"] = null,
            ["Comox:NodeAgent:EnginePath"] = engine, ["Comox:NodeAgent:Offline"] = "true", ["Comox:NodeAgent:Threads"] = "2",
            ["Comox:NodeAgent:Swapping:MemoryBytes"] = memory.ToString(CultureInfo.InvariantCulture), ["Comox:NodeAgent:Swapping:MinResidency"] = "00:00:00",
            ["Comox:NodeAgent:Models:0:Model"] = Path.Combine(home, "ada.gguf"), ["Comox:NodeAgent:Models:0:Name"] = "ada",
            ["Comox:NodeAgent:Models:1:Model"] = Path.Combine(home, "brine.gguf"), ["Comox:NodeAgent:Models:1:Name"] = "brine",
        });
        builder.Logging.ClearProviders();
        builder.AddNodeAgent();
        var app = builder.Build();
        app.MapNodeAgent();
        await app.StartAsync();
        return app;
    }

    private static async Task<EngineStatus> UntilAsync(NodeAgentClient node, string engine, string state)
    {
        await foreach (var status in node.WatchAsync())
        {
            var found = status.Engines.Single(known => known.Id == engine);
            if (found.State == state)
                return found;
            if (found.State == EngineStates.Failed)
                throw new InvalidOperationException(found.Reason);
        }

        throw new InvalidOperationException("The agent has stopped.");
    }

    /// <summary>Seconds from the message to the first event of its answer.</summary>
    private static async Task<double> AskAsync(HttpClient http, string engine)
    {
        const string Body = """{"stream":true,"max_tokens":4,"messages":[{"role":"user","content":"Hello!"}]}""";
        using var request = new HttpRequestMessage(HttpMethod.Post, $"node/engines/{engine}/proxy/v1/chat/completions") { Content = new StringContent(Body, Encoding.UTF8, "application/json") };
        var start = Stopwatch.GetTimestamp();
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        // llama-server says who speaks before it has read the prompt; the second event is a token, or the end.
        for (var events = 0; events < 2 && await reader.ReadLineAsync() is { } line;)
            events += line.StartsWith("data:", StringComparison.Ordinal) ? 1 : 0;
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        await reader.ReadToEndAsync();
        return seconds;
    }

    // posix_fadvise(DONTNEED), which dd has a name for.
    private static async Task ForgetAsync(string file)
    {
        using var dd = Process.Start(new ProcessStartInfo("dd", ["if=/dev/null", $"of={file}", "oflag=nocache", "conv=notrunc,fdatasync", "count=0"]) { RedirectStandardError = true })!;
        await dd.WaitForExitAsync();
        if (PageCache.ResidentShare(file) is not < 0.1)
            throw new InvalidOperationException($"The system does not forget {file}.");
    }

    private static double Middle(List<double> seconds) => seconds.Order().ElementAt(seconds.Count / 2);
}
