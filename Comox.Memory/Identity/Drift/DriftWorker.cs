using System.Text.Json;
using System.Text.Json.Serialization;
using Comox.Memory.Consolidation;
using Comox.Memory.Ingestion;
using Comox.Memory.Sessions;
using Comox.Memory.Storage;
using Comox.ServiceDefaults.Clients;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Identity.Drift;

/// <summary>Scores replies once they are recorded, and writes down when a line has drifted from its character. No model; a reply takes microseconds.</summary>
internal sealed class DriftWorker(DriftTracker drift, CharacterStore characters, MemoryOptions options) : ISessionWorker
{
    // A window looks at a few replies; what was in character long before widens the vocabulary alone.
    private const int TurnsLookedAt = 400;
    private const int EventsAtOnce = 200;

    public string Name => "drift";

    public bool IsEnabled => options.Drift.Enabled;

    public async Task<ApiResult<WorkDone>> WorkAsync(MemoryDb db, SessionRow session, int after, CancellationToken cancellation)
    {
        var fresh = await db.Events.AsNoTracking().Where(row => row.SessionId == session.Id && row.Number > after && row.Number <= session.Version)
            .OrderBy(row => row.Number).Take(EventsAtOnce).ToListAsync(cancellation);
        var through = fresh.Count == EventsAtOnce ? fresh[^1].Number : session.Version;
        var said = fresh.Select(SessionLog.Read).OfType<TurnSaid>().Where(turn => turn.Role == Utterance.Assistant).Select(turn => turn.Turn).ToHashSet(StringComparer.Ordinal);
        if (said.Count == 0)
            return WorkDone.Nothing(through);

        var line = await db.Turns.AsNoTracking().Where(turn => turn.SessionId == session.Id && turn.Current && turn.Depth > session.TurnCount - TurnsLookedAt)
            .OrderBy(turn => turn.Depth).ToListAsync(cancellation);
        var found = await characters.FindAsync(db, session.CharacterId, cancellation);
        if (!found.IsSuccess)
            return WorkDone.Nothing(through);
        var names = await CalledNames.OfAsync(db, session, cancellation);
        var turns = line.Select(TrackedTurn.From).ToList();
        var (events, drifted) = (new List<SessionEvent>(), new List<IdentityDrifted>());
        for (var at = 0; at < turns.Count; at++)
        {
            if (!said.Contains(turns[at].Id))
                continue;
            var (before, _) = drift.Read(found.Value, turns.GetRange(0, at), names);
            var (state, raised) = drift.Read(found.Value, turns.GetRange(0, at + 1), names);
            if (state.Recent.Length > 0 && (before.Recent.Length == 0 || !ReferenceEquals(state.Recent[^1], before.Recent[^1])))
                events.Add(new ReplyScored(turns[at].Id, state.Recent[^1].Total ?? 0, JsonSerializer.Serialize(state.Recent[^1], DriftJson.Default.DriftScore)));
            if (raised is null)
                continue;
            events.Add(new CharacterDrifted(raised.Turn, raised.IdentityVersion, raised.Level, JsonSerializer.Serialize(raised, DriftJson.Default.IdentityDrifted)));
            drifted.Add(raised);
        }

        // What is written quotes them: of one that was deleted or edited meanwhile nothing may be.
        // Both are asked for: a reply that says the same as the one before it has its chain.
        var judged = line.Where(turn => said.Contains(turn.Id)).ToList();
        var (ids, chains) = (judged.Select(turn => turn.Id).ToList(), judged.Select(turn => turn.Chain).ToList());
        return new WorkDone(through, events, async (now, token) =>
        {
            if (await now.Turns.CountAsync(turn => turn.SessionId == session.Id && ids.Contains(turn.Id) && chains.Contains(turn.Chain), token) != ids.Count)
                return false;
            foreach (var raised in drifted)
                drift.Tell(raised, session.Id, found.Value);
            return true;
        });
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DriftScore))]
[JsonSerializable(typeof(IdentityDrifted))]
internal sealed partial class DriftJson : JsonSerializerContext;
