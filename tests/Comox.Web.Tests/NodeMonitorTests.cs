using Bunit;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.Web.Layout;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Comox.Web.Tests;

/// <summary>The node that people chat with, on every page.</summary>
public sealed class NodeMonitorTests : IAsyncLifetime
{
    private FakeComox _fake = null!;
    private PageContext _page = null!;

    public async ValueTask InitializeAsync()
    {
        _fake = await FakeComox.StartAsync();
        _page = await PageContext.StartAsync(_fake);
    }

    public async ValueTask DisposeAsync()
    {
        Assert.Empty(_fake.Violations);
        await _page.DisposeAsync();
        await _fake.DisposeAsync();
    }

    [Fact]
    public void The_end_of_the_event_stream_is_the_loss_of_the_node_until_it_is_back()
    {
        var chip = _page.Render<EngineChip>();
        Assert.Equal("ready", State(chip));

        _fake.Node.Drop();
        chip.WaitForAssertion(() => Assert.Equal("lost", State(chip)));

        _fake.Node.Restore();
        chip.WaitForAssertion(() => Assert.Equal("ready", State(chip)));
    }

    /// <summary>What hears of the stop first is the node: the last to register is the first to be called.</summary>
    [Fact]
    public void The_end_of_the_event_stream_while_the_host_stops_is_no_loss()
    {
        using var changed = new ManualResetEventSlim();
        var wasLost = false;
        _page.Monitor.Changed += changed.Set;
        _page.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(() =>
        {
            _fake.Node.Drop();
            wasLost = changed.Wait(TimeSpan.FromMilliseconds(500), TestContext.Current.CancellationToken);
        });

        _page.StopHost();

        Assert.False(wasLost);
        Assert.True(_page.Monitor.Current.Connected);
    }

    [Fact]
    public void An_exception_that_nobody_foresaw_ends_neither_the_watch_nor_the_host()
    {
        var failures = 1;
        _page.Monitor.Changed += () =>
        {
            if (failures-- > 0)
                throw new InvalidOperationException("Nobody foresaw this.");
        };

        _fake.Node.Set(Some.Node(Some.Engine(EngineStates.Restarting)));
        _fake.Node.Set(Some.Node(Some.Engine(reason: "Back again")));

        var chip = _page.Render<EngineChip>();
        chip.WaitForAssertion(() => Assert.Contains("Back again", chip.Markup, StringComparison.Ordinal));
        Assert.False(_page.Monitor.ExecuteTask!.IsCompleted);
    }

    private static string? State(IRenderedComponent<EngineChip> chip) => chip.Find("[data-testid=engine-state]").GetAttribute("data-state");
}
