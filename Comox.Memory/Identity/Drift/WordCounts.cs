using System.Buffers;

namespace Comox.Memory.Identity.Drift;

/// <summary>
/// How often each word and each three neighbouring letters of a word occur, in a fixed number of places: two that fall into one place are counted as one,
/// which at the size of a card happens to one in twenty and costs nothing.
/// </summary>
internal sealed class WordCounts : IDisposable
{
    public const int Places = 8192;
    
    /// <summary>Room for a word and the blanks around it; of a longer one the beginning counts.</summary>
    public const int Room = 48;

    // The words, then the threes. Scoring rents what it needs for one reply; a baseline keeps its own.
    private readonly float[] _counts;

    public WordCounts()
    {
        _counts = ArrayPool<float>.Shared.Rent(2 * Places);
        Array.Clear(_counts);
    }

    public float Words { get; private set; }
    public float Grams { get; private set; }

    public float OfWord(int place) => _counts[place];

    public float OfGram(int place) => _counts[Places + place];

    /// <param name="text">What is counted.</param>
    /// <param name="times">How much each occurrence weighs; negative takes it out again.</param>
    public void Add(string text, float times = 1)
    {
        Span<char> word = stackalloc char[Room];
        Span<int> grams = stackalloc int[Room];
        for (var at = 0; Next(text, ref at, word, out _, out var length);)
        {
            _counts[Place(word[1..(length - 1)])] += times;
            Words += times;
            foreach (var gram in GramsOf(word[..length], grams))
                _counts[Places + gram] += times;
            Grams += times * Math.Max(0, length - 2);
        }
    }

    public void Dispose() => ArrayPool<float>.Shared.Return(_counts);

    /// <summary>The next word of a text in small letters, with a blank on either side.</summary>
    /// <returns>False where there is none.</returns>
    public static bool Next(string text, ref int at, Span<char> word, out int start, out int length)
    {
        while (at < text.Length && !char.IsLetterOrDigit(text[at]))
            at++;
        start = at;
        length = 0;
        if (at >= text.Length)
            return false;
        at = ReplyShape.WordEnd(text, at);
        var letters = text.AsSpan(start, Math.Min(at - start, word.Length - 2));
        word[0] = ' ';
        length = letters.ToLowerInvariant(word[1..]) + 2;
        word[length - 1] = ' ';
        return true;
    }

    /// <summary>The places of a word's threes, the blanks around it included.</summary>
    public static ReadOnlySpan<int> GramsOf(ReadOnlySpan<char> word, Span<int> into)
    {
        var count = Math.Max(0, word.Length - 2);
        for (var at = 0; at < count; at++)
            into[at] = Place(word.Slice(at, 3));
        return into[..count];
    }

    // FNV-1a: string.GetHashCode differs from process to process, and the same reply must always get the same score.
    public static int Place(ReadOnlySpan<char> text)
    {
        var hash = 2166136261u;
        foreach (var letter in text)
            hash = (hash ^ letter) * 16777619u;
        return (int)((hash ^ (hash >> 16)) & (Places - 1));
    }
}
