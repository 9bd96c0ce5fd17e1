using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.Recall;

/// <summary>
/// The durable way of a reply to the memory service: on disk before the client sees the end, delivered in the background in the order of its
/// session, and again and again until it has arrived. Recording is idempotent, so a reply delivered twice is one turn.
/// </summary>
internal sealed class ReplyHandover(
    OutboxWriter outbox, Drain drain, IHttpClientFactory clients, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<ReplyHandover> logger) : IHostedService, IDisposable
{
    private const int DeliveriesAtOnce = 8;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, SessionQueue> _sessions = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _deliveries = new(DeliveriesAtOnce);
    private readonly CancellationTokenSource _stopping = new();
    private Task _writing = Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        var leftOver = outbox.Open();
        if (leftOver.Count > 0)
            RecallLog.RepliesLeftOver(logger, leftOver.Count);
        _writing = Task.Run(outbox.RunAsync, CancellationToken.None);
        foreach (var reply in leftOver)
            Enqueue(reply);
        return Task.CompletedTask;
    }

    /// <summary>What is not delivered by now is delivered by the next run.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        // Chats that are cut off hand over what they have; after that nobody adds a reply.
        await drain.EndAsync();
        await _stopping.CancelAsync();
        Task[] running;
        lock (_lock)
            running = [.. _sessions.Values.Select(queue => queue.Delivery)];
        await Task.WhenAll(running);
        outbox.Complete();
        await _writing;
    }

    /// <returns>True when the reply is on disk: from then on it will reach the memory service, whatever happens to this process.</returns>
    public async ValueTask<bool> AddAsync(PendingReply reply)
    {
        if (await outbox.AddAsync(reply) is not { } id)
            return false;
        Enqueue(new StoredReply(id, reply));
        return true;
    }

    /// <returns>Whether every earlier reply of the session has arrived.</returns>
    public async ValueTask<bool> WaitForAsync(string session, TimeSpan limit, CancellationToken cancellation)
    {
        Task delivery;
        lock (_lock)
        {
            if (!_sessions.TryGetValue(session, out var queue))
                return true;
            delivery = queue.Delivery;
        }

        try
        {
            await delivery.WaitAsync(limit, time, cancellation);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        _stopping.Dispose();
        _deliveries.Dispose();
    }

    private void Enqueue(StoredReply reply)
    {
        lock (_lock)
        {
            if (_sessions.TryGetValue(reply.Pending.Session, out var queue))
            {
                queue.Replies.Enqueue(reply);
                return;
            }

            queue = new SessionQueue();
            queue.Replies.Enqueue(reply);
            _sessions[reply.Pending.Session] = queue;
            queue.Delivery = Task.Run(() => DeliverAsync(reply.Pending.Session, queue), CancellationToken.None);
        }
    }

    private async Task DeliverAsync(string session, SessionQueue queue)
    {
        try
        {
            if (!await lifetime.HasStartedAsync(_stopping.Token))
                return;
            while (Next(session, queue) is { } reply)
            {
                await DeliverAsync(reply);
                lock (_lock)
                    queue.Replies.Dequeue();
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Still on disk.
        }
    }

    // The queue leaves the dictionary under the same lock under which it is found empty: no reply can slip in between.
    private StoredReply? Next(string session, SessionQueue queue)
    {
        lock (_lock)
        {
            if (queue.Replies.TryPeek(out var reply))
                return reply;
            _sessions.Remove(session);
            return null;
        }
    }

    private async Task DeliverAsync(StoredReply stored)
    {
        var (session, turn, _) = stored.Pending;
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            if (await RecordAsync(stored.Pending) is not { } error)
            {
                await outbox.RemoveAsync(stored.Id);
                return;
            }

            if (IsForgotten(error))
            {
                RecallLog.DeliveryDropped(logger, session, turn);
                await outbox.RemoveAsync(stored.Id);
                return;
            }

            if (IsRefused(error))
            {
                RecallLog.DeliveryRefused(logger, session, turn, error.Status, error.Code);
                await outbox.SetAsideAsync(stored.Id, $"{error.Status} {error.Code}: {error.Message}");
                return;
            }

            // The memory service may be stopping with us; the reply is on disk, so there is nothing to warn of.
            if (!lifetime.ApplicationStopping.IsCancellationRequested)
                RecallLog.DeliveryFailed(logger, session, turn, error.Status, error.Code, pause);
            await Task.Delay(pause, time, _stopping.Token);
        }
    }

    private async Task<ApiError?> RecordAsync(PendingReply pending)
    {
        var (session, turn, reply) = pending;
        await _deliveries.WaitAsync(_stopping.Token);
        try
        {
            return (await new MemoryClient(clients.CreateClient(nameof(MemoryClient))).RecordReplyAsync(session, turn, reply, _stopping.Token)).Error;
        }
        catch (Exception bug) when (!_stopping.IsCancellationRequested)
        {
            // One bug must not silence the session until the next start.
            RecallLog.DeliveryCrashed(logger, session, turn, bug);
            return new ApiError(StatusCodes.Status500InternalServerError, ErrorCodes.InternalError, bug.Message);
        }
        finally
        {
            _deliveries.Release();
        }
    }

    // Other 404s are not about the reply: a proxy in between, or an address that is not the memory service's. What answers a deleted message is not kept either: its words are to be gone.
    private static bool IsForgotten(ApiError error) =>
        error is { Status: StatusCodes.Status410Gone, Code: ErrorCodes.TurnDeleted }
        || (error.Status == StatusCodes.Status404NotFound && (error.Code == ErrorCodes.SessionNotFound || error is { Code: ErrorCodes.NotFound, Param: "turn" }));

    private static bool IsRefused(ApiError error) =>
        error.Status is StatusCodes.Status400BadRequest or StatusCodes.Status409Conflict or StatusCodes.Status413PayloadTooLarge;

    private sealed class SessionQueue
    {
        public Queue<StoredReply> Replies { get; } = [];
        public Task Delivery { get; set; } = Task.CompletedTask;
    }
}
