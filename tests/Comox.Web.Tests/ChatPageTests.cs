using Bunit;
using Bunit.TestDoubles;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Gateway;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Comox.TestKit;
using Comox.Web.Chat;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Web.Tests;

public sealed class ChatPageTests : IAsyncLifetime
{
    private FakeComox _fake = null!;
    private PageContext _page = null!;

    public async ValueTask InitializeAsync()
    {
        _fake = await FakeComox.StartAsync();
        var ada = Some.Character("Ada", "*waves* \"Hello.\"");
        _fake.Characters.Add(ada);
        _fake.Sessions["ses_1"] = Some.Session("ses_1", ada,
            [Some.Turn("t1", "assistant", "Hello."), Some.Turn("t2", "user", "I live in Ljubljana."), Some.Turn("t3", "assistant", "Noted.", "stop", "rcp_1")], "I live in Ljubljana.");
        _page = await PageContext.StartAsync(_fake);
    }

    public async ValueTask DisposeAsync()
    {
        Assert.Empty(_fake.Violations);
        await _page.DisposeAsync();
        await _fake.DisposeAsync();
    }

    [Fact]
    public void A_reload_shows_the_history_in_order()
    {
        var chat = Open("ses_1");

        Assert.Equal(["Hello.", "Noted."], Texts(chat, "message-assistant"));
        Assert.Equal(["I live in Ljubljana."], Texts(chat, "message-user"));
        Assert.Contains("I live in Ljubljana.", chat.WaitForElement("[data-testid=conversation]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void A_first_engine_that_cannot_start_does_not_keep_people_from_the_second()
    {
        _fake.Node.Set(Some.Node() with { Engines = [Some.Engine(EngineStates.Failed) with { Id = "a" }, Some.Engine() with { Id = "b" }] });
        var chat = Open("ses_1");
        chat.WaitForAssertion(() => Assert.False(chat.Find("[data-testid=composer]").HasAttribute("disabled")));
        Assert.Empty(chat.FindAll("[data-testid=preparing]"));
    }

    [Fact]
    public async Task Tokens_appear_in_order_while_they_arrive_and_become_the_reply()
    {
        var chat = Open("ses_1");

        PageContext.Send(chat, "Where do I live?");
        var reply = await _fake.NextChatAsync();
        reply.Say("In ", "Ljub");
        chat.WaitForAssertion(() => Assert.Equal("In Ljub", Streaming(chat)));
        Assert.True(chat.WaitForElement("[data-testid=composer]").HasAttribute("disabled"));
        reply.Say("ljana");
        chat.WaitForAssertion(() => Assert.Equal("In Ljubljana", Streaming(chat)));
        reply.Say(".");
        reply.Done();

        chat.WaitForAssertion(() => Assert.Empty(chat.FindAll("[data-testid=streaming]")));
        Assert.Equal(["Hello.", "Noted.", "In Ljubljana."], Texts(chat, "message-assistant"));
        Assert.False(chat.WaitForElement("[data-testid=composer]").HasAttribute("disabled"));
        Assert.Equal(["user: Where do I live?"], reply.Messages);
        Assert.Equal("ses_1", reply.Session);
        Assert.Equal("character/ada", reply.Request.GetProperty("model").GetString());
        Assert.Equal("admin", reply.Request.GetProperty("user").GetString());
    }

    [Fact]
    public async Task Stop_ends_the_engines_work_and_keeps_what_came()
    {
        var chat = Open("ses_1");
        PageContext.Send(chat, "Tell me everything.");
        var reply = await _fake.NextChatAsync();
        reply.Say("It began");
        chat.WaitForAssertion(() => Assert.Equal("It began", Streaming(chat)));

        chat.WaitForElement("[data-testid=stop]").Click();

        await reply.Abandoned.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        chat.WaitForAssertion(() => Assert.Equal("stopped", chat.Find("[data-testid=message-note]").TextContent));
        Assert.Equal("It began", Texts(chat, "message-assistant")[^1]);
        Assert.Empty(chat.FindAll("[data-testid=error-banner]"));
    }

    [Theory]
    [InlineData(true, "The engine fell over.")]
    [InlineData(false, "The answer broke off before its end.")]
    public async Task A_reply_that_breaks_off_keeps_its_words_and_says_so(bool saysWhy, string message)
    {
        var chat = Open("ses_1");
        PageContext.Send(chat, "Where do I live?");
        var reply = await _fake.NextChatAsync();
        reply.Say("In Lju");
        if (saysWhy)
            reply.Fail(message);
        reply.Break();

        chat.WaitForAssertion(() => Assert.Contains(message, chat.Find("[data-testid=error-banner]").TextContent, StringComparison.Ordinal));
        Assert.Equal("In Lju", Texts(chat, "message-assistant")[^1]);
        Assert.Equal("interrupted", chat.WaitForElement("[data-testid=message-note]").TextContent);
    }

    [Fact]
    public async Task Regenerate_sends_the_transcript_up_to_the_persons_last_words()
    {
        var chat = Open("ses_1");

        chat.WaitForElement("[data-testid=regenerate]").Click();
        var reply = await _fake.NextChatAsync();
        reply.Say("Again.");
        reply.Done();

        Assert.Equal(["assistant: Hello.", "user: I live in Ljubljana."], reply.Messages);
        Assert.True(reply.WholeTranscript);
        chat.WaitForAssertion(() => Assert.Equal(["Hello.", "Again."], Texts(chat, "message-assistant")));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("error")]
    public void A_reply_cut_by_a_crash_is_called_interrupted_and_offered_again(string? finish)
    {
        var turns = _fake.Sessions["ses_1"].Turns.Take(2).ToList();
        if (finish is not null)
            turns.Add(Some.Turn("t3", "assistant", "No", finish));
        _fake.Sessions["ses_1"] = _fake.Sessions["ses_1"] with { Turns = turns };

        var chat = Open("ses_1");

        Assert.Contains("interrupted", chat.WaitForElement("[data-testid=interrupted]").TextContent, StringComparison.Ordinal);
        Assert.NotNull(chat.WaitForElement("[data-testid=try-again]"));
    }

    [Fact]
    public void The_receipt_shows_what_was_recalled_and_what_was_left_out()
    {
        _fake.Receipts["rcp_1"] = Some.Receipt("rcp_1", Some.Recalled("Mara lives in Ljubljana.", "I live in Ljubljana"), Some.Recalled("Mara likes tea.", "I like tea", included: false));
        var chat = Open("ses_1");

        chat.WaitForElement("[data-testid=receipt-button]").Click();

        chat.WaitForAssertion(() => Assert.Equal(2, chat.FindAll("[data-testid=recalled-item]").Count));
        var items = chat.FindAll("[data-testid=recalled-item]");
        Assert.Equal("true", items[0].GetAttribute("data-included"));
        Assert.Contains("I live in Ljubljana", items[0].TextContent, StringComparison.Ordinal);
        Assert.Contains("0.91", items[0].TextContent, StringComparison.Ordinal);
        Assert.Equal("false", items[1].GetAttribute("data-included"));
        var receipt = chat.WaitForElement("[data-testid=receipt]").TextContent;
        Assert.Contains("90 of 200 tokens", receipt, StringComparison.Ordinal);
        Assert.Contains("2 older turns did not fit.", receipt, StringComparison.Ordinal);
        Assert.Contains("You are Ada.", chat.WaitForElement("[data-testid=receipt-messages]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void A_new_chat_starts_with_the_characters_greeting()
    {
        var chat = Open("ses_1");
        chat.WaitForElement("[data-testid=new-chat]").Click();

        chat.WaitForElement("[data-testid=character-choice][data-slug=ada]").Click();

        var navigation = _page.Services.GetRequiredService<BunitNavigationManager>();
        chat.WaitForAssertion(() => Assert.EndsWith("/chat/ses_new1", navigation.Uri, StringComparison.Ordinal));
        chat.Render(parameters => parameters.Add(page => page.SessionId, "ses_new1"));
        Assert.Equal("waves \"Hello.\"", Assert.Single(Texts(chat, "message-assistant")));
        Assert.Equal(["ses_new1", "ses_1"], chat.FindAll("[data-testid=conversation]").Select(link => link.GetAttribute("data-session")));
    }

    [Fact]
    public void The_start_page_opens_the_newest_conversation()
    {
        var chat = _page.Render<ChatPage>();

        chat.WaitForAssertion(() => Assert.EndsWith("/chat/ses_1", _page.Services.GetRequiredService<NavigationManager>().Uri, StringComparison.Ordinal));
    }

    [Fact]
    public void Without_conversations_the_start_page_offers_the_characters()
    {
        _fake.Sessions.Clear();

        var chat = _page.Render<ChatPage>();

        chat.WaitForAssertion(() => Assert.Equal("ada", chat.Find("[data-testid=character-choice]").GetAttribute("data-slug")));
    }

    [Theory]
    [InlineData(60, 1, 60, false)]
    [InlineData(600, 4, 500, true)]
    public void Older_conversations_than_the_list_begins_with_can_be_shown(int count, int clicks, int shown, bool endsEarly)
    {
        for (var number = 2; number <= count; number++)
            _fake.Sessions[$"ses_{number}"] = Some.Session($"ses_{number}", _fake.Characters[0], []);
        var chat = Open("ses_1");
        chat.WaitForAssertion(() => Assert.Equal(50, chat.FindAll("[data-testid=conversation]").Count));

        for (var click = 1; click <= clicks; click++)
        {
            var before = chat.FindAll("[data-testid=conversation]").Count;
            chat.WaitForElement("[data-testid=older]").Click();
            chat.WaitForAssertion(() => Assert.NotEqual(before, chat.FindAll("[data-testid=conversation]").Count));
        }

        Assert.Equal(shown, chat.FindAll("[data-testid=conversation]").Count);
        Assert.Empty(chat.FindAll("[data-testid=older]"));
        Assert.Equal(endsEarly, chat.FindAll("[data-testid=no-older]").Count == 1);
    }

    [Fact]
    public void A_list_that_is_whole_offers_no_older_ones() => Assert.Empty(Open("ses_1").FindAll("[data-testid=older], [data-testid=no-older]"));

    [Fact]
    public void A_conversation_that_does_not_exist_is_named_as_such()
    {
        var chat = _page.Render<ChatPage>(parameters => parameters.Add(page => page.SessionId, "ses_9"));

        chat.WaitForAssertion(() => Assert.Contains("no longer here", chat.Find("[data-testid=error-banner]").TextContent, StringComparison.Ordinal));
        chat.WaitForElement("[data-testid=start-over]").Click();
        Assert.NotNull(chat.WaitForElement("[data-testid=character-choice]"));
    }

    [Fact]
    public void A_conversation_that_was_deleted_is_not_in_the_list_nor_where_the_start_page_leads()
    {
        _fake.Sessions["ses_2"] = Some.Session("ses_2", _fake.Characters[0], []) with { UpdatedAt = Some.Noon.AddHours(1) };
        var chat = Open("ses_1");
        chat.WaitForElement("[data-session=ses_2]");
        _fake.Sessions.TryRemove("ses_2", out _);

        chat.Render(parameters => parameters.Add(page => page.SessionId, "ses_2"));

        chat.WaitForAssertion(() => Assert.Contains("no longer here", chat.Find("[data-testid=error-banner]").TextContent, StringComparison.Ordinal));
        Assert.Empty(chat.FindAll("[data-session=ses_2]"));
        Assert.NotNull(chat.Find("[aria-label='Show the conversations']")); // On a phone there is no other way to the list.
        chat.Render(parameters => parameters.Add(page => page.SessionId, null));
        chat.WaitForAssertion(() => Assert.EndsWith("/chat/ses_1", _page.Services.GetRequiredService<NavigationManager>().Uri, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_new_chat_that_cannot_be_started_leaves_the_open_one_as_it_is()
    {
        var chat = Open("ses_1");
        await PageContext.TypeAsync(chat, "half a thought");
        chat.WaitForElement("[data-testid=new-chat]").Click();
        _fake.Characters.Clear();

        chat.WaitForElement("[data-testid=character-choice]").Click();

        chat.WaitForAssertion(() => Assert.Contains("There is no character", chat.Find("[data-testid=character-picker] [data-testid=not-started]").TextContent, StringComparison.Ordinal));
        Assert.Equal(["Hello.", "Noted."], Texts(chat, "message-assistant"));
        Assert.Equal("half a thought", chat.Find("[data-testid=composer]").GetAttribute("value"));
        chat.Find("[data-testid=new-chat]").Click();
        Assert.Empty(chat.FindAll("[data-testid=not-started]"));
    }

    [Fact]
    public async Task An_old_message_is_left_alone_while_a_reply_grows()
    {
        var chat = Open("ses_1");
        PageContext.Send(chat, "Where do I live?");
        var reply = await _fake.NextChatAsync();
        reply.Say("In ");
        chat.WaitForAssertion(() => Assert.Equal("In", Streaming(chat).Trim()));
        var renders = chat.FindComponents<MessageView>().Select(message => message.RenderCount).ToList();

        reply.Say("Ljubljana");
        chat.WaitForAssertion(() => Assert.Equal("In Ljubljana", Streaming(chat)));

        var after = chat.FindComponents<MessageView>().Select(message => message.RenderCount).ToList();
        Assert.Equal(renders[..^1], after[..^1]);
        Assert.True(after[^1] > renders[^1]);
        reply.Done();
        chat.WaitForAssertion(() => Assert.Single(chat.FindAll("[data-testid=regenerate]")));
    }

    [Fact]
    public void The_notice_of_a_model_leaves_with_the_model()
    {
        _fake.Node.Set(Some.Node(Some.Engine(notice: "It is small.")));
        var chat = Open("ses_1");
        chat.WaitForAssertion(() => Assert.Contains("It is small.", chat.Find("[data-testid=model-notice]").TextContent, StringComparison.Ordinal));

        var engine = Some.Engine();
        _fake.Node.Set(Some.Node(engine with { Model = engine.Model! with { Name = "large" } }));

        chat.WaitForAssertion(() => Assert.Empty(chat.FindAll("[data-testid=model-notice]")));
    }

    [Fact]
    public void Going_to_where_a_fact_was_said_shows_it_even_where_one_is_already()
    {
        _fake.Facts.Add(Some.Fact("Mara lives in Ljubljana.", "ses_1", "I live in Ljubljana."));
        var chat = Open("ses_1");
        Assert.Equal("What Ada remembers", chat.Find("[data-testid=facts-button]").GetAttribute("aria-label")); // Below 900 px it is an icon.
        chat.Find("[data-testid=facts-button]").Click();

        chat.WaitForElement("[data-testid=fact] a").Click();

        chat.WaitForAssertion(() => Assert.Empty(chat.FindAll("[data-testid=facts]")));
    }

    [Fact]
    public async Task While_the_model_loads_the_page_says_so_and_opens_itself_when_it_is_ready()
    {
        var loading = _page.NextViewAsync(view => view.ChatEngine?.State == EngineStates.Fetching);
        _fake.Node.Set(Some.Node(Some.Engine(EngineStates.Fetching, "Downloading the model, 210 of 380 MB", 0.55)));
        await loading;

        var chat = Open("ses_1");
        var preparing = chat.WaitForElement("[data-testid=preparing]").TextContent;
        Assert.Contains("Downloading the model, 210 of 380 MB", preparing, StringComparison.Ordinal);
        Assert.Contains("55%", preparing, StringComparison.Ordinal);
        Assert.True(chat.WaitForElement("[data-testid=composer]").HasAttribute("disabled"));

        _fake.Node.Set(Some.Node());
        chat.WaitForAssertion(() => Assert.False(chat.Find("[data-testid=composer]").HasAttribute("disabled")));
        chat.WaitForAssertion(() => Assert.Empty(chat.FindAll("[data-testid=preparing]")));
    }

    /// <summary>The node that the console follows is one of those that the gateway may have.</summary>
    [Fact]
    public async Task Whoever_else_answers_for_characters_opens_the_page_when_the_node_is_lost()
    {
        var chat = Open("ses_1");
        Assert.Equal(0, _fake.Fleet.Asked);
        var lost = _page.NextViewAsync(view => view.IsLost);
        _fake.Node.Drop();
        await lost;
        chat.WaitForAssertion(() => Assert.Contains("The node is lost", chat.Find("[data-testid=preparing]").TextContent, StringComparison.Ordinal));
        Assert.True(chat.WaitForElement("[data-testid=composer]").HasAttribute("disabled"));

        _fake.Fleet.AnswersCharacters = true;
        chat.WaitForAssertion(() => Assert.Empty(chat.FindAll("[data-testid=preparing]")));
        PageContext.Send(chat, "Where do I live?");
        var reply = await _fake.NextChatAsync();
        reply.Say("In Ljubljana.");
        reply.Done();

        chat.WaitForAssertion(() => Assert.Equal("In Ljubljana.", Texts(chat, "message-assistant")[^1]));
    }

    [Fact]
    public async Task An_engine_that_cannot_start_does_not_keep_people_from_a_route_that_is_ready()
    {
        var failed = _page.NextViewAsync(view => view.ChatEngine?.State == EngineStates.Failed);
        _fake.Node.Set(Some.Node(Some.Engine(EngineStates.Failed)));
        await failed;
        _fake.Fleet.AnswersCharacters = true;

        var chat = Open("ses_1");

        chat.WaitForAssertion(() => Assert.False(chat.Find("[data-testid=composer]").HasAttribute("disabled")));
        Assert.Empty(chat.FindAll("[data-testid=preparing]"));
    }

    [Fact]
    public async Task Opening_a_conversation_has_its_model_on_the_way_and_so_has_choosing_a_character()
    {
        var chat = Open("ses_1");
        await HintedAsync(1);
        Assert.Equal([new ModelHint("character/ada", "ses_1")], _fake.Hints);

        chat.WaitForElement("[data-testid=new-chat]").Click();
        chat.WaitForElement("[data-testid=character-choice][data-slug=ada]").Click();

        await HintedAsync(2);
        Assert.Equal(new ModelHint("character/ada"), _fake.Hints.ElementAt(1));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_page_waits_for_no_such_hint_and_does_not_mind_a_refused_one(bool isSlow)
    {
        if (isSlow)
            _fake.HoldWarming = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        else
            _fake.RefuseWarming = new ApiError(503, ErrorCodes.EngineUnavailable, "No node.");

        var chat = Open("ses_1");
        await HintedAsync(1);
        Assert.Single(_fake.Hints);
        PageContext.Send(chat, "Where do I live?");
        var reply = await _fake.NextChatAsync();
        reply.Say("In Ljubljana.");
        reply.Done();

        chat.WaitForAssertion(() => Assert.Equal("In Ljubljana.", Texts(chat, "message-assistant")[^1]));
        Assert.Empty(chat.FindAll("[data-testid=error-banner]"));
        _fake.HoldWarming?.SetResult();
    }

    // No render follows a hint, and an assertion that is waited for is looked at after renders.
    private Task HintedAsync(int count) => Eventually.IsTrueAsync(() => _fake.Hints.Count >= count, $"the hint {count}");

    private IRenderedComponent<ChatPage> Open(string session)
    {
        var chat = _page.Render<ChatPage>(parameters => parameters.Add(page => page.SessionId, session));
        chat.WaitForElement("[data-testid=composer]");
        return chat;
    }

    private static string Streaming(IRenderedComponent<ChatPage> chat) => chat.Find("[data-testid=streaming] .prose").TextContent;

    private static List<string> Texts(IRenderedComponent<ChatPage> chat, string testId) =>
        [.. chat.FindAll($"[data-testid={testId}]").Select(message => message.QuerySelector(".prose")!.TextContent)];
}
