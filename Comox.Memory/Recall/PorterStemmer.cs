namespace Comox.Memory.Recall;

/// <summary>M. F. Porter, "An algorithm for suffix stripping" (1980), its five steps for lower-case English words: https://tartarus.org/martin/PorterStemmer/</summary>
internal static class PorterStemmer
{
    private static readonly (string Suffix, string Replacement)[] Step2 =
    [
        ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"), ("abli", "able"), ("alli", "al"), ("entli", "ent"), ("eli", "e"),
        ("ousli", "ous"), ("ization", "ize"), ("ation", "ate"), ("ator", "ate"), ("alism", "al"), ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous"),
        ("aliti", "al"), ("iviti", "ive"), ("biliti", "ble"),
    ];

    private static readonly (string Suffix, string Replacement)[] Step3 =
        [("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", "")];

    private static readonly string[] Step4 =
    [
        "ement", "ance", "ence", "able", "ible", "ment", "ant", "ent", "ism", "ate", "iti", "ous", "ive", "ize", "ion", "al", "er", "ic", "ou",
    ];

    public static string Stem(string word)
    {
        var letters = word.ToCharArray();
        return new string(letters, 0, Stem(letters));
    }

    /// <summary>Stems in place; a stem is never longer than its word.</summary>
    /// <returns>The length of the stem.</returns>
    public static int Stem(Span<char> word)
    {
        var length = word.Length;
        if (length <= 2 || word.ContainsAnyExceptInRange('a', 'z'))
            return length;

        // 1a. Plurals.
        if (Ends(word, length, "sses") || Ends(word, length, "ies"))
            length -= 2;
        else if (Ends(word, length, "s") && !Ends(word, length, "ss"))
            length--;

        // 1b. Past and progressive.
        if (Ends(word, length, "eed"))
        {
            if (Measure(word[..(length - 3)]) > 0)
                length--;
        }
        else if (Ends(word, length, "ed") && HasVowel(word[..(length - 2)]))
            length = Mend(word, length - 2);
        else if (Ends(word, length, "ing") && HasVowel(word[..(length - 3)]))
            length = Mend(word, length - 3);

        // 1c. Final y.
        if (Ends(word, length, "y") && HasVowel(word[..(length - 1)]))
            word[length - 1] = 'i';

        // 2, 3. Double suffixes.
        length = Replace(word, length, Step2);
        length = Replace(word, length, Step3);

        // 4. Single suffixes.
        foreach (var suffix in Step4)
        {
            if (!Ends(word, length, suffix))
                continue;
            var stem = length - suffix.Length;
            if (Measure(word[..stem]) > 1 && (suffix != "ion" || Ends(word, stem, "s") || Ends(word, stem, "t")))
                length = stem;
            break;
        }

        // 5. Final e and double l.
        if (Ends(word, length, "e"))
        {
            var measure = Measure(word[..(length - 1)]);
            if (measure > 1 || (measure == 1 && !EndsShort(word[..(length - 1)])))
                length--;
        }

        return Ends(word, length, "ll") && Measure(word[..(length - 1)]) > 1 ? length - 1 : length;
    }

    private static int Replace(Span<char> word, int length, (string Suffix, string Replacement)[] rules)
    {
        foreach (var (suffix, replacement) in rules)
        {
            if (!Ends(word, length, suffix))
                continue;
            var stem = length - suffix.Length;
            if (Measure(word[..stem]) == 0)
                return length;
            replacement.CopyTo(word[stem..]);
            return stem + replacement.Length;
        }

        return length;
    }

    // After "-ed" and "-ing": conflat(ed) → conflate, hopp(ing) → hop, fil(ing) → file.
    private static int Mend(Span<char> word, int length)
    {
        var stem = word[..length];
        if (length > 1 && stem[^1] == stem[^2] && IsConsonant(stem, length - 1) && stem[^1] is not ('l' or 's' or 'z'))
            return length - 1;
        if (!Ends(word, length, "at") && !Ends(word, length, "bl") && !Ends(word, length, "iz") && (Measure(stem) != 1 || !EndsShort(stem)))
            return length;
        word[length] = 'e';
        return length + 1;
    }

    private static bool Ends(ReadOnlySpan<char> word, int length, string suffix) => length > suffix.Length && word[..length].EndsWith(suffix, StringComparison.Ordinal);

    /// <summary>The m in [C](VC)^m[V].</summary>
    private static int Measure(ReadOnlySpan<char> stem)
    {
        var count = 0;
        var before = true;
        for (var at = 0; at < stem.Length; at++)
        {
            // A y is a vowel after a consonant.
            var consonant = stem[at] switch { 'a' or 'e' or 'i' or 'o' or 'u' => false, 'y' => at == 0 || !before, _ => true };
            if (at > 0 && consonant && !before)
                count++;
            before = consonant;
        }

        return count;
    }

    private static bool HasVowel(ReadOnlySpan<char> stem)
    {
        for (var at = 0; at < stem.Length; at++)
        {
            if (!IsConsonant(stem, at))
                return true;
        }

        return false;
    }

    /// <summary>Consonant, vowel, consonant, the last not w, x or y: wil, hop.</summary>
    private static bool EndsShort(ReadOnlySpan<char> stem) =>
        stem.Length > 2 && IsConsonant(stem, stem.Length - 1) && !IsConsonant(stem, stem.Length - 2) && IsConsonant(stem, stem.Length - 3) && stem[^1] is not ('w' or 'x' or 'y');

    private static bool IsConsonant(ReadOnlySpan<char> word, int at) => word[at] switch
    {
        'a' or 'e' or 'i' or 'o' or 'u' => false,
        'y' => at == 0 || !IsConsonant(word, at - 1),
        _ => true,
    };
}
