using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Comox.Web.Controls;
using Comox.Web.Fleet;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace Comox.Web.Chat;

/// <summary>Conversations at the left, the open one in the middle. Which one is open is in the address; what was said is in memory; nothing is kept here.</summary>
public sealed partial class ChatPage : ComponentBase, IAsyncDisposable
{
    private Conversation? _conversation;
    private RenderThrottle? _throttle;
    private ElementReference _thread;
    private ThreadScript? _script;
    private IReadOnlyList<SessionSummary>? _sessions;
    private IReadOnlyList<CharacterSummary>? _characters;
    private SessionDetails? _details;
    private bool _attach;
    private string? _problem;
    private string? _receipt;
    private bool _picking, _factsOpen, _listOpen, _canChat;

    [Parameter]
    public string? SessionId { get; set; }

    /// <summary>
    /// What the prerendered page hands to the circuit, read once: the framework sets these again to what it restored whenever the address changes.
    /// </summary>
    [PersistentState]
    public IReadOnlyList<SessionSummary>? PrerenderedSessions { get; set; }

    [PersistentState]
    public IReadOnlyList<CharacterSummary>? PrerenderedCharacters { get; set; }

    [PersistentState]
    public SessionDetails? PrerenderedDetails { get; set; }

    [Inject]
    private MemoryClient Memory { get; set; } = null!;

    [Inject]
    private NodeMonitor Node { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    [Inject]
    private IServiceProvider Services { get; set; } = null!;

    [Inject]
    private TimeProvider Time { get; set; } = null!;

    [Inject]
    private IJSRuntime Browser { get; set; } = null!;

    private CharacterSummary? Character => _characters?.FirstOrDefault(character => character.Slug == _conversation?.Session?.Character);

    public async ValueTask DisposeAsync()
    {
        Node.Changed -= OnNodeChanged;
        _conversation?.Dispose();
        _throttle?.Dispose();
        if (_script is not null)
            await _script.DisposeAsync();
    }

    protected override void OnInitialized()
    {
        (_sessions, _characters, _details) = (PrerenderedSessions, PrerenderedCharacters, PrerenderedDetails);
        _throttle = new RenderThrottle(Time, () => _ = InvokeAsync(StateHasChanged));
        _canChat = Node.Current.CanChat;
        Node.Changed += OnNodeChanged;
    }

    protected override Task OnParametersSetAsync() => _conversation?.Session?.Id == SessionId && _conversation is not null ? Task.CompletedTask : LoadAsync();

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!_attach)
            return;
        _attach = false;
        _script ??= new ThreadScript(Browser, Assets["chat.js"]);
        await _script.AttachAsync(_thread);
    }

    /// <summary>
    /// <list type="number">
    /// <item>The lists, once; the prerendered page hands them to the circuit.</item>
    /// <item>Without a session in the address: the newest one, or the start.</item>
    /// <item>The session itself.</item>
    /// </list>
    /// </summary>
    private async Task LoadAsync()
    {
        _problem = null;
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
        if (_details?.Id != wanted)
        {
            var session = await Memory.GetSessionAsync(wanted);
            if (wanted != SessionId)
                return;
            if (!session.IsSuccess)
            {
                Close();
                _problem = session.Error.Code == ErrorCodes.SessionNotFound
                    ? "This conversation is no longer here. Choose another, or start a new one."
                    : session.Error.Message;
                return;
            }

            _details = session.Value;
        }

        Open(_details);
        if (!RendererInfo.IsInteractive)
            (PrerenderedSessions, PrerenderedCharacters, PrerenderedDetails) = (_sessions, _characters, _details);
        _details = null;
    }

    private async Task LoadListsAsync()
    {
        var sessions = Memory.ListSessionsAsync(ServiceAuthentication.AdminCaller);
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

    private void Open(SessionDetails session)
    {
        Close();
        // Not from the container itself, which would hold every conversation of this tab until the tab is closed.
        _conversation = ActivatorUtilities.CreateInstance<Conversation>(Services);
        _conversation.Open(session);
        _conversation.Changed += _throttle!.Request;
        _attach = true;
    }

    private void Close()
    {
        _conversation?.Dispose();
        _conversation = null;
        _receipt = null;
        _factsOpen = false;
    }

    private async Task StartAsync(string slug)
    {
        _picking = _listOpen = false;
        var created = await Memory.CreateSessionAsync(new NewSession(slug, ServiceAuthentication.AdminCaller));
        if (!created.IsSuccess)
        {
            Close();
            _problem = created.Error.Message;
            return;
        }

        _sessions = [created.Value, .. _sessions ?? []];
        _details = created.Value;
        Navigation.NavigateTo($"/chat/{created.Value.Id}");
    }

    private Task SendAsync(string text) => AnswerAsync(conversation => conversation.SendAsync(text));

    private Task TryAgainAsync() => AnswerAsync(conversation => conversation.TryAgainAsync());

    private async Task AnswerAsync(Func<Conversation, Task> answer)
    {
        if (_conversation is not { } conversation)
            return;
        var reply = answer(conversation);
        await FollowAsync();
        await reply;
        StateHasChanged();
        if (_script is not null)
            await _script.FocusAsync();
        // The list shows titles and times, which the turn has changed.
        if (await Memory.ListSessionsAsync(ServiceAuthentication.AdminCaller) is { IsSuccess: true } sessions)
            _sessions = sessions.Value.Data;
    }

    private async Task FollowAsync()
    {
        if (_script is not null)
            await _script.FollowAsync();
    }

    private bool IsLast(ChatEntry entry) => ReferenceEquals(entry, _conversation?.Entries[^1]);

    private static string? NoteOf(ChatEntry entry) => entry.State switch
    {
        EntryState.Stopped => "stopped",
        EntryState.Interrupted => "interrupted",
        _ => null,
    };

    private void OnNodeChanged() => _ = InvokeAsync(() =>
    {
        if (_canChat == Node.Current.CanChat)
            return;
        _canChat = Node.Current.CanChat;
        StateHasChanged();
    });
}
