using System.Runtime.InteropServices;

namespace Comox.Memory.Datasets.Filters;

/// <summary>
/// Finds texts that share most of their words in a row: shingles of three words, 64 minima of their hashes, 16 bands of 4. Two texts with a Jaccard similarity of 0.9 share a band
/// with a probability of 1 − (1 − 0.9⁴)¹⁶ > 0.999, two with 0.5 of 0.64; what shares one is compared by its minima. (A. Broder, "On the resemblance and containment of documents", 1997.)
/// </summary>
internal sealed class MinHash(double similarity)
{
    private const int Minima = 64;
    private const int Rows = 4;
    private const int Words = 3;

    private readonly Dictionary<ulong, List<ulong[]>> _bands = [];

    /// <summary>Whether something like it was added before; if not, it is added.</summary>
    public bool IsKnown(string text)
    {
        var minima = Of(text);
        var keys = Keys(minima);
        foreach (var key in keys)
        {
            if (_bands.TryGetValue(key, out var others) && others.Any(other => Alike(other, minima) >= similarity))
                return true;
        }

        foreach (var key in keys)
            (CollectionsMarshal.GetValueRefOrAddDefault(_bands, key, out _) ??= []).Add(minima);
        return false;
    }

    private static double Alike(ulong[] one, ulong[] other) => one.Zip(other).Count(pair => pair.First == pair.Second) / (double)Minima;

    private static ulong[] Keys(ulong[] minima)
    {
        var keys = new ulong[Minima / Rows];
        for (var band = 0; band < keys.Length; band++)
            keys[band] = Hash(MemoryMarshal.AsBytes(minima.AsSpan(band * Rows, Rows))) + (ulong)band;
        return keys;
    }

    // FNV-1a: the same on every machine.
    private static ulong Hash(ReadOnlySpan<byte> bytes)
    {
        var hash = 14695981039346656037UL;
        foreach (var one in bytes)
            hash = (hash ^ one) * 1099511628211UL;
        return hash;
    }

    private static ulong[] Of(string text)
    {
        var words = text.ToLowerInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var minima = new ulong[Minima];
        Array.Fill(minima, ulong.MaxValue);
        for (var at = 0; at <= Math.Max(0, words.Length - Words); at++)
        {
            var hash = Hash(MemoryMarshal.AsBytes(string.Join(' ', words, at, Math.Min(Words, words.Length - at)).AsSpan()));

            // One hash, stirred 64 ways: as good as 64 hash functions, and far cheaper.
            for (var place = 0; place < Minima; place++)
            {
                var stirred = (hash ^ (0x9E3779B97F4A7C15UL * (ulong)(place + 1))) * 0xBF58476D1CE4E5B9UL;
                stirred ^= stirred >> 31;
                if (stirred < minima[place])
                    minima[place] = stirred;
            }
        }

        return minima;
    }
}
