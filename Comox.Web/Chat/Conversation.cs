using System.Text.Json;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Web.Chat;

/// <summary>
/// One open session: what was said, the reply that is streaming, what went wrong. The page draws it; it knows nothing of pages.
/// Not thread-safe: its owner is one circuit.
/// </summary>
internal sealed class Conversation(MemoryClient memory, GatewayChatClient gateway, TimeProvider time, IHostApplicationLifetime lifetime) : IDisposable
{
    private readonly List<ChatEntry> _entries = [];
    private CancellationTokenSource? _reply;

    public SessionDetails? Session { get; private set; }
    public IReadOnlyList<ChatEntry> Entries => _entries;
    public bool IsStreaming => _reply is not null;

    /// <summary>Why the last attempt failed; null after a good one.</summary>
    public string? Problem { get; private set; }

    /// <summary>The last thing said is the person's, or a reply that broke off: it can be asked for again.</summary>
    public bool IsUnanswered => !IsStreaming && _entries is [.., { IsUser: true } or { State: EntryState.Interrupted }] && _entries.Exists(entry => entry.IsUser);

    public bool CanRegenerate => !IsStreaming && _entries is [.., { IsUser: false }] && _entries.Exists(entry => entry.IsUser);

    /// <summary>A token came, or a state changed.</summary>
    public event Action? Changed;

    public void Open(SessionDetails session)
    {
        Stop();
        Session = session;
        Problem = null;
        Take(session.Turns);
    }

    /// <summary>Says something and lets the reply stream in. Returns when the reply has ended, in whichever way.</summary>
    public Task SendAsync(string text)
    {
        if (IsStreaming || Session is null || string.IsNullOrWhiteSpace(text))
            return Task.CompletedTask;
        Add(new ChatEntry($"own-{_entries.Count}-{time.GetTimestamp()}", "user", time.GetUtcNow(), text));
        return AnswerAsync([new ChatMessage("user", text)]);
    }

    /// <summary>
    /// Asks again for a reply to the last thing the person said.
    /// <list type="number">
    /// <item>Read what memory holds: only it knows how much of a stopped reply was kept, and whether the last message arrived at all.</item>
    /// <item>Cut the transcript after the person's last message, adding it when it never arrived.</item>
    /// <item>Send the transcript: memory drops the turns that it no longer contains.</item>
    /// </list>
    /// </summary>
    public async Task TryAgainAsync()
    {
        if (IsStreaming || Session is null || _entries.FindLast(entry => entry.IsUser) is not { } question)
            return;

        var stored = await memory.GetSessionAsync(Session.Id, lifetime.ApplicationStopping); // 1
        if (!stored.IsSuccess)
        {
            Fail(stored.Error.Message);
            return;
        }

        var turns = stored.Value.Turns.ToList();
        var last = turns.FindLastIndex(turn => turn.Role == "user"); // 2
        Take(last >= 0 && turns[last].Content == question.Text ? turns.Take(last + 1) : turns);
        if (_entries is not [.., { IsUser: true }])
            _entries.Add(question);
        await AnswerAsync([.. _entries.Select(entry => new ChatMessage(entry.Role, entry.Text))], isWhole: true); // 3
    }

    /// <summary>Ends the reply; disposing its stream makes the engine stop.</summary>
    public void Stop() => _reply?.Cancel();

    public void DismissProblem()
    {
        Problem = null;
        Changed?.Invoke();
    }

    public void Dispose() => Stop();

    private async Task AnswerAsync(IReadOnlyList<ChatMessage> messages, bool isWhole = false)
    {
        var session = Session!;
        using var reply = _reply = CancellationTokenSource.CreateLinkedTokenSource(lifetime.ApplicationStopping);
        var entry = new ChatEntry($"reply-{time.GetTimestamp()}", "assistant", time.GetUtcNow()) { State = EntryState.Streaming };
        Problem = null;
        Add(entry);
        try
        {
            var request = new ChatRequest($"character/{session.Character}", messages, ServiceAuthentication.AdminCaller) { IsWholeTranscript = isWhole };
            var started = await gateway.StreamAsync(request, session.Id, reply.Token);
            if (!started.IsSuccess)
            {
                entry.State = EntryState.Interrupted;
                Problem = started.Error.Message;
                return;
            }

            using var stream = started.Value;
            entry.Receipt = stream.ReceiptPath?.Split('/')[^1];
            await foreach (var piece in stream.ReadAsync(reply.Token))
            {
                entry.Append(piece);
                Changed?.Invoke();
            }

            entry.State = EntryState.Whole;
        }
        catch (OperationCanceledException) when (reply.IsCancellationRequested)
        {
            entry.State = EntryState.Stopped;
        }
        catch (Exception broken) when (broken is ChatStreamException or HttpRequestException or IOException or JsonException)
        {
            entry.State = EntryState.Interrupted;
            Problem = broken is ChatStreamException ? broken.Message : "The connection to the gateway broke off in the middle of the reply.";
        }
        finally
        {
            if (entry.IsEmpty && entry.State is not EntryState.Whole)
                _entries.Remove(entry);
            if (ReferenceEquals(_reply, reply))
                _reply = null;
            Changed?.Invoke();
        }
    }

    private void Take(IEnumerable<SessionTurn> turns)
    {
        _entries.Clear();
        _entries.AddRange(turns.Select(ChatEntry.From));
        Changed?.Invoke();
    }

    private void Add(ChatEntry entry)
    {
        _entries.Add(entry);
        Changed?.Invoke();
    }

    private void Fail(string problem)
    {
        Problem = problem;
        Changed?.Invoke();
    }
}
