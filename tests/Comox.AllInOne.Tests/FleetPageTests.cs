using Comox.FakeBackend;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.TestKit;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Comox.AllInOne.Tests;

/// <summary>The fleet page in a real browser, over a real gateway that knows two node agents.</summary>
public sealed class FleetPageTests
{
    private const string ServiceKey = "service-key-of-the-fleet";
    private const string Fallen = "XID 79: the card has fallen off the bus. Reboot the node.";

    [Fact]
    public async Task A_lost_node_and_an_ejected_card_are_explained_and_the_page_follows()
    {
        await using var browser = await Browser.LaunchAsync();
        await using var sick = await FakeBackendServer.StartAsync(ServiceKey);
        var gone = await FakeBackendServer.StartAsync(ServiceKey);
        sick.Status = WithCard("gpu-7", Card() with { Health = Healths.Ejected, Reasons = [Fallen], LastXid = new GpuXid(79, "the card has fallen off the bus", TimeProvider.System.GetUtcNow()) });
        gone.Status = FakeNode.Ready("gpu-3", "qwen3-32b");
        using var home = new TempHome();
        await using var comox = await AllInOneProcess.StartAsync(
            home.Path,
            ("Comox__ServiceKey", ServiceKey),
            ("Comox__Gateway__Nodes__0", sick.Address.ToString()),
            ("Comox__Gateway__Nodes__1", gone.Address.ToString()));
        await Task.WhenAll(sick.WatchedAsync(), gone.WatchedAsync());

        var page = await browser.OpenAsync(new Uri(await comox.PageAsync(), "fleet"), height: 720);
        await Expect(Node(page, "gpu-3")).ToHaveAttributeAsync("data-state", "heard");
        await gone.DisposeAsync();

        // While the page is open: it is told of the loss, which comes before the card's trouble by its name.
        await Expect(Node(page, "gpu-3")).ToHaveAttributeAsync("data-state", "lost");
        await Expect(Node(page, "gpu-3").GetByTestId("node-concerns")).ToContainTextAsync("cannot be reached");
        await Expect(page.GetByTestId("node-card").First).ToHaveAttributeAsync("data-node", "gpu-3");
        await Expect(Node(page, "gpu-7").GetByTestId("node-concerns")).ToContainTextAsync(Fallen);
        await Expect(Node(page, "gpu-7").GetByTestId("node-health")).ToHaveTextAsync("Ejected");
        await Expect(page.GetByTestId("fleet-totals")).ToContainTextAsync("1 of 2");
        if (Environment.GetEnvironmentVariable("COMOX_UPDATE_SCREENSHOTS") is "1")
            await File.WriteAllBytesAsync(Repository.PathTo("docs", "images", "fleet.png"), await page.ScreenshotAsync());

        // A person opens the node with the keyboard, and it stays open while its figures change.
        var toggle = Node(page, "gpu-3").GetByTestId("node-toggle");
        await Expect(toggle).ToBeEnabledAsync();
        await toggle.PressAsync("Enter");
        await Expect(Node(page, "gpu-3").GetByTestId("node-lost")).ToBeVisibleAsync();
        sick.Status = WithCard("gpu-7", Card());
        await Expect(Node(page, "gpu-7").GetByTestId("node-health")).ToHaveTextAsync("Well");
        await Expect(Node(page, "gpu-3").GetByTestId("node-lost")).ToBeVisibleAsync();

        await page.SetViewportSizeAsync(400, 800);
        Assert.False(await page.EvaluateAsync<bool>("() => document.querySelector('.page').scrollWidth > document.querySelector('.page').clientWidth"), "The page is wider than the screen.");
    }

    private static ILocator Node(IPage page, string name) => page.Locator($"[data-testid=node-card][data-node={name}]");

    private static GpuStatus Card() => new() { Index = 0, Name = "NVIDIA H200", Source = GpuSources.Nvml, MemoryTotalBytes = 150_754_820_096 };

    private static NodeStatus WithCard(string name, GpuStatus card) =>
        FakeNode.Ready(name, "llama-3-8b") with { Hardware = new NodeHardware { OperatingSystem = "fake", Gpus = [card.Name], Cards = [card] } };
}
