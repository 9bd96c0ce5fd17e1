using Comox.TestKit;
using Microsoft.Playwright;

namespace Comox.AllInOne.Tests;

/// <summary>The pictures in the documents are of the real thing: <c>COMOX_UPDATE_SCREENSHOTS=1</c> takes them anew.</summary>
[Collection(nameof(OneMachine))]
public sealed class ScreenshotTests(OneMachine machine)
{
    [Theory]
    [InlineData(ColorScheme.Light, "chat-light.png", "My sister is called Ottilie.", "What is my sister called?")]
    [InlineData(ColorScheme.Dark, "chat-dark.png", "My favourite colour is teal.", "What is my favourite colour?")]
    public async Task The_chat_page_renders_in_both_schemes(ColorScheme scheme, string file, string told, string asked)
    {
        await using var browser = await Browser.LaunchAsync();
        var page = await browser.OpenAsync(await machine.Comox.PageAsync(), scheme);
        await PageTests.StartChatAsync(page, "Brine");
        await PageTests.SayAsync(page, told);
        await PageTests.AnsweredAsync(page, 1);
        await PageTests.SayAsync(page, asked);
        await PageTests.AnsweredAsync(page, 2);

        var picture = await page.ScreenshotAsync();

        Assert.True(picture.Length > 20_000, "The page is nearly blank.");
        var background = await page.EvaluateAsync<string>("() => getComputedStyle(document.body).backgroundColor");
        var brightness = background[(background.IndexOf('(') + 1)..^1].Split(',').Take(3).Average(part => double.Parse(part, System.Globalization.CultureInfo.InvariantCulture));
        Assert.True(scheme == ColorScheme.Light ? brightness > 180 : brightness < 80, $"The background is {background}.");
        if (Environment.GetEnvironmentVariable("COMOX_UPDATE_SCREENSHOTS") is "1")
            await File.WriteAllBytesAsync(Repository.PathTo("docs", "images", file), picture);
    }
}
