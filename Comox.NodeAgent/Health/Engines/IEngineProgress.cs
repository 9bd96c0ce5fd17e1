using Comox.NodeAgent.Supervision;

namespace Comox.NodeAgent.Health.Engines;

/// <summary>What an engine of one kind tells of its own work, and how it is tried.</summary>
internal interface IEngineProgress
{
    /// <summary>The <c>kind</c> of the engines it understands.</summary>
    string Kind { get; }

    /// <summary>The most prompt tokens after which the figures move while it reads; null: only the first token of the answer shows that a prompt was read.</summary>
    int? PromptStep { get; }

    /// <summary>
    /// Asks for the counters. Must be cheap: it is called four times a second. Throws <see cref="HttpRequestException"/>, <see cref="IOException"/> or
    /// <see cref="System.Text.Json.JsonException"/> where there is no answer that makes sense, and takes as long as the engine does.
    /// </summary>
    Task<EngineProgress> ReadAsync(EngineEndpoint endpoint, CancellationToken cancellation);

    /// <summary>Has it answer a short question of ours.</summary>
    /// <returns>Tokens that it wrote; 0: the answer was none.</returns>
    Task<int> TryAsync(EngineEndpoint endpoint, string model, CancellationToken cancellation);
}

/// <summary>An engine's own counters at one moment.</summary>
internal sealed record EngineProgress
{
    /// <summary>What it works on, where it tells one by one; else empty.</summary>
    public IReadOnlyList<EngineTask> Tasks { get; init; } = [];

    /// <summary>Requests it works on.</summary>
    public required int Running { get; init; }

    /// <summary>Tokens written since its start, moving with every token; null where <see cref="Tasks"/> tell.</summary>
    public long? TokensWritten { get; init; }

    /// <summary>What its finished requests came to; null: it does not tell, or was not asked.</summary>
    public EngineTotals? Totals { get; init; }

    public int Writing => Tasks.Count(task => task.Written > 0);

    /// <summary>Tokens written between <paramref name="before"/> and this.</summary>
    public long TokensSince(EngineProgress before) =>
        TokensWritten is { } now && before.TokensWritten is { } then
            ? Math.Max(0, now - then)
            : Tasks.Sum(task => Math.Max(0, task.Written - (before.Tasks.FirstOrDefault(known => known.Id == task.Id)?.Written ?? 0)));

    /// <summary>Whether anything has come along between <paramref name="before"/> and this.</summary>
    public bool HasMovedSince(EngineProgress before) =>
        TokensSince(before) > 0 || Running < before.Running || !Tasks.SequenceEqual(before.Tasks);
}

/// <param name="Id">Of the request, as the engine counts.</param>
/// <param name="Read">Prompt tokens read so far, beyond those it had kept.</param>
/// <param name="Written">Tokens written so far; 0 while it reads.</param>
/// <param name="Context">Tokens of prompt and answer that it holds.</param>
internal sealed record EngineTask(long Id, int Read, int Written, int Context = 0);

/// <summary>Over all requests since its start.</summary>
internal readonly record struct EngineTotals(double PromptTokens, double PromptSeconds, double Tokens, double TokenSeconds);
