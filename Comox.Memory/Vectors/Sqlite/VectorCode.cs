namespace Comox.Memory.Vectors.Sqlite;

/// <summary>
/// A vector of length 1 in one byte for each number: v ≈ scale · codes, and ‖v − scale · codes‖ ≤ error. A scan reads a quarter of the bytes of floats, which is what a scan costs;
/// the error says how far its estimate of a similarity can be off, so nothing that belongs to the best is lost.
/// </summary>
internal static class VectorCode
{
    /// <summary>Codes are stored in steps of this many, the rest zero, so that the scan has no remainder to treat.</summary>
    public const int Step = 32;

    private const int Largest = 127;

    /// <summary>The error is measured in doubles and kept as a float; this much is added so that it is never too small.</summary>
    private const double Rounding = 1e-6;

    public static int LengthOf(int dimension) => (dimension + Step - 1) / Step * Step;

    /// <param name="unit">A vector of length 1.</param>
    /// <param name="codes"><see cref="LengthOf"/> of its dimension, zero.</param>
    public static (float Scale, float Error) Encode(ReadOnlySpan<float> unit, Span<sbyte> codes)
    {
        var scale = MaximumOf(unit) / Largest;
        var squares = 0.0;
        for (var at = 0; at < unit.Length; at++)
        {
            codes[at] = (sbyte)Math.Clamp(MathF.Round(unit[at] / scale), -Largest, Largest);
            var off = unit[at] - ((double)scale * codes[at]);
            squares += off * off;
        }

        return (scale, (float)(Math.Sqrt(squares) + Rounding));
    }

    private static float MaximumOf(ReadOnlySpan<float> vector)
    {
        var maximum = 0f;
        foreach (var value in vector)
            maximum = Math.Max(maximum, Math.Abs(value));
        return maximum;
    }

    /// <summary>
    /// What is looked for, in 13 bits for each number: it is coded once for a whole scan, so it may be finer. With 8 and 13 bits the sums of <see cref="CodeDot"/> stay
    /// within 32 bits up to <see cref="VectorChecks.LargestDimension"/>.
    /// </summary>
    internal readonly struct Query
    {
        public const int Largest = 4095;

        /// <summary>What the arithmetic of an estimate itself can be off by.</summary>
        private const double Arithmetic = 1e-9;

        private readonly short[] _codes;
        private readonly double _scale;
        private readonly double _error;

        public Query(ReadOnlySpan<float> unit)
        {
            var scale = MaximumOf(unit) / Largest;
            _codes = new short[LengthOf(unit.Length)];
            var squares = 0.0;
            for (var at = 0; at < unit.Length; at++)
            {
                _codes[at] = (short)Math.Clamp(MathF.Round(unit[at] / scale), -Largest, Largest);
                var off = unit[at] - ((double)scale * _codes[at]);
                squares += off * off;
            }

            _scale = scale;
            _error = Math.Sqrt(squares) + Rounding;
        }

        public ReadOnlySpan<short> Codes => _codes;

        /// <summary>
        /// The similarity is within ± Slack of Estimate. With v = c + r and q = p + s (code and rest): v·q = c·p + c·s + r·q,
        /// where |c·s| ≤ ‖c‖‖s‖ ≤ (1 + ‖r‖)‖s‖ and |r·q| ≤ ‖r‖.
        /// </summary>
        public (double Estimate, double Slack) Compare(ReadOnlySpan<sbyte> codes, float scale, float error) =>
            (CodeDot.Of(codes, _codes) * scale * _scale, error + ((1 + error) * _error) + Arithmetic);
    }
}
