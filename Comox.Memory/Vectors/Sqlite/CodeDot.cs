using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Comox.Memory.Vectors.Sqlite;

/// <summary>The sum of products of 8-bit and 16-bit numbers, which is all that a scan does. Both lengths are the same multiple of <see cref="VectorCode.Step"/>.</summary>
internal static class CodeDot
{
    public static long Of(ReadOnlySpan<sbyte> codes, ReadOnlySpan<short> query) => Avx2.IsSupported ? Wide(codes, query) : Portable(codes, query);

    /// <summary>Sixteen products and their pairwise sums in one instruction, vpmaddwd.</summary>
    internal static long Wide(ReadOnlySpan<sbyte> codes, ReadOnlySpan<short> query)
    {
        ref var code = ref MemoryMarshal.GetReference(codes);
        ref var asked = ref MemoryMarshal.GetReference(query);
        var even = Vector256<int>.Zero;
        var odd = Vector256<int>.Zero;
        for (nuint at = 0; at < (nuint)codes.Length; at += VectorCode.Step)
        {
            even += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(Vector128.LoadUnsafe(ref code, at)), Vector256.LoadUnsafe(ref asked, at));
            odd += Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(Vector128.LoadUnsafe(ref code, at + 16)), Vector256.LoadUnsafe(ref asked, at + 16));
        }

        var (low, high) = Vector256.Widen(even + odd);
        return Vector256.Sum(low + high);
    }

    /// <summary>For every other processor: what the runtime has for 128 bits, on ARM with NEON.</summary>
    internal static long Portable(ReadOnlySpan<sbyte> codes, ReadOnlySpan<short> query)
    {
        ref var code = ref MemoryMarshal.GetReference(codes);
        ref var asked = ref MemoryMarshal.GetReference(query);
        var sum = Vector128<int>.Zero;
        for (nuint at = 0; at < (nuint)codes.Length; at += 16)
        {
            var (low, high) = Vector128.Widen(Vector128.LoadUnsafe(ref code, at));
            sum += Products(low, Vector128.LoadUnsafe(ref asked, at)) + Products(high, Vector128.LoadUnsafe(ref asked, at + 8));
        }

        var (first, second) = Vector128.Widen(sum);
        return Vector128.Sum(first + second);
    }

    private static Vector128<int> Products(Vector128<short> codes, Vector128<short> query)
    {
        var (codesLow, codesHigh) = Vector128.Widen(codes);
        var (queryLow, queryHigh) = Vector128.Widen(query);
        return (codesLow * queryLow) + (codesHigh * queryHigh);
    }
}
