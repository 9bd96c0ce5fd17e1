using System.Data.Common;
using Comox.Memory.Diagnostics;
using Comox.Memory.Sessions;
using Comox.Memory.Storage;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Recall;

/// <summary>
/// Builds, after a start, the indexes of those who spoke last: one that is built for the first message of a person with a year of conversations takes seconds. One after the
/// other, and half of what may be indexed at most, so that whoever comes first has room.
/// </summary>
internal sealed class RecallWarmUp(MemoryDbFactory databases, ConversationLocks locks, RecallIndexes indexes, MemoryOptions options, TimeProvider time, ILogger<RecallWarmUp> log) : BackgroundService
{
    /// <summary>Sessions that are looked through for them.</summary>
    private const int NewestSessions = 1000;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.WarmPeople == 0)
            return;
        await Task.Yield(); // The host waits for what comes before the first wait.
        var start = time.GetTimestamp();
        var (people, turns) = (0, 0);
        try
        {
            foreach (var (subject, character) in await NewestAsync(stoppingToken))
            {
                await using var db = databases.Open();
                using var held = await locks.TakeAsync(db, subject, character, stoppingToken);
                turns += (await indexes.OpenAsync(db, subject, character, stoppingToken)).TurnCount;
                people++;
                if (turns > options.MaxIndexedTurns / 2)
                    break;
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            return;
        }
        catch (Exception problem) when (problem is DbException or DbUpdateException or InvalidOperationException)
        {
            // Nobody is worse off than without it: the first message builds what it needs.
            MemoryLog.NotWarmedUp(log, databases.Description, problem);
        }

        if (people > 0)
            MemoryLog.WarmedUp(log, people, turns, (long)time.GetElapsedTime(start).TotalMilliseconds);
    }

    private async Task<IReadOnlyList<(string Subject, string Character)>> NewestAsync(CancellationToken cancellation)
    {
        await using var db = databases.Open();
        var sessions = await BackgroundCalls.Without(db.Sessions.AsNoTracking()).OrderByDescending(session => session.UpdatedAt).Take(NewestSessions)
            .Select(session => new { session.Subject, session.CharacterId }).ToListAsync(cancellation);
        return [.. sessions.Select(session => (session.Subject, session.CharacterId)).Distinct().Take(options.WarmPeople)];
    }
}
