using Bunit;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Comox.TestKit;
using Comox.Web.Chat;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Web.Tests;

/// <summary>What becomes of a reply when the person leaves, and of a message when there is no reply.</summary>
public sealed class ChatReplyTests : IAsyncLifetime
{
    private static readonly ApiError Loading = new(503, "engine_loading", "The engine is loading its model. Try again in a few seconds.");

    private FakeComox _fake = null!;
    private PageContext _page = null!;

    public async ValueTask InitializeAsync()
    {
        _fake = await FakeComox.StartAsync();
        _fake.Characters.Add(Some.Character("Ada"));
        Store("ses_1", ("user", "ok"), ("assistant", "Fine."));
        Store("ses_2", ("user", "Elsewhere."), ("assistant", "Yes."));
        _page = await PageContext.StartAsync(_fake);
    }

    public async ValueTask DisposeAsync()
    {
        Assert.Empty(_fake.Violations);
        await _page.DisposeAsync();
        await _fake.DisposeAsync();
    }

    [Fact]
    public async Task A_reply_goes_on_without_the_page_and_whoever_comes_back_sees_it_grow()
    {
        var left = Open("ses_1");
        PageContext.Send(left, "Tell me everything.");
        var reply = await _fake.NextChatAsync();
        reply.Say("It began ");
        left.WaitForAssertion(() => Assert.Equal("It began", Streaming(left)));

        await _page.DisposeComponentsAsync();
        reply.Say("long ago");
        var back = Open("ses_1");

        back.WaitForAssertion(() => Assert.Equal("It began long ago", Streaming(back)));
        Assert.Equal("Tell me everything.", Texts(back, "message-user")[^1]);
        Assert.False(reply.Abandoned.IsCompleted);
        reply.Say(".");
        reply.Done();
        back.WaitForAssertion(() => Assert.Equal("It began long ago.", Texts(back, "message-assistant")[^1]));
        back.WaitForAssertion(() => Assert.False(back.Find("[data-testid=composer]").HasAttribute("disabled")));
    }

