using System.Numerics;
using System.Runtime.InteropServices;

namespace Comox.Memory.Vectors;

/// <summary>The few operations on whole vectors. Sums are doubles, so that the same two vectors have the same similarity to the last digit that is shown.</summary>
internal static class VectorMath
{
    /// <summary>Shorter than this, a vector's direction is the rounding of its numbers.</summary>
    private const double Shortest = 1e-30;

    public static bool HasDirection(ReadOnlySpan<float> vector) => Math.Sqrt(Dot(vector, vector)) > Shortest;

    /// <summary>The vector of length 1 in the same direction. The vector has one: see <see cref="HasDirection"/>.</summary>
    public static float[] Unit(ReadOnlySpan<float> vector)
    {
        var length = Math.Sqrt(Dot(vector, vector));
        var unit = new float[vector.Length];
        for (var at = 0; at < unit.Length; at++)
            unit[at] = (float)(vector[at] / length);
        return unit;
    }

    /// <summary>The cosine of two vectors of length 1.</summary>
    public static double Similarity(ReadOnlySpan<float> one, ReadOnlySpan<float> other) => Math.Clamp(Dot(one, other), -1, 1);

    private static double Dot(ReadOnlySpan<float> one, ReadOnlySpan<float> other)
    {
        var low = Vector<double>.Zero;
        var high = Vector<double>.Zero;
        var ones = MemoryMarshal.Cast<float, Vector<float>>(one);
        var others = MemoryMarshal.Cast<float, Vector<float>>(other);
        for (var at = 0; at < ones.Length; at++)
        {
            Vector.Widen(ones[at], out var oneLow, out var oneHigh);
            Vector.Widen(others[at], out var otherLow, out var otherHigh);
            low += oneLow * otherLow;
            high += oneHigh * otherHigh;
        }

        var sum = Vector.Sum(low + high);
        for (var at = ones.Length * Vector<float>.Count; at < one.Length; at++)
            sum += (double)one[at] * other[at];
        return sum;
    }
}
