using Comox.FakeBackend;
using Comox.TestKit;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Comox.AllInOne.Tests;

/// <summary>The console as a person uses it: a real browser, the real server, the real engine.</summary>
[Collection(nameof(OneMachine))]
public sealed class PageTests(OneMachine machine)
{
    [Fact]
    public async Task A_person_chats_sees_the_answer_arrive_reloads_and_finds_the_history()
    {
        await using var browser = await Browser.LaunchAsync();
        var page = await browser.OpenAsync(await machine.Comox.PageAsync());
        await StartChatAsync(page, "Brine");

        await SayAsync(page, "I live in Ljubljana.");
        await Expect(page.GetByTestId("message-user").Last).ToContainTextAsync("I live in Ljubljana.");
        await AnsweredAsync(page, 1);
        await SayAsync(page, "Where do I live?");
        await AnsweredAsync(page, 2);
        await Expect(page.GetByTestId("message-assistant").Last).ToContainTextAsync("Ljubljana");

        await page.ReloadAsync();
        await Expect(page.GetByTestId("message-user")).ToHaveCountAsync(2);
        await Expect(page.GetByTestId("message-user").First).ToContainTextAsync("I live in Ljubljana.");
        await Expect(page.GetByTestId("message-assistant").Last).ToContainTextAsync("Ljubljana");
        await Expect(page.GetByTestId("conversation").First).ToContainTextAsync("I live in Ljubljana.");
    }

