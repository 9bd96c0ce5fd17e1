using Bunit;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.Web.Fleet;

namespace Comox.Web.Tests;

public sealed class FleetPageTests : IAsyncLifetime
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
    public void A_change_on_the_node_appears_without_asking()
    {
        var fleet = _page.Render<FleetPage>();
        Assert.Equal("ready", State(fleet));

        _fake.Node.Set(Some.Node(Some.Engine(EngineStates.Restarting, "Exited with code 137; starting again in 2 s") with { Restarts = 3 }));

        fleet.WaitForAssertion(() => Assert.Equal("restarting", State(fleet)));
        Assert.Contains("Exited with code 137; starting again in 2 s", fleet.Markup, StringComparison.Ordinal);
        Assert.Contains(fleet.FindAll("dd"), figure => figure.TextContent == "3" && figure.PreviousElementSibling!.TextContent == "Restarts");
    }

    [Fact]
    public async Task The_end_of_the_event_stream_is_the_loss_of_the_node_until_it_is_back()
    {
        var fleet = _page.Render<FleetPage>();
        var lost = _page.NextViewAsync(view => view.IsLost);

        _fake.Node.Drop();

        await lost;
        fleet.WaitForAssertion(() => Assert.NotNull(fleet.Find("[data-testid=node-lost]")));
        Assert.Equal("false", fleet.WaitForElement("[data-testid=node-card]").GetAttribute("data-connected"));

        _fake.Node.Restore();
        fleet.WaitForAssertion(() => Assert.Empty(fleet.FindAll("[data-testid=node-lost]")));
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

        var fleet = _page.Render<FleetPage>();
        fleet.WaitForAssertion(() => Assert.Contains("Back again", fleet.Markup, StringComparison.Ordinal));
        Assert.False(_page.Monitor.ExecuteTask!.IsCompleted);
    }

    [Fact]
    public async Task What_nobody_could_read_is_unknown_and_not_zero()
    {
        var changed = _page.NextViewAsync(view => view.Status?.Hardware.Cpu is null);
        _fake.Node.Set(Some.Node(hardware: new NodeHardware { OperatingSystem = "Linux" }));
        await changed;

        var fleet = _page.Render<FleetPage>();

        var figures = fleet.FindAll("dl.facts dd").Select(figure => figure.TextContent).Take(4);
        Assert.Equal(["unknown", "unknown", "unknown", "unknown"], figures);
    }

    [Fact]
    public void The_engines_log_is_read_when_it_is_opened()
    {
        var fleet = _page.Render<FleetPage>();

        fleet.WaitForElement("[data-testid=engine-log-button]").Click();

        fleet.WaitForAssertion(() => Assert.Equal("first line\nlast line", fleet.Find("[data-testid=engine-log]").TextContent));
    }

    private static string? State(IRenderedComponent<FleetPage> fleet) => fleet.Find("[data-testid=node-engine-state]").GetAttribute("data-state");
}
