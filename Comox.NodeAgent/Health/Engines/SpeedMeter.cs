using System.Numerics;

namespace Comox.NodeAgent.Health.Engines;

/// <summary>What a speed was measured under: only like is compared with like.</summary>
/// <param name="Requests">Worked on at once, up to this many; a power of two.</param>
/// <param name="Context">Tokens that each holds on average, up to this many; a power of two. A long context makes each token slower.</param>
internal readonly record struct SpeedLoad(int Requests, int Context)
{
    private const int ShortContext = 4096;

    public static SpeedLoad Of(int requests, double context = 0) =>
        new((int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(1, requests)), (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(ShortContext, context)));
}

/// <param name="Load">Under which load.</param>
/// <param name="TokensPerSecond">All requests together.</param>
/// <param name="Requests">Worked on at once.</param>
internal readonly record struct SpeedSample(SpeedLoad Load, double TokensPerSecond, int Requests)
{
    public double TokenSeconds => Requests / TokensPerSecond;
}

/// <summary>An engine's counters → how fast it writes and reads. Writing is measured while the same requests write and nothing is read, for a second at least.</summary>
internal sealed class SpeedMeter
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(1);
    private const int FewTokens = 16;
    private const int ShortPrompt = 32;

    private (EngineProgress Progress, TimeSpan At)? _before;
    private EngineTotals? _settled;
    private SpeedLoad _load;
    private double _tokens;
    private TimeSpan _taken;
    private int _most;
    private double? _reading;

    /// <param name="progress">A new answer of the engine.</param>
    /// <param name="unread">Requests whose prompts are being read.</param>
    /// <param name="running">Requests in it, as the proxy counts.</param>
    /// <param name="now">When it was had.</param>
    /// <returns>A measurement that is complete with it.</returns>
    public SpeedSample? Take(EngineProgress progress, int unread, int running, TimeSpan now)
    {
        var before = _before;
        _before = (progress, now);
        _most = Math.Max(_most, Math.Max(running, progress.Running));
        var ended = Ended(progress);
        if (before is not { } last || !IsSteady(last.Progress, progress) || unread > 0)
        {
            (_tokens, _taken) = (0, TimeSpan.Zero);
            return ended;
        }

        var load = SpeedLoad.Of(progress.Running, progress.Tasks.Count == 0 ? 0 : progress.Tasks.Average(task => task.Context));
        if (load != _load)
            (_load, _tokens, _taken) = (load, 0, TimeSpan.Zero);
        _tokens += progress.TokensSince(last.Progress);
        _taken += now - last.At;
        if (_taken < Window || _tokens <= 0)
            return ended;
        var sample = new SpeedSample(load, _tokens / _taken.TotalSeconds, progress.Running);
        (_tokens, _taken) = (0, TimeSpan.Zero);
        return sample;
    }

    /// <summary>The newest speed of reading prompts, in tokens a second; null: none since the last call.</summary>
    public double? TakeReading()
    {
        var reading = _reading;
        _reading = null;
        return reading;
    }

    private static bool IsSteady(EngineProgress before, EngineProgress now) =>
        now.Running > 0 && before.Running == now.Running
        && now.Tasks.All(task => task.Written > 0 && before.Tasks.Any(known => known.Id == task.Id && known.Written > 0));

    // A request that is over before anybody looks twice is only in the totals. Their seconds are those of each request: of several at once they tell nothing.
    private SpeedSample? Ended(EngineProgress progress)
    {
        if (progress.Totals is not { } now || progress.Running > 0)
            return null;
        var (before, most) = (_settled, _most);
        (_settled, _most) = (now, 0);
        if (before is not { } then || now.Tokens < then.Tokens)
            return null;
        if (now.PromptTokens - then.PromptTokens >= ShortPrompt && now.PromptSeconds > then.PromptSeconds)
            _reading = (now.PromptTokens - then.PromptTokens) / (now.PromptSeconds - then.PromptSeconds);
        return most <= 1 && now.Tokens - then.Tokens >= FewTokens && now.TokenSeconds > then.TokenSeconds
            ? new SpeedSample(SpeedLoad.Of(1), (now.Tokens - then.Tokens) / (now.TokenSeconds - then.TokenSeconds), 1)
            : null;
    }
}
