using Comox.Memory.Storage;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Sessions;

/// <summary>Reads sessions for the wire.</summary>
internal static class SessionStore
{
    public static async Task<ApiResult<SessionRow>> FindAsync(MemoryDb db, string id, CancellationToken cancellation) =>
        await db.Sessions.FirstOrDefaultAsync(session => session.Id == id, cancellation) is { } row ? row : Missing(id);

    public static ApiError Missing(string id) =>
        new(
            StatusCodes.Status404NotFound,
            ErrorCodes.SessionNotFound,
            $"There is no session '{id}'. Leave X-Comox-Session out to start a new one, or list those there are with GET /memory/sessions?subject=…",
            "session");

    public static async Task<SessionDetails> DetailsAsync(MemoryDb db, SessionRow session, CancellationToken cancellation)
    {
        var character = await db.Characters.AsNoTracking().FirstAsync(row => row.Id == session.CharacterId, cancellation);
        var turns = await db.Turns.AsNoTracking().Where(turn => turn.SessionId == session.Id && turn.Current).OrderBy(turn => turn.Depth).ToListAsync(cancellation);
        return new SessionDetails
        {
            Id = session.Id,
            Character = character.Slug,
            CharacterName = character.Name,
            Subject = BackgroundCalls.PersonOf(session.Subject),
            Title = session.Title,
            CreatedAt = session.CreatedAt,
            UpdatedAt = session.UpdatedAt,
            TurnCount = turns.Count,
            Turns = [.. turns.Select(View)],
        };
    }

    public static async Task<SessionList> ListAsync(MemoryDb db, string subject, string? characterId, int limit, CancellationToken cancellation)
    {
        var rows = await db.Sessions.AsNoTracking()
            .Where(session => session.Subject == subject && (characterId == null || session.CharacterId == characterId))
            .OrderByDescending(session => session.UpdatedAt).ThenByDescending(session => session.Id)
            .Take(limit)
            .Join(db.Characters, session => session.CharacterId, character => character.Id, (session, character) => new { session, character.Slug, character.Name })
            .ToListAsync(cancellation);
        return new SessionList([.. rows.OrderByDescending(row => row.session.UpdatedAt).ThenByDescending(row => row.session.Id, StringComparer.Ordinal).Select(row => new SessionSummary
        {
            Id = row.session.Id,
            Character = row.Slug,
            CharacterName = row.Name,
            Subject = row.session.Subject,
            Title = row.session.Title,
            CreatedAt = row.session.CreatedAt,
            UpdatedAt = row.session.UpdatedAt,
            TurnCount = row.session.TurnCount,
        })]);
    }

    public static SessionTurn View(TurnRow turn) => new()
    {
        Id = turn.Id,
        Role = turn.Role,
        Content = turn.Content,
        CreatedAt = turn.CreatedAt,
        FinishReason = turn.FinishReason,
        Model = turn.Model,
        Receipt = turn.ReceiptId,
    };
}
