using System.Text.Json;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Web.Chat;

/// <summary>
/// One open session: what was said, the reply that is streaming, what went wrong. The page draws it; it knows nothing of pages, and its replies go on
/// without one (<see cref="RepliesInProgress"/>). Any number of pages may look at it, from any thread.
/// </summary>
internal sealed class Conversation(SessionDetails session, MemoryClient memory, GatewayChatClient gateway, RepliesInProgress replies, TimeProvider time)
{
    private const string Gone = "This conversation is no longer here. Choose another, or start a new one.";

    private readonly Lock _gate = new();
    private ChatEntry[] _entries = [.. session.Turns.Select(ChatEntry.From)]; // Replaced, never changed: pages read it while a reply writes.
    private CancellationTokenSource? _reply;

    public SessionSummary Session { get; } = session;
    public IReadOnlyList<ChatEntry> Entries => Volatile.Read(ref _entries);
    public bool IsStreaming => Volatile.Read(ref _reply) is not null;

    /// <summary>Ends with the reply in progress, in whichever way that ends.</summary>
    public Task Ended { get; private set; } = Task.CompletedTask;

    /// <summary>Why the last attempt failed; null after a good one.</summary>
    public string? Problem { get; private set; }

    /// <summary>The last thing said is the person's, or a reply that broke off: it can be asked for again.</summary>
    public bool IsUnanswered => !IsStreaming && Entries is [.., { IsUser: true } or { State: EntryState.Interrupted }] && Entries.Any(entry => entry.IsUser);

    public bool CanRegenerate => !IsStreaming && Entries is [.., { IsUser: false }] && Entries.Any(entry => entry.IsUser);

    /// <summary>A token came, or a state changed. Raised on any thread.</summary>
    public event Action? Changed;

    /// <summary>Says something and lets the reply stream in. What never arrived is <see cref="TakeRefused"/>'s, to be sent again or changed.</summary>
    public Task SendAsync(string text)
    {
        if (string.IsNullOrWhiteSpace(text))
            return Task.CompletedTask;
        var question = new ChatEntry($"own-{time.GetTimestamp()}", "user", time.GetUtcNow(), text);
        if (TryBegin(() => Set([.. Entries, question])) is not { } stop)
        {
            replies.KeepRefused(Session.Id, text);
            return Task.CompletedTask;
        }

        return Run(stop, async () =>
        {
            if (await AnswerAsync([question], Entries, isWhole: false, stop.Token) || await HasArrivedAsync(question, stop.Token))
                return;
            Set([.. Entries.Where(entry => entry != question)]);
            replies.KeepRefused(Session.Id, text);
        });
    }

    /// <summary>Asks again for a reply to the last thing the person said.</summary>
    public Task TryAgainAsync()
    {
        if (Entries.LastOrDefault(entry => entry.IsUser) is not { } question || TryBegin() is not { } stop)
            return Task.CompletedTask;
        return Run(stop, () => AnswerAgainAsync(question, stop.Token));
    }

    /// <summary>Ends the reply; disposing its stream makes the engine stop.</summary>
    public void Stop()
    {
        lock (_gate)
            _reply?.Cancel();
    }

    public void DismissProblem()
    {
        Problem = null;
        Changed?.Invoke();
    }

    /// <summary>The message that did not arrive, once.</summary>
    public string? TakeRefused() => replies.TakeRefused(Session.Id);

    /// <summary>It went on elsewhere: shows how it stands. A reply that is still on its way to memory stays.</summary>
    public async Task ReadAgainAsync()
    {
        var shown = Entries;
        if (await memory.GetSessionAsync(Session.Id) is not { IsSuccess: true } stored || IsStreaming || stored.Value.Turns.Count < shown.Count)
            return;
        var turns = stored.Value.Turns.Select(ChatEntry.From);
        Set(stored.Value.Turns is [.., { Role: "user" }] && shown is [.., { IsUser: false } reply] ? [.. turns, reply] : [.. turns]);
    }

    /// <summary>What to say of it to a person: the service's words are for programs where the session is gone.</summary>
    internal static string Words(ApiError error) => error.Code == ErrorCodes.SessionNotFound ? Gone : error.Message;

