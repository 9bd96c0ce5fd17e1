using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Comox.Web.Controls;
using Comox.Web.Fleet;
using Comox.Web.Layout;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace Comox.Web.Chat;

/// <summary>Conversations at the left, the open one in the middle. Which one is open is in the address; what was said is in memory; nothing is kept here.</summary>
public sealed partial class ChatPage : ComponentBase, IAsyncDisposable
{
    private const int ListedAtFirst = 50;
    private const int MostListed = 500; // More than this the memory service does not list.

    private Conversation? _conversation;
    private RenderThrottle? _throttle;
    private ElementReference _thread;
    private ThreadScript? _script;
    private IReadOnlyList<SessionSummary>? _sessions;
    private IReadOnlyList<CharacterSummary>? _characters;
    private int _shown = ListedAtFirst;
    private Conversation? _next;
    private Composer? _composer;
    private ChatReadiness _readiness = null!;
    private string? _problem, _notStarted;
    private string? _receipt;
    private bool _attach, _isGone, _starting, _picking, _factsOpen, _listOpen;

    [Parameter]
    public string? SessionId { get; set; }

    /// <summary>Where the prerendered page's <see cref="PageHandover"/> is; read once: the framework sets it again whenever the address changes.</summary>
    [PersistentState]
    public string? HandoverKey { get; set; }

    [Inject]
    private PageHandover Handover { get; set; } = null!;

    [Inject]
    private RepliesInProgress Replies { get; set; } = null!;

    [Inject]
    private MemoryClient Memory { get; set; } = null!;

    [Inject]
    private ModelWarmUp WarmUp { get; set; } = null!;

    [Inject]
    private NodeMonitor Node { get; set; } = null!;

