using System.Diagnostics;
using static TorchSharp.torch;

namespace Comox.BuiltInModel.Model;

/// <summary>In what numbers products are made.</summary>
internal static class Precision
{
    private static readonly Lazy<ScalarType> Measured = new(() => Time(ScalarType.BFloat16) < Time(ScalarType.Float32) ? ScalarType.BFloat16 : ScalarType.Float32);

    /// <summary>
    /// bfloat16 where this processor has instructions for it (AVX-512 BF16, AMX), else float32: without them libtorch takes bfloat16 apart number by number, which makes a step
    /// fifty times slower (Zen 3). Measured and not read off the processor's name, because it is libtorch that has to use them.
    /// </summary>
    public static ScalarType Fastest => Measured.Value;

    /// <summary><c>--f32</c> and <c>--bf16</c>, else <see cref="Fastest"/>.</summary>
    public static ScalarType From(Options options) => (options.Has("f32"), options.Has("bf16")) switch
    {
        (true, true) => throw new UsageException("Either --f32 or --bf16."),
        (true, _) => ScalarType.Float32,
        (_, true) => ScalarType.BFloat16,
        _ => Fastest,
    };

    private static TimeSpan Time(ScalarType precision)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var (left, right) = (ones([256, 256], precision), ones([256, 256], precision));
        var best = TimeSpan.MaxValue;
        for (var round = 0; round < 3; round++)
        {
            var start = Stopwatch.GetTimestamp();
            left.matmul(right);
            var took = Stopwatch.GetElapsedTime(start);
            best = took < best ? took : best;
        }

        return best;
    }
}
