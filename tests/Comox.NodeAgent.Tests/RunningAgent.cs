using System.Net.Http.Headers;
using Comox.NodeAgent.Engines;
using Comox.NodeAgent.Health;
using Comox.NodeAgent.Supervision;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Comox.NodeAgent.Tests;

/// <summary>A node agent on real Kestrel, with a data folder of its own, and with the real engine unless told otherwise.</summary>
internal sealed class RunningAgent : IAsyncDisposable
{
    public const string ServiceKey = "service-key-of-the-tests";

    private readonly WebApplication _app;
    private readonly DirectoryInfo _home;

    private RunningAgent(WebApplication app, DirectoryInfo home)
    {
        (_app, _home) = (app, home);
        Http = Client(ServiceKey);
        Node = new NodeAgentClient(Http, TimeProvider.System);
    }

    public HttpClient Http { get; }
    public NodeAgentClient Node { get; }
    public IServiceProvider Services => _app.Services;
    public string Home => _home.FullName;

    public static async Task<RunningAgent> StartAsync(Dictionary<string, string?>? settings = null, TimeProvider? time = null, string? home = null, ILoggerProvider? log = null, Action<IServiceCollection>? services = null)
    {
        var folder = home is null ? Directory.CreateTempSubdirectory("comox-node-") : new DirectoryInfo(home);
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        if (log is not null)
            builder.Logging.AddProvider(log);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            [ComoxHome.Setting] = folder.FullName,
            [ServiceAuthentication.ServiceKeySetting] = ServiceKey,
            ["HF_HUB_CACHE"] = null,
            ["HF_HOME"] = null,
            ["Comox:NodeAgent:EnginePath"] = TestKit.TestEngine.Path,
            ["Comox:NodeAgent:Offline"] = "true",
            ["Comox:NodeAgent:Threads"] = "1",
        });
        builder.Configuration.AddInMemoryCollection(settings ?? []);
        if (time is not null)
            builder.Services.AddSingleton(time);
        builder.AddNodeAgent();
        services?.Invoke(builder.Services);
        var app = builder.Build();
        app.MapHealthEndpoints();
        app.MapNodeAgent();
        await app.StartAsync();
        return new RunningAgent(app, folder);
    }

    public HttpClient Client(string? key)
    {
        var http = new HttpClient { BaseAddress = new Uri(_app.Urls.First()) };
        if (key is not null)
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return http;
    }

    public EngineHandle Engine => Services.GetRequiredService<EngineRegistry>().All[0];

    /// <summary>Waits, without asking again and again, until the chat engine's status is as wanted.</summary>
    public Task<EngineStatus> UntilAsync(string state) => UntilAsync(engine => engine.State == state);

    public Task<EngineStatus> UntilAsync(Func<EngineStatus, bool> wanted) => UntilAsync(Engine.Id, wanted);

    public async Task<EngineStatus> UntilAsync(string id, Func<EngineStatus, bool> wanted)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        var seen = new List<string>();
        try
        {
            await foreach (var status in Services.GetRequiredService<NodeStatusBoard>().WatchAsync(limit.Token))
            {
                var engine = status.Engines.Single(engine => engine.Id == id);
                seen.Add($"{engine.State}, {engine.Health}: {engine.Reason} {string.Join(' ', engine.HealthReasons)}");
                if (wanted(engine))
                    return engine;
            }
        }
        catch (OperationCanceledException)
        {
            // Told below, with what was seen instead.
        }

        throw new TimeoutException($"The wanted state did not come. Seen: {string.Join(" | ", seen)}");
    }

    /// <summary>What Ctrl-C does; clients stay as they are.</summary>
    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _home.Delete(recursive: true);
    }
}

/// <summary>Real time, some times faster: delays end early, their order stays.</summary>
internal sealed class HurriedTime(double factor) : TimeProvider
{
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new Timer(base.CreateTimer(callback, state, Shorter(dueTime), Shorter(period)), this);

    private TimeSpan Shorter(TimeSpan time) => time > TimeSpan.Zero ? time / factor : time;

    private sealed class Timer(ITimer timer, HurriedTime time) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(time.Shorter(dueTime), time.Shorter(period));
        public void Dispose() => timer.Dispose();
        public ValueTask DisposeAsync() => timer.DisposeAsync();
    }
}