    [Inject]
    private FleetMonitor Fleet { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    [Inject]
    private IServiceProvider Services { get; set; } = null!;

    [Inject]
    private TimeProvider Time { get; set; } = null!;

    [Inject]
    private IJSRuntime Browser { get; set; } = null!;

    private bool HasOlder => _sessions?.Count >= _shown;

    private CharacterSummary? Character => _characters?.FirstOrDefault(character => character.Slug == _conversation?.Session.Character);

    public async ValueTask DisposeAsync()
    {
        _readiness.Dispose();
        Close();
        _throttle?.Dispose();
        if (_script is not null)
            await _script.DisposeAsync();
    }

    protected override void OnInitialized()
    {
        if (Handover.TryTake(HandoverKey, out Prerendered? read))
            (_sessions, _characters, _next) = (read.Sessions, read.Characters, read.Conversation);
        _throttle = new RenderThrottle(Time, () => _ = InvokeAsync(StateHasChanged));
        _readiness = new ChatReadiness(Node, Fleet, () => _ = InvokeAsync(StateHasChanged));
    }

    protected override Task OnParametersSetAsync() => _conversation is not null && _conversation.Session.Id == SessionId ? Task.CompletedTask : LoadAsync();

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!_attach)
            return;
        _attach = false;
        _script ??= new ThreadScript(Browser, Assets["chat.js"]);
        await _script.AttachAsync(_thread);
        // What was refused while nobody looked.
        if (_conversation is { IsStreaming: false } conversation && conversation.TakeRefused() is { } refused)
            _composer?.PutBack(refused);
    }

    /// <summary>
    /// <list type="number">
    /// <item>The lists, once; the prerendered page hands all it read to the circuit.</item>
    /// <item>Without a session in the address: the newest one, or the start.</item>
    /// <item>The session itself; while a reply of it is in progress, as that reply's conversation.</item>
    /// </list>
    /// </summary>
    private async Task LoadAsync()
    {
        (_problem, _isGone) = (null, false);
        if (_sessions is null || _characters is null) // 1
            await LoadListsAsync();
        if (_problem is not null)
            return;

        if (SessionId is null) // 2
        {
            Close();
            if (_sessions is [var newest, ..])
                Navigation.NavigateTo($"/chat/{newest.Id}", replace: true);
            return;
        }

        var wanted = SessionId; // 3
        var conversation = Replies.Find(wanted) ?? (_next?.Session.Id == wanted ? _next : null);
        if (conversation is null)
        {
            var session = await Memory.GetSessionAsync(wanted);
            if (wanted != SessionId)
                return;
            if (!session.IsSuccess)
            {
                Close();
                _isGone = session.Error.Code == ErrorCodes.SessionNotFound;
                _problem = Conversation.Words(session.Error);
                if (_isGone)
                    _sessions = [.. _sessions!.Where(known => known.Id != wanted)];
                return;
            }

            conversation = Replies.Find(wanted) ?? NewConversation(session.Value);
        }

        _next = null;
        Open(conversation);
        if (!RendererInfo.IsInteractive)
            HandoverKey = Handover.Keep(new Prerendered(_sessions!, _characters!, conversation));
    }

    private async Task LoadListsAsync()
    {
        var sessions = Memory.ListSessionsAsync(ServiceAuthentication.AdminCaller, limit: _shown);
        var characters = Memory.ListCharactersAsync();
        if (await sessions is { IsSuccess: true } found)
            _sessions = found.Value.Data;
        else
            _problem = (await sessions).Error!.Message;
        if (await characters is { IsSuccess: true } known)
            _characters = known.Value.Data;
        else
            _problem ??= (await characters).Error!.Message;
    }

    private Task ShowOlderAsync() => ListAgainAsync(Math.Min(_shown * 2, MostListed));

    private async Task ListAgainAsync(int most)
    {
        // Meanwhile somebody may have asked for older ones: a shorter list does not take them away again.
        if (await Memory.ListSessionsAsync(ServiceAuthentication.AdminCaller, limit: most) is { IsSuccess: true } sessions && most >= _shown)
            (_sessions, _shown) = (sessions.Value.Data, most);
    }

    // Not from the container itself, which would hold every conversation of this tab until the tab is closed.
    private Conversation NewConversation(SessionDetails session) => ActivatorUtilities.CreateInstance<Conversation>(Services, session);

    private void Open(Conversation conversation)
    {
        Close();
        _conversation = conversation;
        _conversation.Changed += _throttle!.Request;
        _attach = true;
        WarmUp.Begin(conversation.Session.Character, conversation.Session.Id);
        if (RendererInfo.IsInteractive && conversation.IsStreaming)
            _ = InvokeAsync(() => SeeEndAsync(conversation));
    }

    /// <summary>Looks away; a reply in progress goes on.</summary>
    private void Close()
    {
        if (_conversation is not null)
            _conversation.Changed -= _throttle!.Request;
        _conversation = null;
        _receipt = null;
        _factsOpen = false;
    }

    private void Pick() => (_picking, _notStarted) = (true, null);

    private async Task StartAsync(string slug)
    {
        // A double click is two events, and the second one comes while the first is being answered.
        if (_starting)
            return;
        _starting = true;
        WarmUp.Begin(slug);
        var created = await Memory.CreateSessionAsync(new NewSession(slug, ServiceAuthentication.AdminCaller));
        _starting = false;
        _notStarted = created.Error?.Message; // Said where the character was picked: what is open stays as it is.
        if (!created.IsSuccess)
            return;
        _picking = _listOpen = false;
        // A list that was read meanwhile may have it already.
        _sessions = [created.Value, .. (_sessions ?? []).Where(known => known.Id != created.Value.Id)];
        _next = NewConversation(created.Value);
        Navigation.NavigateTo($"/chat/{created.Value.Id}");
    }

    private Task SendAsync(string text) => AnswerAsync(conversation => conversation.SendAsync(text));

    private Task TryAgainAsync() => AnswerAsync(conversation => conversation.TryAgainAsync());

    private async Task AnswerAsync(Func<Conversation, Task> answer)
    {
        if (_conversation is not { } conversation)
            return;
        _ = answer(conversation);
        await FollowAsync();
        await SeeEndAsync(conversation);
    }

    private async Task SeeEndAsync(Conversation conversation)
    {
        await conversation.Ended;
        if (ReferenceEquals(conversation, _conversation))
        {
            StateHasChanged();
            if (conversation.TakeRefused() is { } refused)
                _composer?.PutBack(refused);
            if (_script is not null)
                await _script.FocusAgainAsync();
        }

        // The list shows titles and times, which the turn has changed; and how much was said, here and elsewhere.
        await ListAgainAsync(_shown);
        if (ReferenceEquals(conversation, _conversation) && _sessions?.FirstOrDefault(known => known.Id == conversation.Session.Id)?.TurnCount > conversation.Entries.Count)
            await conversation.ReadAgainAsync();
        StateHasChanged();
    }

    private async Task FollowAsync()
    {
        if (_script is not null)
            await _script.FollowAsync();
    }

    private bool IsLast(ChatEntry entry) => _conversation?.Entries is [.., var last] && ReferenceEquals(entry, last);

    private static string? NoteOf(ChatEntry entry) => entry.State switch
    {
        EntryState.Stopped => "stopped",
        EntryState.Interrupted => "interrupted",
        _ => null,
    };

    private sealed record Prerendered(IReadOnlyList<SessionSummary> Sessions, IReadOnlyList<CharacterSummary> Characters, Conversation Conversation);
}
