using Bunit;
using Comox.Web.Controls;

namespace Comox.Web.Tests;

public sealed class OverlayTests
{
    [Fact]
    public async Task A_panel_holds_the_focus_while_it_is_open_and_gives_it_back()
    {
        await using var page = new BunitContext();
        page.JSInterop.Mode = JSRuntimeMode.Loose;
        var hold = page.JSInterop.SetupModule("/overlay.js").SetupModule("hold", _ => true);
        hold.SetupVoid("release").SetVoidResult();
        page.Render<Overlay>(parameters => parameters.Add(overlay => overlay.Title, "Facts").Add(overlay => overlay.TestId, "facts"));
        Assert.Empty(hold.Invocations);

        await page.DisposeComponentsAsync();

        Assert.Equal("release", Assert.Single(hold.Invocations).Identifier);
    }
}