    /// <param name="enginePath">Of the node's own engine, which is not the one that speaks for characters here. Null: one that starts.</param>
    [Theory]
    [InlineData(null)]
    [InlineData("/no/such/llama-server")]
    public async Task Tokens_are_on_the_page_before_the_answer_is_complete(string? enginePath)
    {
        // Somebody else's server, which says the rest when it is told to: whether a browser sees the steps of a real engine depends on which of them is quicker.
        await using var engine = await FakeBackendServer.StartAsync(key: null, new FakeScript { Tokens = ["Once", " upon", " a", " time."], HoldAfter = 3 });
        engine.TakesUnbounded = true;
        using var home = new TempHome();
        (string, string)[] ownEngine = enginePath is null ? [] : [("Comox__NodeAgent__EnginePath", enginePath)];
        await using var comox = await AllInOneProcess.StartAsync(
            home.Path,
            [
                ("Comox__Gateway__DefaultModel", "told"),
                ("Comox__Gateway__Routes__0__Model", "told"),
                ("Comox__Gateway__Routes__0__Pools__0__Name", "elsewhere"),
                ("Comox__Gateway__Routes__0__Pools__0__Backends__0__Name", "teller"),
                ("Comox__Gateway__Routes__0__Pools__0__Backends__0__Kind", "openai"),
                ("Comox__Gateway__Routes__0__Pools__0__Backends__0__Url", new Uri(engine.Address, "v1").ToString()),
                .. ownEngine,
            ]);
        Assert.Equal(enginePath is null, (await comox.EngineAsync()).Contains("Ready: ", StringComparison.Ordinal));
        await using var browser = await Browser.LaunchAsync();
        var page = await browser.OpenAsync(await comox.PageAsync());
        await StartChatAsync(page, "Brine");

        await SayAsync(page, "Tell me a story.");
        await Expect(page.GetByTestId("streaming")).ToContainTextAsync("Once upon");
        await Expect(page.GetByTestId("streaming")).Not.ToContainTextAsync("a time.");
        // Whoever reads in a panel meanwhile is not taken out of it by the end of the reply.
        await page.GetByTestId("facts-button").ClickAsync();
        await Expect(page.GetByTestId("facts")).ToBeFocusedAsync();
        engine.Release();

        await AnsweredAsync(page, 1);
        await Expect(page.GetByTestId("message-assistant").Last).ToContainTextAsync("Once upon a time.");
        await Expect(page.GetByTestId("composer")).ToBeEnabledAsync();
        await Expect(page.GetByTestId("conversation").First).ToContainTextAsync("Tell me a story."); // Read after all else that a reply's end brings.
        Assert.True(await page.GetByTestId("facts").EvaluateAsync<bool>("sheet => sheet.contains(document.activeElement)"));
        await page.Keyboard.PressAsync("Escape");
        await Expect(page.GetByTestId("facts")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task What_is_being_written_is_there_after_a_look_elsewhere_and_after_a_reload_and_gone_once_it_is_sent()
    {
        await using var browser = await Browser.LaunchAsync();
        var page = await browser.OpenAsync(await machine.Comox.PageAsync());
        await StartChatAsync(page, "Brine");
        var first = page.Url;
        await StartChatAsync(page, "Brine");
        await Expect(page).Not.ToHaveURLAsync(first);
        var second = page.Url;
        await Expect(page.Locator($"textarea[data-draft='{second.Split('/')[^1]}']")).ToHaveAttributeAsync("enterkeyhint", "send");
        await page.GetByTestId("composer").FillAsync("Half a thought");

        await GoAsync(first);
        await Expect(page.GetByTestId("composer")).ToHaveValueAsync("");
        await GoAsync(second);
        await Expect(page.GetByTestId("composer")).ToHaveValueAsync("Half a thought");
        await page.ReloadAsync();
        await Expect(page.GetByTestId("composer")).ToHaveValueAsync("Half a thought");
        await Expect(page.GetByTestId("composer")).ToHaveAttributeAsync("enterkeyhint", "send");
        await page.GetByTestId("composer").PressAsync("Enter");

        await Expect(page.GetByTestId("message-user")).ToHaveTextAsync(["Half a thought"]);
        await AnsweredAsync(page, 1);
        await page.ReloadAsync();
        await Expect(page.GetByTestId("message-user")).ToHaveCountAsync(1);
        await Expect(page.GetByTestId("composer")).ToHaveAttributeAsync("enterkeyhint", "send");
        await Expect(page.GetByTestId("composer")).ToHaveValueAsync("");

        async Task GoAsync(string to)
        {
            await page.Locator($"a[data-testid=conversation][href$='{new Uri(to).AbsolutePath}']").ClickAsync();
            await page.WaitForURLAsync(to);
            await Expect(page.Locator($"textarea[data-draft='{to.Split('/')[^1]}']")).ToHaveAttributeAsync("enterkeyhint", "send");
        }
    }

    [Fact]
    public async Task Arabic_runs_from_the_right_in_the_field_and_in_the_chat()
    {
        await using var browser = await Browser.LaunchAsync();
        var page = await browser.OpenAsync(await machine.Comox.PageAsync());
        await StartChatAsync(page, "Brine");
        await page.GetByTestId("composer").FillAsync("مرحبا");
        Assert.Equal("plaintext", await page.GetByTestId("composer").EvaluateAsync<string>("field => getComputedStyle(field).unicodeBidi"));

        await SayAsync(page, "مرحبا");
        var said = page.GetByTestId("message-user").Last.Locator(".prose p");
        await Expect(said).ToHaveTextAsync("مرحبا");
        Assert.Equal("plaintext", await said.EvaluateAsync<string>("words => getComputedStyle(words).unicodeBidi"));
        await AnsweredAsync(page, 1);
    }

    /// <summary>Safari has ended the choice of a Japanese or Chinese word before it tells of the Enter that ended it, and marks that key alone.</summary>
    [Fact]
    public async Task The_Enter_that_chooses_a_word_sends_nothing()
    {
        await using var browser = await Browser.LaunchAsync();
        var page = await browser.OpenAsync(await machine.Comox.PageAsync());
        await StartChatAsync(page, "Brine");
        var composer = page.GetByTestId("composer");
        await Expect(composer).ToHaveAttributeAsync("enterkeyhint", "send");
        await composer.FillAsync("I live in 日本");

        // False: the page has taken the key for itself.
        Assert.False(await LeavesEnterAsync(13));
        await Expect(page.GetByTestId("message-user")).ToHaveCountAsync(1);
        await AnsweredAsync(page, 1);
        await composer.FillAsync("I live in 日本");
        Assert.True(await LeavesEnterAsync(229));
        await Expect(composer).ToHaveValueAsync("I live in 日本");
        await Expect(page.GetByTestId("message-user")).ToHaveCountAsync(1);

        Task<bool> LeavesEnterAsync(int code) => composer.EvaluateAsync<bool>(
            "(field, code) => field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', keyCode: code, bubbles: true, cancelable: true }))", code);
    }

    [Fact]
    public async Task The_page_lives_on_a_web_socket()
    {
        await using var browser = await Browser.LaunchAsync();
        var page = await browser.OpenAsync(await machine.Comox.PageAsync());
        var sockets = new List<IWebSocket>();
        page.WebSocket += (_, socket) => sockets.Add(socket);
        await page.ReloadAsync();

        await StartChatAsync(page, "Brine");
        await SayAsync(page, "Hello!");
        await AnsweredAsync(page, 1);

        // Were it refused, the page would poll in its place, and nobody would notice but the machine.
        Assert.Contains(sockets, socket => !socket.IsClosed && socket.Url.Contains("_blazor", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_receipt_of_an_answer_shows_what_was_remembered()
    {
        await using var browser = await Browser.LaunchAsync();
        var page = await browser.OpenAsync(await machine.Comox.PageAsync());
        await StartChatAsync(page, "Brine");
        await SayAsync(page, "My sister is called Ottilie.");
        await AnsweredAsync(page, 1);

        await StartChatAsync(page, "Brine");
        await SayAsync(page, "What is my sister called?");
        await AnsweredAsync(page, 1);
        await Expect(page.GetByTestId("message-assistant").Last).ToContainTextAsync("Ottilie");

        await page.GetByTestId("receipt-button").Last.ClickAsync();
        await Expect(page.GetByTestId("receipt")).ToContainTextAsync("Ottilie");
    }

    [Fact]
    public async Task A_card_is_imported_on_the_characters_page_and_a_bad_one_is_explained()
    {
        await using var browser = await Browser.LaunchAsync();
        var page = await browser.OpenAsync(new Uri(await machine.Comox.PageAsync(), "characters"));
        await Expect(page.GetByTestId("character-card").First).ToBeVisibleAsync();

        // The field is enabled once the page is live; a file chosen before that goes nowhere.
        var input = page.GetByTestId("import-card");
        await Expect(input).ToBeEnabledAsync();
        // Its script hears of files a moment after it was enabled: on a busy machine the first choice may come before that.
        await Eventually.IsTrueAsync(
            async () =>
            {
                await input.SetInputFilesAsync(new FilePayload { Name = "bad.json", MimeType = "application/json", Buffer = "{}"u8.ToArray() });
                return await IsShownAsync(page.GetByTestId("import-error"));
            },
            "an answer to the bad card");
        await Expect(page.GetByTestId("import-error")).ToContainTextAsync("bad.json");
        await Expect(input).ToBeEnabledAsync();
        await input.SetInputFilesAsync(new FilePayload
        {
            Name = "juno.json",
            MimeType = "application/json",
            Buffer = """{"spec":"chara_card_v2","spec_version":"2.0","data":{"name":"Juno","description":"A patient gardener of orchids.","personality":"","scenario":"","first_mes":"Welcome.","mes_example":""}}"""u8.ToArray(),
        });
        await Expect(page.GetByTestId("character-card").Filter(new() { HasText = "Juno" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task The_fleet_page_shows_the_node_and_its_model()
    {
        await using var browser = await Browser.LaunchAsync();
        var page = await browser.OpenAsync(new Uri(await machine.Comox.PageAsync(), "fleet"));
        await Expect(page.GetByTestId("node-card")).ToContainTextAsync("keepsake");
        await Expect(page.GetByTestId("node-engine-state")).ToContainTextAsync("ready", new() { IgnoreCase = true });
    }

    [Fact]
    public async Task The_page_loads_nothing_from_another_host()
    {
        await using var browser = await Browser.LaunchAsync();
        var address = await machine.Comox.PageAsync();
        var page = await browser.OpenAsync(address);
        var foreign = new List<string>();
        page.Request += (_, request) =>
        {
            if (new Uri(request.Url) is { Scheme: "http" or "https" or "ws" or "wss" } url && url.Authority != address.Authority)
                foreign.Add(request.Url);
        };
        foreach (var path in (string[])["/", "/characters", "/fleet"])
            await page.GotoAsync(new Uri(address, path).ToString(), new() { WaitUntil = WaitUntilState.Load });
        Assert.Empty(foreign);
    }

    /// <summary>Opens a new conversation with the character of this name and waits for the composer.</summary>
    internal static async Task StartChatAsync(IPage page, string character)
    {
        await page.GetByTestId("new-chat").First.ClickAsync();
        await page.GetByTestId("character-picker").GetByTestId("character-choice").Filter(new() { HasText = character }).ClickAsync();
        await page.WaitForURLAsync("**/chat/ses_*");
        await Expect(page.GetByTestId("message-user")).ToHaveCountAsync(0);
        await Expect(page.GetByTestId("composer")).ToBeEnabledAsync();
    }

    internal static async Task SayAsync(IPage page, string text)
    {
        // The field is enabled a moment before the browser's part of it is there; an Enter in between would be a new line.
        await Expect(page.GetByTestId("composer")).ToHaveAttributeAsync("enterkeyhint", "send");
        await page.GetByTestId("composer").FillAsync(text);
        await page.GetByTestId("composer").PressAsync("Enter");
    }

    /// <summary>Waits for the whole answer to the given number of things said (the greeting comes before all of them).</summary>
    internal static async Task AnsweredAsync(IPage page, int said)
    {
        await Expect(page.GetByTestId("message-user")).ToHaveCountAsync(said);
        await Expect(page.GetByTestId("message-assistant")).ToHaveCountAsync(said + 1);
        await Expect(page.GetByTestId("receipt-button")).ToHaveCountAsync(said);
        await Expect(page.GetByTestId("streaming")).ToHaveCountAsync(0);
    }

    private static async Task<bool> IsShownAsync(ILocator part)
    {
        try
        {
            await part.WaitForAsync(new() { Timeout = 5_000 });
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
