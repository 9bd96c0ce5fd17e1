using Comox.BuiltInModel.Model;

namespace Comox.BuiltInModel.Export;

/// <summary>
/// Rotary positions turn pairs of a head's values. Here, and in a file of a llama, these are neighbours; in one of an LFM2 the first half of a head stands beside its second
/// (as in GPT-NeoX).
/// </summary>
internal static class Pairs
{
    /// <param name="shape">Of the model.</param>
    /// <param name="rows">The rows of all heads, one head after the other.</param>
    /// <param name="heads">How many.</param>
    /// <returns>As they stand in the file.</returns>
    public static float[] Written(ModelShape shape, ReadOnlySpan<float> rows, int heads) => Moved(shape, rows, heads, isWritten: true);

    /// <summary>The way back.</summary>
    /// <inheritdoc cref="Written"/>
    public static float[] Read(ModelShape shape, ReadOnlySpan<float> rows, int heads) => Moved(shape, rows, heads, isWritten: false);

    private static float[] Moved(ModelShape shape, ReadOnlySpan<float> rows, int heads, bool isWritten)
    {
        if (!shape.IsHybrid)
            return rows.ToArray();
        var (moved, half) = (new float[rows.Length], shape.HeadWidth / 2);
        var columns = rows.Length / (heads * shape.HeadWidth);
        for (var row = 0; row < heads * shape.HeadWidth; row++)
        {
            var (head, at) = (row / shape.HeadWidth * shape.HeadWidth, row % shape.HeadWidth);
            var other = head + (at % 2 * half) + (at / 2);
            var (from, to) = isWritten ? (row, other) : (other, row);
            rows.Slice(from * columns, columns).CopyTo(moved.AsSpan(to * columns));
        }

        return moved;
    }
}
