using System.Collections.Concurrent;
using System.Threading.Channels;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Comox.Gateway.Tests;

/// <summary>
/// A strict stand-in for the memory service: it keeps sessions in a dictionary, refuses what the contract forbids, and notes what it was told.
/// It has one character, <c>ada</c>.
/// </summary>
internal sealed class FakeMemory : IAsyncDisposable
{
    private readonly Channel<(string Session, string Turn, RecordedReply Reply)> _arrivals = Channel.CreateUnbounded<(string, string, RecordedReply)>();
    private readonly ConcurrentDictionary<string, string> _openTurns = [];
    private TestService? _service;
    private int _count;
    private int _refusals;

    public Uri Address => _service!.Address;
    public ConcurrentQueue<SuperPromptRequest> Prompts { get; } = [];
    public ConcurrentDictionary<string, RecordedReply> Replies { get; } = [];
    public ConcurrentQueue<string> Violations { get; } = [];

    /// <summary>Answers every call with this instead, and records nothing.</summary>
    public ApiError? Failure { get; set; }

    /// <summary>How often <see cref="Failure"/> or a refusal was answered.</summary>
    public int Refusals => Volatile.Read(ref _refusals);

    /// <summary>Recording this turn is answered so instead; other turns are recorded.</summary>
    public Func<string, ApiError?> Refuse { get; set; } = _ => null;

    /// <summary>A call to record a reply waits for this before it is answered.</summary>
    public TaskCompletionSource RecordGate { get; set; } = Opened();

    /// <summary>Signals every attempt to record, before the gate.</summary>
    public Arrivals RecordAttempts { get; } = new();

    private int _givenUp;

    /// <summary>Super-prompts wait for this.</summary>
    public TaskCompletionSource PromptGate { get; set; } = Opened();

    /// <summary>Super-prompts that the gateway stopped waiting for.</summary>
    public int GivenUp => Volatile.Read(ref _givenUp);

    public int MaxReplyTokens { get; set; } = 64;

    public static async Task<FakeMemory> StartAsync()
    {
        var memory = new FakeMemory();
        memory._service = await TestService.StartAsync(builder => builder.AddServiceDefaults(), memory.Map);
        return memory;
    }

    public static TaskCompletionSource Closed() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    public async Task<(string Session, string Turn, RecordedReply Reply)> NextReplyAsync() =>
        await _arrivals.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(1));

    public async ValueTask DisposeAsync()
    {
        RecordGate.TrySetResult();
        PromptGate.TrySetResult();
        await _service!.DisposeAsync();
    }

    private static TaskCompletionSource Opened()
    {
        var gate = Closed();
        gate.SetResult();
        return gate;
    }

    private void Map(WebApplication app)
    {
        var memory = app.MapGroup("/memory").RequireAuthorization().AddEndpointFilter(async (context, next) =>
        {
            var answer = await next(context);
            if (Failure is not { } failure)
                return answer;
            Interlocked.Increment(ref _refusals);
            return failure.ToResult();
        });
        memory.MapGet("/characters", () => Results.Json(
            new CharacterList([new() { Id = "chr_1", Slug = "ada", Name = "Ada", Tagline = "An engineer.", IdentityVersion = 1, HasAvatar = false, CreatedAt = DateTimeOffset.UnixEpoch }]),
            MemoryJson.Default.CharacterList));
        memory.MapPost("/superprompts", async (HttpContext http) =>
        {
            var request = (await http.Request.ReadFromJsonAsync(MemoryJson.Default.SuperPromptRequest))!;
            Prompts.Enqueue(request);
            try
            {
                await PromptGate.Task.WaitAsync(http.RequestAborted);
            }
            catch (OperationCanceledException)
            {
                Interlocked.Increment(ref _givenUp);
                throw;
            }

            return Assemble(request);
        });
        memory.MapPut("/sessions/{session}/turns/{turn}", async (HttpContext http, string session, string turn) =>
        {
            var reply = (await http.Request.ReadFromJsonAsync(MemoryJson.Default.RecordedReply))!;
            RecordAttempts.Release();
            await RecordGate.Task.WaitAsync(http.RequestAborted);
            if (Refuse(turn) is { } refusal)
            {
                Interlocked.Increment(ref _refusals);
                return refusal.ToResult();
            }

            return Failure is null ? Record(session, turn, reply) : Results.NoContent();
        });
    }

    private IResult Assemble(SuperPromptRequest request)
    {
        if (request.Character != "ada")
            return new ApiError(404, ErrorCodes.CharacterNotFound, "no such character").ToResult();
        if (request.Session is not null && !request.Session.StartsWith("ses_", StringComparison.Ordinal))
            return new ApiError(404, ErrorCodes.SessionNotFound, "There is no such session.").ToResult();
        if (!request.RequestId.StartsWith("req_", StringComparison.Ordinal))
            Violations.Enqueue($"request id {request.RequestId}");

        var number = Interlocked.Increment(ref _count);
        var session = request.Session ?? $"ses_{number}";
        var turn = $"trn_{number}";
        _openTurns[turn] = session;
        return Results.Json(
            new SuperPromptResponse
            {
                Session = session,
                UserTurn = $"trn_u{number}",
                ReplyTurn = turn,
                Receipt = $"rcp_{number}",
                Messages = [new("system", "You are Ada. «Ä\"\\"), new("user", request.Messages[^1].Content)],
                MaxReplyTokens = MaxReplyTokens,
            },
            MemoryJson.Default.SuperPromptResponse);
    }

    private IResult Record(string session, string turn, RecordedReply reply)
    {
        if (_openTurns.TryGetValue(turn, out var owner) && owner != session)
            Violations.Enqueue($"turn {turn} recorded in {session}, not in {owner}");
        if (Replies.TryAdd(turn, reply))
            _arrivals.Writer.TryWrite((session, turn, reply));
        else if (Replies[turn] != reply)
            Violations.Enqueue($"turn {turn} recorded twice, differently");
        return Results.Json(
            new SessionTurn { Id = turn, Role = "assistant", Content = reply.Content, CreatedAt = DateTimeOffset.UnixEpoch }, MemoryJson.Default.SessionTurn);
    }
}

/// <summary>Counts what arrives; waiting for the next has an end, so that a chat which failed shows as a failure and not as a test that never ends.</summary>
internal sealed class Arrivals
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(1);
    private readonly SemaphoreSlim _arrived = new(0);

    public void Release() => _arrived.Release();

    public async Task WaitAsync() => Assert.True(await _arrived.WaitAsync(Bound), "Nothing arrived at the memory service.");
}
