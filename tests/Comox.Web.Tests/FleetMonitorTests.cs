using System.Net.Http.Headers;
using Comox.ServiceDefaults.Clients;
using Comox.Web.Fleet;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Comox.Web.Tests;

/// <summary>One asks for all, and nobody while nobody looks.</summary>
public sealed class FleetMonitorTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly PausedTime _time = new();
    private readonly FakeHost _host = new();
    private readonly Questions _questions = new();
    private FakeComox _fake = null!;
    private ServiceProvider _services = null!;
    private FleetMonitor _monitor = null!;

    public async ValueTask InitializeAsync()
    {
        _fake = await FakeComox.StartAsync();
        var http = new HttpClient(_questions) { BaseAddress = new Uri(_fake.Address) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", FakeComox.ServiceKey);
        _services = new ServiceCollection().AddSingleton(new GatewayAdminClient(http)).BuildServiceProvider();
        _monitor = new FleetMonitor(_services.GetRequiredService<IServiceScopeFactory>(), _time, _host, NullLogger<FleetMonitor>.Instance);
        await _monitor.StartAsync(default);
    }

    public async ValueTask DisposeAsync()
    {
        Assert.Empty(_fake.Violations);
        await _monitor.StopAsync(default);
        _monitor.Dispose();
        await _services.DisposeAsync();
        await _fake.DisposeAsync();
        _host.Dispose();
    }

    [Fact]
    public async Task The_gateway_is_asked_once_for_all_who_look_and_not_at_all_while_nobody_does()
    {
        Assert.Equal(0, _questions.Nodes);
        var (first, second) = (await WatchAsync(), _monitor.Watch(() => { }));
        await _time.PausedAsync();
        Assert.Equal(1, _questions.Nodes);

        first.Dispose();
        _time.Advance(FleetMonitor.Pause);
        await _time.PausedAsync();
        Assert.Equal(2, _questions.Nodes);

        // The loop goes on inside Advance, up to where it asks or waits for somebody.
        second.Dispose();
        _time.Advance(FleetMonitor.Pause);
        Assert.Equal(2, _questions.Nodes);

        using var third = await WatchAsync();
        Assert.Equal(3, _questions.Nodes);
    }

    [Fact]
    public async Task Who_comes_back_after_a_while_is_shown_nothing_old()
    {
        (await WatchAsync()).Dispose();
        await _time.PausedAsync();
        Assert.NotNull(_monitor.Current.Nodes);

        _time.Advance(TimeSpan.FromSeconds(6));
        _fake.Fleet.Set(Some.Entry("new"));
        var seen = new List<FleetView>();
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var watching = _monitor.Watch(() =>
        {
            seen.Add(_monitor.Current);
            heard.TrySetResult();
        });
        await heard.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);

        Assert.Equal("new", Assert.Single(seen[0].Nodes!).Name);
    }

    [Fact]
    public async Task An_exception_that_nobody_foresaw_does_not_end_it()
    {
        using (_monitor.Watch(() => throw new InvalidOperationException("Nobody foresaw this.")))
            await _time.PausedAsync();

        _time.Advance(FleetMonitor.Pause);
        using var watching = await WatchAsync();
        Assert.False(_monitor.ExecuteTask!.IsCompleted);
    }

    [Fact]
    public async Task It_ends_with_the_host_while_somebody_looks()
    {
        using var watching = await WatchAsync();

        _host.Stop();

        await _monitor.ExecuteTask!.WaitAsync(Patience, TestContext.Current.CancellationToken);
    }

    private async Task<IDisposable> WatchAsync()
    {
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var watching = _monitor.Watch(() => heard.TrySetResult());
        await heard.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);
        return watching;
    }

    /// <summary>Says when the monitor pauses.</summary>
    private sealed class PausedTime : FakeTimeProvider
    {
        private readonly SemaphoreSlim _paused = new(0);

        public async Task PausedAsync() => Assert.True(await _paused.WaitAsync(Patience, TestContext.Current.CancellationToken));

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            if (dueTime == FleetMonitor.Pause)
                _paused.Release();
            return timer;
        }
    }

    /// <summary>Counts at the moment of asking.</summary>
    private sealed class Questions : DelegatingHandler
    {
        private int _nodes;

        public Questions()
            : base(new SocketsHttpHandler())
        {
        }

        public int Nodes => Volatile.Read(ref _nodes);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri!.AbsolutePath == "/gateway/nodes")
                Interlocked.Increment(ref _nodes);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
