using Comox.Memory.Storage;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Sessions;

internal static class SessionEditEndpoints
{
    public static void MapSessionEdits(this IEndpointRouteBuilder memory)
    {
        memory.MapGet("/sessions/{id}/tree", TreeAsync);
        memory.MapPut("/sessions/{id}/head", MoveAsync);
        memory.MapPatch("/sessions/{id}/turns/{turn}", EditAsync);
        memory.MapDelete("/sessions/{id}/turns/{turn}", DeleteTurnAsync);
        memory.MapDelete("/sessions/{id}", DeleteAsync);
        memory.MapPost("/sessions/{id}/replay", ReplayAsync);
    }

    private static async Task<IResult> TreeAsync(string id, MemoryDbFactory databases, CancellationToken cancellation)
    {
        await using var db = databases.Open();
        var found = await SessionStore.FindAsync(db, id, cancellation);
        if (!found.IsSuccess)
            return found.Error.ToResult();
        var turns = await db.Turns.AsNoTracking().Where(turn => turn.SessionId == id).OrderBy(turn => turn.Number).ToListAsync(cancellation);
        return TypedResults.Json(
            new SessionTree
            {
                Session = id,
                Head = found.Value.HeadId,
                Turns =
                [
                    .. turns.Select(turn => new TreeTurn
                    {
                        Id = turn.Id, Parent = turn.ParentId, Depth = turn.Depth, Current = turn.Current, Role = turn.Role, Content = turn.Content, CreatedAt = turn.CreatedAt,
                    }),
                ],
            },
            MemoryJson.Default.SessionTree);
    }

    private static async Task<IResult> MoveAsync(string id, HttpRequest request, SessionEditor editor, CancellationToken cancellation)
    {
        var choice = await JsonBody.ReadAsync(request, MemoryJson.Default.HeadChoice, cancellation);
        if (!choice.IsSuccess)
            return choice.Error.ToResult();
        if (string.IsNullOrEmpty(choice.Value.Turn))
            return Missing("turn", "the id of a turn").ToResult();
        var moved = await editor.MoveAsync(id, choice.Value, cancellation);
        return moved.IsSuccess ? TypedResults.Json(moved.Value, MemoryJson.Default.SessionDetails) : moved.Error.ToResult();
    }

    private static async Task<IResult> EditAsync(string id, string turn, HttpRequest request, SessionEditor editor, CancellationToken cancellation)
    {
        var edit = await JsonBody.ReadAsync(request, MemoryJson.Default.TurnEdit, cancellation);
        if (!edit.IsSuccess)
            return edit.Error.ToResult();
        if (string.IsNullOrWhiteSpace(edit.Value.Content))
            return Missing("content", "a text; a turn without words is deleted with DELETE").ToResult();
        var edited = await editor.EditAsync(id, turn, edit.Value.Content.Replace("\0", "", StringComparison.Ordinal), cancellation);
        return edited.IsSuccess ? TypedResults.Json(edited.Value, MemoryJson.Default.SessionTurn) : edited.Error.ToResult();
    }

    private static async Task<IResult> DeleteTurnAsync(string id, string turn, bool? following, SessionEditor editor, CancellationToken cancellation)
    {
        var deleted = await editor.DeleteAsync(id, turn, following ?? false, cancellation);
        return deleted.IsSuccess ? TypedResults.Json(deleted.Value, MemoryJson.Default.DeletionReceipt) : deleted.Error.ToResult();
    }

    private static async Task<IResult> DeleteAsync(string id, SessionEditor editor, CancellationToken cancellation)
    {
        var deleted = await editor.DeleteSessionAsync(id, cancellation);
        return deleted.IsSuccess ? TypedResults.Json(deleted.Value, MemoryJson.Default.DeletionReceipt) : deleted.Error.ToResult();
    }

    /// <summary>Makes the session's turns, facts, scenes and summaries again from its log.</summary>
    private static async Task<IResult> ReplayAsync(string id, SessionReplay replay, CancellationToken cancellation)
    {
        var rebuilt = await replay.RebuildAsync(id, cancellation);
        return rebuilt.IsSuccess ? TypedResults.Json(rebuilt.Value, MemoryJson.Default.SessionDetails) : rebuilt.Error.ToResult();
    }

    private static ApiError Missing(string field, string expected) =>
        new(StatusCodes.Status400BadRequest, ErrorCodes.InvalidRequest, $"{field} is missing; {expected} is expected.", field);
}