    /// <summary>
    /// <list type="number">
    /// <item>Read what memory holds: only it knows how much of a stopped reply was kept, and whether the last message arrived at all.</item>
    /// <item>A message that never arrived is sent as a new one.</item>
    /// <item>One that arrived, but after which somebody else went on: show how the conversation stands, and cut nothing.</item>
    /// <item>Else cut the transcript after it and send the whole: memory drops the turns that it no longer contains.</item>
    /// </list>
    /// </summary>
    private async Task AnswerAgainAsync(ChatEntry question, CancellationToken stop)
    {
        var before = Entries;
        var stored = await memory.GetSessionAsync(Session.Id, stop); // 1
        if (!stored.IsSuccess)
        {
            Problem = Words(stored.Error);
            return;
        }

        var turns = stored.Value.Turns;
        if (!question.IsStored && !Holds(turns, question)) // 2
        {
            var kept = turns.Select(ChatEntry.From).ToList();
            Set([.. kept, question]);
            await AnswerAsync([question], Entries, isWhole: false, stop);
            return;
        }

        var last = turns.Select((turn, index) => (turn, index)).LastOrDefault(item => item.turn.Role == "user");
        if (last.turn is null || !Same(last.turn, question)) // 3
        {
            Set([.. turns.Select(ChatEntry.From)]);
            Problem = "This conversation went on elsewhere. This is how it stands now.";
            return;
        }

        Set([.. turns.Take(last.index + 1).Select(ChatEntry.From)]); // 4
        await AnswerAsync(Entries, before, isWhole: true, stop);
    }

    /// <summary>
    /// Whether a stream was opened, which is when the messages are stored. When not, the entries are <paramref name="before"/> again; and so they are when it ended
    /// before its first word (a model may think for long): such a reply is no turn, and until there is one memory keeps the reply that was there.
    /// </summary>
    private async Task<bool> AnswerAsync(IReadOnlyList<ChatEntry> said, IReadOnlyList<ChatEntry> before, bool isWhole, CancellationToken stop)
    {
        var entry = new ChatEntry($"reply-{time.GetTimestamp()}", "assistant", time.GetUtcNow()) { State = EntryState.Streaming };
        var isStored = false;
        Problem = null;
        Set([.. Entries, entry]);
        try
        {
            var messages = said.Select(one => new ChatMessage(one.Role, one.Text)).ToList();
            var request = new ChatRequest($"character/{Session.Character}", messages, ServiceAuthentication.AdminCaller) { IsWholeTranscript = isWhole };
            var started = await gateway.StreamAsync(request, Session.Id, stop);
            if (!started.IsSuccess)
            {
                Problem = Words(started.Error);
                return false;
            }

            using var stream = started.Value;
            said[^1].IsStored = isStored = true;
            entry.Receipt = stream.ReceiptPath?.Split('/')[^1];
            await foreach (var piece in stream.ReadAsync(stop))
            {
                entry.Append(piece);
                Changed?.Invoke();
            }

            entry.State = EntryState.Whole;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
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
            if (!isStored || (entry.IsEmpty && entry.State is not EntryState.Whole))
                Set([.. before]);
        }

        return isStored || stop.IsCancellationRequested;
    }

    /// <summary>A refusal can come after the message was stored, when it is the engine that refuses.</summary>
    private async Task<bool> HasArrivedAsync(ChatEntry question, CancellationToken stop) =>
        question.IsStored = await memory.GetSessionAsync(Session.Id, stop) is { IsSuccess: true } stored && Holds(stored.Value.Turns, question);

    /// <summary>Not the words alone: the same ones ("ok") may have been said, stored and answered before.</summary>
    private bool Holds(IReadOnlyList<SessionTurn> turns, ChatEntry question)
    {
        var known = Entries.TakeWhile(entry => entry != question).Count(entry => entry is { IsUser: true, IsStored: true });
        var said = turns.Where(turn => turn.Role == "user").ToList();
        return said.Count > known && Same(said[^1], question);
    }

    // Memory keeps a turn in its normal form.
    private static bool Same(SessionTurn turn, ChatEntry entry) => turn.Content.ReplaceLineEndings("\n").Trim() == entry.Text.ReplaceLineEndings("\n").Trim();

    private CancellationTokenSource? TryBegin(Action? begin = null)
    {
        CancellationTokenSource? reply = null;
        lock (_gate)
        {
            if (_reply is not null)
                return null;
            Problem = replies.Begin(this);
            if (Problem is null)
            {
                _reply = reply = CancellationTokenSource.CreateLinkedTokenSource(replies.Stopping);
                begin?.Invoke();
            }
        }

        Changed?.Invoke();
        return reply;
    }

    // Not on the circuit's own context, which ends with the page.
    private Task Run(CancellationTokenSource reply, Func<Task> answer) => Ended = Task.Run(async () =>
    {
        try
        {
            await answer();
        }
        catch (OperationCanceledException) when (reply.IsCancellationRequested)
        {
            // Stopped before anything came.
        }
        finally
        {
            lock (_gate)
            {
                _reply = null;
                reply.Dispose();
            }

            replies.End(this);
            Changed?.Invoke();
        }
    });

    private void Set(ChatEntry[] entries)
    {
        Volatile.Write(ref _entries, entries);
        Changed?.Invoke();
    }
}
