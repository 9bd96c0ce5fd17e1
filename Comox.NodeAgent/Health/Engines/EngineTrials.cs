using Comox.NodeAgent.Supervision;

namespace Comox.NodeAgent.Health.Engines;

/// <summary>How an engine that was ejected proves itself: short questions of ours, until three in a row had a good answer in good time.</summary>
internal sealed class EngineTrials(EngineHandle engine, TimeProvider time)
{
    private const long QuestionBytes = 160;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private Task<bool>? _running;
    private long _ended;
    private TimeSpan _pause = FirstPause;
    private int _good;

    /// <summary>Goes on with the trial, as far as it is time for that.</summary>
    /// <param name="kind">How it is asked.</param>
    /// <param name="endpoint">Where it answers.</param>
    /// <param name="least">Tokens a second that an answer must have, the reading of the question included; 0: any.</param>
    /// <param name="cancellation">Ends what runs.</param>
    /// <returns>True: it has proved itself.</returns>
    public bool Go(IEngineProgress kind, EngineEndpoint endpoint, double least, CancellationToken cancellation)
    {
        if (_running is { IsCompleted: true } done)
        {
            var isGood = done is { IsCompletedSuccessfully: true, Result: true };
            (_running, _ended) = (null, time.GetTimestamp());
            _good = isGood ? _good + 1 : 0;
            _pause = isGood ? FirstPause : _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
            if (_good >= EngineHealth.TrialsToTrust)
                return true;
        }

        if (_running is null && engine.Status.Model is { } model && time.GetElapsedTime(_ended) >= _pause)
            _running = AskAsync(kind, endpoint, model.Name, least, cancellation);
        return false;
    }

    /// <summary>Begins anew: something was wrong with it again.</summary>
    public void Reset() => (_running, _good) = (null, 0);

    private async Task<bool> AskAsync(IEngineProgress kind, EngineEndpoint endpoint, string model, double least, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        // As one of the engine's requests it is watched like them: an engine that hangs over it is found out by that.
        using var running = engine.Answers.Begin(QuestionBytes);
        running.Sent();
        var begun = time.GetTimestamp();
        try
        {
            var tokens = await kind.TryAsync(endpoint, model, both.Token);
            running.Came([]);
            return tokens > 0 && tokens >= least * time.GetElapsedTime(begun).TotalSeconds;
        }
        catch (Exception failed) when (failed is HttpRequestException or IOException or System.Text.Json.JsonException or InvalidOperationException or OperationCanceledException)
        {
            return false;
        }
    }
}
