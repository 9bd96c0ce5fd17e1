using System.Text.Json.Serialization;

namespace Comox.NodeAgent.Health.Engines;

/// <summary>
/// What an engine has shown that it can do, near the best tenth of all that was measured: one outlier moves it little, a bad hour hardly, and what stays for hours
/// becomes what is expected.
/// </summary>
internal readonly record struct SpeedBaseline(double Value, int Count)
{
    /// <summary>Measurements before anything is expected.</summary>
    public const int Enough = 10;

    // Steps of nine up to one down balance where a tenth of all is above.
    private const double Up = 0.045;
    private const double Down = 0.005;

    // Half of what it was after an hour of writing without a pause.
    private const double SlowDown = 0.0002;

    /// <summary>Null: it was not seen often enough.</summary>
    [JsonIgnore]
    public double? Expected => Count >= Enough ? Value : null;

    public SpeedBaseline Learn(double measured)
    {
        if (Count == 0)
            return new SpeedBaseline(measured, 1);
        if (Count < Enough)
            return new SpeedBaseline(Value + ((measured - Value) / (Count + 1)), Count + 1); // The first few find the place.
        if (measured > Value)
            return this with { Value = Math.Min(measured, Value * (1 + Up)) };
        var step = measured * EngineHealth.SlowFactor < Value ? SlowDown : Down;
        return this with { Value = Math.Max(measured, Value * (1 - step)) };
    }
}
