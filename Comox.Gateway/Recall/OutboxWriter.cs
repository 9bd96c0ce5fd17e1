using System.Threading.Channels;
using Comox.ServiceDefaults;

namespace Comox.Gateway.Recall;

/// <summary>
/// Owns the outbox. Requests queue what they want written and wait; whatever has queued up meanwhile goes to the disk in one transaction.
/// </summary>
internal sealed class OutboxWriter(ComoxHome home, ILogger<OutboxWriter> logger) : IDisposable
{
    private const int MaxBatch = 256;

    private readonly Channel<Write> _writes = Channel.CreateUnbounded<Write>(new UnboundedChannelOptions { SingleReader = true });
    private readonly List<Write> _owed = []; // Removals that failed: nobody asks for them again.
    private ReplyOutbox? _outbox;
    private volatile string? _fault = "it has not been opened";

    /// <summary>Why nothing can be written; null when the last write succeeded.</summary>
    public string? Fault => _fault;

    public bool IsOpen => _outbox is not null;

    /// <returns>What an earlier run left over.</returns>
    public IReadOnlyList<StoredReply> Open()
    {
        _outbox = ReplyOutbox.Open(Path.Combine(home.Folder("gateway"), "outbox.db"));
        _fault = null;
        return _outbox.ReadAll();
    }

    /// <returns>The id once it is on disk; null when it could not be written.</returns>
    public Task<long?> AddAsync(PendingReply reply) => QueueAsync(new Write { Added = reply });

    public Task RemoveAsync(long id) => QueueAsync(new Write { Removed = id });

    /// <summary>Keeps the reply as a dead letter.</summary>
    public Task SetAsideAsync(long id, string reason) => QueueAsync(new Write { Refused = new RefusedReply(id, reason) });

    /// <summary>
    /// Tries whether replies can be written again, where the last write failed: whoever is sent nothing, because it is not ready, writes nothing that would show it.
    /// </summary>
    public Task TryAsync() => QueueAsync(new Write { IsTrial = true });

    /// <summary>Writes until <see cref="Complete"/>, then writes what is left.</summary>
    public async Task RunAsync()
    {
        var batch = new List<Write>();
        while (await _writes.Reader.WaitToReadAsync())
        {
            batch.Clear();
            batch.AddRange(_owed);
            _owed.Clear();
            for (var most = batch.Count + MaxBatch; batch.Count < most && _writes.Reader.TryRead(out var write);)
                batch.Add(write);
            Apply(batch);
        }
    }

    public void Complete() => _writes.Writer.TryComplete();

    public void Dispose() => _outbox?.Dispose();

    private Task<long?> QueueAsync(Write write)
    {
        if (!_writes.Writer.TryWrite(write))
            write.Done.SetResult(null);
        return write.Done.Task;
    }

    private void Apply(List<Write> batch, bool isAlone = false)
    {
        // Whatever else is written shows it as well.
        var isTrial = batch.TrueForAll(write => write.IsTrial);
        try
        {
            if (isTrial)
                _outbox!.Try();
            var added = batch.Where(write => write.Added is not null).ToList();
            var ids = _outbox!.Apply(
                [.. added.Select(write => write.Added!)],
                [.. batch.Where(write => write.Removed is not null).Select(write => write.Removed!.Value)],
                [.. batch.Where(write => write.Refused is not null).Select(write => write.Refused!)]);
            _fault = null;
            for (var i = 0; i < added.Count; i++)
                added[i].Done.TrySetResult(ids[i]);
            foreach (var write in batch.Where(write => write.Added is null))
                write.Done.TrySetResult(write.Removed ?? write.Refused?.Id);
        }
        catch (Exception problem)
        {
            _fault = problem.Message;
            if (!isTrial && !isAlone)
                RecallLog.OutboxFailed(logger, problem);

            // One that cannot be written is nobody else's fault.
            if (batch.Count > 1)
            {
                foreach (var write in batch)
                    Apply([write], isAlone: true);
                return;
            }

            // The request is told, and the next batch is tried; what was only to go, because it has arrived, goes with that.
            batch[0].Done.TrySetResult(null);
            if (batch[0] is { Removed: not null } or { Refused: not null })
                _owed.Add(batch[0]);
        }
    }

    /// <summary>One of the four.</summary>
    private sealed class Write
    {
        public bool IsTrial { get; init; }
        public PendingReply? Added { get; init; }
        public long? Removed { get; init; }
        public RefusedReply? Refused { get; init; }
        public TaskCompletionSource<long?> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
