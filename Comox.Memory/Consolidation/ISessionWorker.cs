using Comox.Memory.Sessions;
using Comox.Memory.Storage;
using Comox.ServiceDefaults.Clients;

namespace Comox.Memory.Consolidation;

/// <summary>
/// Something that reads sessions' logs in the background and adds to them. Each has its own place in each log; what it has not read is its lag. It may be
/// slow, fail, or be switched off for a year: nobody waits for it, and it goes on where it stopped.
/// </summary>
internal interface ISessionWorker
{
    /// <summary>Name of its place in the logs, and in status and metrics.</summary>
    string Name { get; }

    /// <summary>Whether it has what it needs (a model for its role); otherwise its place stays where it is.</summary>
    bool IsEnabled { get; }

    /// <summary>Before its first look at the logs.</summary>
    /// <returns>False: not yet, it is asked again; as where it throws.</returns>
    Task<bool> BeginAsync(MemoryDb db, CancellationToken cancellation) => Task.FromResult(true);

    /// <summary>
    /// Looks at what came after <paramref name="after"/>, without any lock, as long as it takes. Failure is a value: the same is tried again later. What it
    /// does outside the log must be repeatable, because a process may end before its place is written.
    /// </summary>
    Task<ApiResult<WorkDone>> WorkAsync(MemoryDb db, SessionRow session, int after, CancellationToken cancellation);
}

/// <param name="Through">Number of the last event it is done with.</param>
/// <param name="Events">What it adds to the log, in the same transaction that moves its place.</param>
/// <param name="StillHolds">Asked under the session's lock: false where the session has moved under its feet; then it looks again.</param>
internal sealed record WorkDone(int Through, IReadOnlyList<SessionEvent> Events, Func<MemoryDb, CancellationToken, Task<bool>>? StillHolds = null)
{
    public static WorkDone Nothing(int through) => new(through, []);
}