    [Fact]
    public async Task Another_conversation_can_be_read_while_a_reply_is_written()
    {
        var chat = Open("ses_1");
        PageContext.Send(chat, "Tell me everything.");
        var reply = await _fake.NextChatAsync();
        reply.Say("It began");

        chat.Render(parameters => parameters.Add(page => page.SessionId, "ses_2"));
        chat.WaitForAssertion(() => Assert.Equal(["Yes."], Texts(chat, "message-assistant")));
        Assert.Empty(chat.FindAll("[data-testid=streaming]"));
        chat.Render(parameters => parameters.Add(page => page.SessionId, "ses_1"));

        chat.WaitForAssertion(() => Assert.Equal("It began", Streaming(chat)));
        chat.WaitForElement("[data-testid=stop]").Click();
        await reply.Abandoned.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task The_end_of_the_host_is_the_end_of_its_replies()
    {
        var chat = Open("ses_1");
        PageContext.Send(chat, "Tell me everything.");
        var reply = await _fake.NextChatAsync();
        await _page.DisposeComponentsAsync();
        var ended = _page.Services.GetRequiredService<RepliesInProgress>().Find("ses_1")!.Ended;

        _page.StopHost();

        await reply.Abandoned.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        await ended.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Null(_page.Services.GetRequiredService<RepliesInProgress>().Find("ses_1"));
    }

    [Fact]
    public void A_message_that_was_refused_is_back_in_the_composer()
    {
        var chat = Open("ses_1");
        _fake.RefuseChat = Loading;

        PageContext.Send(chat, "Where do I live?");

        chat.WaitForAssertion(() => Assert.Contains("The engine is loading its model.", chat.Find("[data-testid=error-banner]").TextContent, StringComparison.Ordinal));
        chat.WaitForAssertion(() => Assert.Equal("Where do I live?", chat.Find("[data-testid=composer]").GetAttribute("value")));
        Assert.Equal(["ok"], Texts(chat, "message-user"));
        Assert.Empty(chat.FindAll("[data-testid=try-again]"));
    }

    [Fact]
    public async Task A_message_that_was_refused_while_nobody_looked_is_in_the_composer_when_somebody_does()
    {
        var chat = Open("ses_1");
        _fake.HoldChat = new TaskCompletionSource();
        PageContext.Send(chat, "Where do I live?");
        await _fake.NextHeldAsync();
        Store("ses_2", ("user", "Hello."), ("assistant", "Good day."));
        chat.Render(parameters => parameters.Add(page => page.SessionId, "ses_2"));
        chat.WaitForAssertion(() => Assert.Equal(["Good day."], Texts(chat, "message-assistant")));

        (_fake.RefuseChat, var hold, _fake.HoldChat) = (Loading, _fake.HoldChat, null);
        hold.SetResult();
        await Eventually.IsTrueAsync(() => _page.Services.GetRequiredService<RepliesInProgress>().Find("ses_1") is null, "the message is refused");
        Assert.NotEqual("Where do I live?", chat.WaitForElement("[data-testid=composer]").GetAttribute("value"));
        chat.Render(parameters => parameters.Add(page => page.SessionId, "ses_1"));

        chat.WaitForAssertion(() => Assert.Equal("Where do I live?", chat.Find("[data-testid=composer]").GetAttribute("value")));
    }

    [Fact]
    public async Task A_message_that_was_stored_before_the_refusal_stays_and_can_be_tried_again()
    {
        var chat = Open("ses_1");
        _fake.RefuseChat = Loading;
        Store("ses_1", ("user", "ok"), ("assistant", "Fine."), ("user", "Where do I live?"));

        PageContext.Send(chat, "Where do I live?");
        chat.WaitForElement("[data-testid=try-again]");
        Assert.Contains("The engine is loading its model.", chat.WaitForElement("[data-testid=error-banner]").TextContent, StringComparison.Ordinal);
        _fake.RefuseChat = null;
        chat.WaitForElement("[data-testid=try-again]").Click();
        var reply = await _fake.NextChatAsync();

        Assert.Equal(["user: ok", "assistant: Fine.", "user: Where do I live?"], reply.Messages);
        Assert.True(reply.WholeTranscript);
        reply.Say("Here.");
        reply.Done();
        chat.WaitForAssertion(() => Assert.Equal("Here.", Texts(chat, "message-assistant")[^1]));
        Assert.Empty(chat.FindAll("[data-testid=error-banner]"));
    }

    [Theory]
    [InlineData("Where do I live?")]
    [InlineData("ok")]
    public async Task A_message_that_never_arrived_is_sent_as_a_new_one_and_cuts_nothing(string message)
    {
        Store("ses_1", ("user", "ok"), ("assistant", "Fine."), ("user", "Are you there?"));
        var chat = Open("ses_1");
        _fake.HoldChat = new TaskCompletionSource();
        PageContext.Send(chat, message);
        await _fake.NextHeldAsync();
        chat.WaitForElement("[data-testid=stop]").Click();
        chat.WaitForElement("[data-testid=try-again]");
        _fake.HoldChat = null;

        chat.WaitForElement("[data-testid=try-again]").Click();
        var reply = await _fake.NextChatAsync();

        Assert.Equal([$"user: {message}"], reply.Messages);
        Assert.False(reply.WholeTranscript);
        reply.Say("Here.");
        reply.Done();
        chat.WaitForAssertion(() => Assert.Equal(["Fine.", "Here."], Texts(chat, "message-assistant")));
        Assert.Equal(["ok", "Are you there?", message], Texts(chat, "message-user"));
    }

    [Fact]
    public void A_reply_stays_when_a_new_one_is_refused()
    {
        var chat = Open("ses_1");
        _fake.RefuseChat = Loading;

        chat.WaitForElement("[data-testid=regenerate]").Click();

        chat.WaitForElement("[data-testid=error-banner]");
        chat.WaitForAssertion(() => Assert.Equal(["Fine."], Texts(chat, "message-assistant")));
        Assert.NotNull(chat.WaitForElement("[data-testid=regenerate]"));
    }

    /// <summary>A model that thinks opens the stream with a thought, which is no word of the reply.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_reply_stays_when_a_new_one_ends_before_its_first_word(bool isStopped)
    {
        var chat = Open("ses_1");
        chat.WaitForElement("[data-testid=regenerate]").Click();
        var reply = await _fake.NextChatAsync();
        if (isStopped)
            chat.WaitForElement("[data-testid=stop]").Click();
        else
            reply.Break();

        chat.WaitForAssertion(() => Assert.Empty(chat.FindAll("[data-testid=streaming]")));
        Assert.Equal(["Fine."], Texts(chat, "message-assistant"));
        Assert.NotNull(chat.WaitForElement("[data-testid=regenerate]"));
    }

    [Fact]
    public void A_conversation_that_went_on_elsewhere_is_shown_and_not_cut()
    {
        var chat = Open("ses_1");
        Store("ses_1", ("user", "ok"), ("assistant", "Fine."), ("user", "From the phone."), ("assistant", "Hello, phone."));

        chat.WaitForElement("[data-testid=regenerate]").Click();

        chat.WaitForAssertion(() => Assert.Contains("went on elsewhere", chat.Find("[data-testid=error-banner]").TextContent, StringComparison.Ordinal));
        Assert.Equal(["Fine.", "Hello, phone."], Texts(chat, "message-assistant"));
    }

    [Fact]
    public async Task What_was_said_elsewhere_is_on_the_page_after_the_next_reply()
    {
        var chat = Open("ses_1");
        Store("ses_1", ("user", "ok"), ("assistant", "Fine."), ("user", "From the phone."), ("assistant", "Hello, phone."), ("user", "Where do I live?"));
        PageContext.Send(chat, "Where do I live?");
        var reply = await _fake.NextChatAsync();
        reply.Say("Here.");
        reply.Done();

        // Memory has the question and not the reply yet.
        chat.WaitForAssertion(() => Assert.Equal(["Fine.", "Hello, phone.", "Here."], Texts(chat, "message-assistant")));
        Assert.Equal(["ok", "From the phone.", "Where do I live?"], Texts(chat, "message-user"));
    }

    /// <summary>On a slow link a letter typed after Enter comes to the server with the message in front of it: the field is empty a moment later.</summary>
    [Theory]
    [InlineData(false, "A")]
    [InlineData(true, "Where do I live?\nA")]
    public async Task A_letter_typed_right_after_Enter_is_what_stands_in_the_field(bool isRefused, string left)
    {
        var chat = Open("ses_1");
        _fake.HoldChat = isRefused ? new TaskCompletionSource() : null;
        PageContext.Send(chat, "Where do I live?");
        if (isRefused)
            await _fake.NextHeldAsync();
        await PageContext.TypeAsync(chat, "Where do I live?A");
        if (isRefused)
        {
            _fake.RefuseChat = Loading;
            _fake.HoldChat!.SetResult();
        }
        else
        {
            var reply = await _fake.NextChatAsync();
            reply.Say("Here.");
            reply.Done();
        }

        chat.WaitForAssertion(() => Assert.False(chat.Find("[data-testid=composer]").HasAttribute("disabled")));
        chat.WaitForAssertion(() => Assert.Equal(left, chat.Find("[data-testid=composer]").GetAttribute("value")));
        // What has been sent is no longer looked for once the reply is there.
        await PageContext.TypeAsync(chat, "Where do I live? And where do you?");
        Assert.Equal("Where do I live? And where do you?", chat.Find("[data-testid=composer]").GetAttribute("value"));
    }

    /// <summary>A reply that is over before the field was closed for it.</summary>
    [Fact]
    public void What_begins_with_what_was_said_last_is_taken_whole()
    {
        var composer = _page.Render<Composer>(parameters => parameters.Add(part => part.Name, "Ada").Add(part => part.Session, "ses_1").Add(part => part.Ready, true));
        composer.Find("textarea").Input("Hi");
        composer.Find("form").Submit();
        Assert.Equal("", composer.Find("textarea").GetAttribute("value") ?? "");
        foreach (var typed in (string[])["H", "Hi", "Hi there"])
            composer.Find("textarea").Input(typed);
        Assert.Equal("Hi there", composer.Find("textarea").GetAttribute("value"));
    }

    [Fact]
    public async Task A_conversation_left_while_its_first_reply_was_written_has_its_title_in_the_list()
    {
        var chat = Open("ses_1");
        PageContext.Send(chat, "Tell me everything.");
        var reply = await _fake.NextChatAsync();
        chat.Render(parameters => parameters.Add(page => page.SessionId, "ses_2"));
        chat.WaitForAssertion(() => Assert.Equal(["Yes."], Texts(chat, "message-assistant")));
        _fake.Sessions["ses_1"] = _fake.Sessions["ses_1"] with { Title = "Everything" };

        reply.Done();

        chat.WaitForAssertion(() => Assert.Contains(chat.FindAll("[data-testid=conversation]"), link => link.TextContent.Contains("Everything", StringComparison.Ordinal)));
    }

    [Fact]
    public void Whoever_writes_into_a_conversation_that_was_deleted_is_told_so_in_plain_words()
    {
        var chat = Open("ses_1");
        _fake.RefuseChat = new(404, ErrorCodes.SessionNotFound, "There is no session 'ses_1'. Leave X-Comox-Session out to start a new one.");

        PageContext.Send(chat, "Where do I live?");

        chat.WaitForAssertion(() => Assert.Contains("This conversation is no longer here.", chat.Find("[data-testid=error-banner]").TextContent, StringComparison.Ordinal));
    }

    [Fact]
    public void Enter_may_be_faster_than_the_answer_to_the_first_letter()
    {
        var chat = Open("ses_1");

        Assert.False(chat.WaitForElement("[data-testid=send]").HasAttribute("disabled"));
    }

    private void Store(string session, params (string Role, string Content)[] turns) => _fake.Sessions[session] = Some.Session(
        session, _fake.Characters[0], [.. turns.Select((turn, index) => Some.Turn($"{session}-{index}", turn.Role, turn.Content, turn.Role == "user" ? null : "stop"))]);

    private IRenderedComponent<ChatPage> Open(string session)
    {
        var chat = _page.Render<ChatPage>(parameters => parameters.Add(page => page.SessionId, session));
        chat.WaitForElement("[data-testid=composer]");
        return chat;
    }

    private static string Streaming(IRenderedComponent<ChatPage> chat) => chat.Find("[data-testid=streaming] .prose").TextContent.Trim();

    private static List<string> Texts(IRenderedComponent<ChatPage> chat, string testId) =>
        [.. chat.FindAll($"[data-testid={testId}]").Select(message => message.QuerySelector(".prose")!.TextContent)];
}
