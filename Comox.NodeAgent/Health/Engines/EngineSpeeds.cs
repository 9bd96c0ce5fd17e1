using System.Globalization;
using Comox.NodeAgent.Supervision;

namespace Comox.NodeAgent.Health.Engines;

/// <summary>An engine's speed as it is told.</summary>
/// <param name="TokensPerSecond">Written, all requests together.</param>
/// <param name="Expected">What it has shown that it can do under the same load; null: not seen often enough.</param>
internal readonly record struct ShownSpeed(double TokensPerSecond, double? Expected);

/// <summary>What engines are expected to do, from what they were seen to do with the same model on such a card under the same load.</summary>
internal sealed class EngineSpeeds(SpeedBaselines baselines)
{
    private static readonly TimeSpan Recent = TimeSpan.FromSeconds(5);
    private readonly Dictionary<string, (EngineLife Life, SpeedSample Sample, double? Expected, TimeSpan At)> _newest = new(StringComparer.Ordinal);

    /// <summary>Learns from what was measured, and adds to the figures what is expected.</summary>
    public EngineFigures Complete(EngineHandle engine, EngineLife life, EngineFigures figures)
    {
        double? expected = null;
        if (life.Speed is { } sample)
        {
            // Compared with what was known before it, and only then a part of that.
            expected = baselines.Get(Writing(engine, sample.Load)).Expected;
            baselines.Learn(Writing(engine, sample.Load), sample.TokensPerSecond);
            _newest[engine.Id] = (life, sample, expected, figures.Now);
        }

        if (life.Reading is { } reading)
            baselines.Learn(Reading(engine), reading);
        return figures with
        {
            ExpectedTokensPerSecond = expected,
            TokenSeconds = TokenSeconds(engine, life),
            PromptTokensPerSecond = baselines.Get(Reading(engine)) is { Count: > 0 } read ? read.Value : null,
        };
    }

    /// <summary>What it should do for one request alone, in tokens a second; null: unknown.</summary>
    public double? OfOne(EngineHandle engine) => baselines.Get(Writing(engine, SpeedLoad.Of(1))).Expected;

    /// <summary>Null: nothing was measured in the last seconds.</summary>
    public ShownSpeed? Shown(EngineHandle engine, EngineLife life, TimeSpan now) =>
        _newest.TryGetValue(engine.Id, out var newest) && newest.Life == life && now - newest.At <= Recent ? new ShownSpeed(newest.Sample.TokensPerSecond, newest.Expected) : null;

    public void Save(bool now = false) => baselines.Save(now);

    // Its own newest where there is one: an engine that is slow is not one that hangs.
    private double? TokenSeconds(EngineHandle engine, EngineLife life)
    {
        var known = baselines.Get(Writing(engine, life.Load));
        var expected = known.Count > 0 ? life.Load.Requests / known.Value : (double?)null;
        var newest = _newest.TryGetValue(engine.Id, out var seen) && seen.Life == life ? seen.Sample.TokenSeconds : (double?)null;
        return newest is null ? expected : expected is null ? newest : Math.Max(newest.Value, expected.Value);
    }

    internal static string Writing(EngineHandle engine, SpeedLoad load) =>
        string.Create(CultureInfo.InvariantCulture, $"{Of(engine)}/writing/{load.Requests}/{load.Context}");

    private static string Reading(EngineHandle engine) => $"{Of(engine)}/reading";

    // Another file under the same name is another model. A slower card is no fault of the engine's; of cards of one name each may expect what another has shown.
    private static string Of(EngineHandle engine) => engine.Status.Model is { } model
        ? string.Create(CultureInfo.InvariantCulture, $"{engine.Id}/{model.Name}/{model.SizeBytes}/{string.Join('+', (engine.Place ?? engine.Places.FirstOrDefault())?.Cards.Select(card => card.Name) ?? [])}")
        : engine.Id;
}
