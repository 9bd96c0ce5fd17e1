using Comox.Memory.Identity;
using Comox.Memory.Storage;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Memory.Sessions;

internal static class SessionEndpoints
{
    private const int MaxListed = 500;

    public static void MapSessions(this IEndpointRouteBuilder memory)
    {
        memory.MapPost("/sessions", StartAsync);
        memory.MapGet("/sessions", ListAsync);
        memory.MapGet("/sessions/{id}", GetAsync);
        memory.MapPut("/sessions/{id}/turns/{turn}", RecordAsync);
    }

    private static async Task<IResult> StartAsync(HttpRequest request, HttpResponse response, NewSessions sessions, CancellationToken cancellation)
    {
        var wanted = await JsonBody.ReadAsync(request, MemoryJson.Default.NewSession, cancellation);
        if (!wanted.IsSuccess)
            return wanted.Error.ToResult();
        if (Subjects.Problem(wanted.Value.Subject) is { } problem)
            return problem.ToResult();
        var started = await sessions.StartAsync(wanted.Value, cancellation);
        if (!started.IsSuccess)
            return started.Error.ToResult();
        response.Headers.Location = $"/memory/sessions/{started.Value.Id}";
        return TypedResults.Json(started.Value, MemoryJson.Default.SessionDetails, statusCode: StatusCodes.Status201Created);
    }

    private static async Task<IResult> ListAsync(
        string? subject, string? character, int? limit, MemoryDbFactory databases, CharacterStore characters, CancellationToken cancellation)
    {
        if (Subjects.Problem(subject) is { } problem)
            return problem.ToResult();
        if (limit is < 1 or > MaxListed)
            return new ApiError(StatusCodes.Status400BadRequest, ErrorCodes.InvalidRequest, $"limit is {limit}; it must be between 1 and {MaxListed}.", "limit").ToResult();

        await using var db = databases.Open();
        string? characterId = null;
        if (!string.IsNullOrEmpty(character))
        {
            var found = await characters.FindAsync(db, character, cancellation);
            if (!found.IsSuccess)
                return found.Error.ToResult();
            characterId = found.Value.Id;
        }

        return TypedResults.Json(await SessionStore.ListAsync(db, subject!, characterId, limit ?? 50, cancellation), MemoryJson.Default.SessionList);
    }

    private static async Task<IResult> GetAsync(string id, MemoryDbFactory databases, CancellationToken cancellation)
    {
        await using var db = databases.Open();
        var found = await SessionStore.FindAsync(db, id, cancellation);
        return found.IsSuccess
            ? TypedResults.Json(await SessionStore.DetailsAsync(db, found.Value, cancellation), MemoryJson.Default.SessionDetails)
            : found.Error.ToResult();
    }

    private static async Task<IResult> RecordAsync(string id, string turn, HttpRequest request, ReplyRecorder replies, CancellationToken cancellation)
    {
        var reply = await JsonBody.ReadAsync(request, MemoryJson.Default.RecordedReply, cancellation);
        if (!reply.IsSuccess)
            return reply.Error.ToResult();
        if (reply.Value is not { Content: not null, FinishReason: not null, Model: not null })
        {
            var missing = reply.Value.Content is null ? "content" : reply.Value.FinishReason is null ? "finish_reason" : "model";
            return new ApiError(StatusCodes.Status400BadRequest, ErrorCodes.InvalidRequest, $"{missing} is null; a text is expected.", missing).ToResult();
        }

        var recorded = await replies.RecordAsync(id, turn, reply.Value, cancellation);
        return recorded.IsSuccess ? TypedResults.Json(recorded.Value, MemoryJson.Default.SessionTurn) : recorded.Error.ToResult();
    }
}
