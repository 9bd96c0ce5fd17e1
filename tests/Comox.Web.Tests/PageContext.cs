using System.Net.Http.Headers;
using Bunit;
using Comox.ServiceDefaults.Clients;
using Comox.Web.Chat;
using Comox.Web.Fleet;
using Comox.Web.Layout;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using MudBlazor.Services;

namespace Comox.Web.Tests;

/// <summary>One circuit: pages rendered by bUnit, with the real clients and the real node monitor against a <see cref="FakeComox"/>.</summary>
internal sealed class PageContext : BunitContext
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly HttpClient _http;
    private readonly NodeMonitor _monitor;
    private readonly FleetMonitor _fleet;
    private readonly ServiceProvider _clients;
    private readonly FakeHost _host = new();

    private PageContext(FakeComox fake)
    {
        _http = new HttpClient { BaseAddress = new Uri(fake.Address), Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", FakeComox.ServiceKey);
        DefaultWaitTimeout = Patience;
        JSInterop.Mode = JSRuntimeMode.Loose;
        Services.AddMudServices();
        Services.AddSingleton(TimeProvider.System);
        Services.AddSingleton(new MemoryClient(_http));
        Services.AddSingleton(new GatewayChatClient(_http));
        Services.AddSingleton(new GatewayAdminClient(_http));
        Services.AddTransient<ModelWarmUp>();
        Services.AddSingleton(new NodeAgentClient(_http, TimeProvider.System));
        Services.AddSingleton<IHostApplicationLifetime>(_host);
        Services.AddSingleton<PageHandover>();
        Services.AddSingleton<RepliesInProgress>();
        Services.AddSingleton(Options.Create(new WebOptions { MaxCardBytes = 1_000 }));
        _clients = new ServiceCollection().AddSingleton(new NodeAgentClient(_http, TimeProvider.System)).AddSingleton(new GatewayAdminClient(_http)).BuildServiceProvider();
        var scopes = _clients.GetRequiredService<IServiceScopeFactory>();
        _monitor = new NodeMonitor(scopes, TimeProvider.System, _host, NullLogger<NodeMonitor>.Instance);
        _fleet = new FleetMonitor(scopes, TimeProvider.System, _host, NullLogger<FleetMonitor>.Instance);
        Services.AddSingleton(_monitor);
        Services.AddSingleton(_fleet);
        Services.AddHttpClient(nameof(NodeAgentClient), http => http.DefaultRequestHeaders.Authorization = _http.DefaultRequestHeaders.Authorization);
        Services.AddSingleton<EngineLogs>();
        SetRendererInfo(new RendererInfo("Server", isInteractive: true)); // Closes the list of services.
    }

    public NodeMonitor Monitor => _monitor;
    public FleetMonitor Fleet => _fleet;

    /// <summary>What every part of the host hears first when it is told to stop.</summary>
    public void StopHost() => _host.Stop();

    public static async Task<PageContext> StartAsync(FakeComox fake)
    {
        var page = new PageContext(fake);
        var heard = page.NextViewAsync(view => view.Connected);
        await page._monitor.StartAsync(default);
        await page._fleet.StartAsync(default);
        await heard;
        return page;
    }

    /// <summary>Types a message and sends it, as soon as it can be: what is sent while nobody can type is not taken.</summary>
    public static void Send(IRenderedComponent<ChatPage> chat, string text)
    {
        chat.WaitForAssertion(() => Assert.False(chat.Find("[data-testid=composer]").HasAttribute("disabled")));
        chat.WaitForElement("[data-testid=composer]").Input(text);
        chat.WaitForElement("form").Submit();
    }

    /// <summary>Types into the field whatever the page is doing: each of its renders gives the field a new listener, and none comes in between.</summary>
    public static Task TypeAsync(IRenderedComponent<ChatPage> chat, string text) => chat.InvokeAsync(() => chat.Find("[data-testid=composer]").Input(text));

    /// <summary>Ends when the monitor knows what is asked for.</summary>
    public Task NextViewAsync(Func<NodeView, bool> wanted)
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _monitor.Changed += () =>
        {
            if (wanted(_monitor.Current))
                seen.TrySetResult();
        };
        return seen.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);
    }

    protected override async ValueTask DisposeAsyncCore()
    {
        await base.DisposeAsyncCore();
        await _monitor.StopAsync(default);
        await _fleet.StopAsync(default);
        _monitor.Dispose();
        _fleet.Dispose();
        await _clients.DisposeAsync();
        _host.Dispose();
        _http.Dispose();
    }
}
