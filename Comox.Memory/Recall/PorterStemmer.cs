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
        if (word.Length <= 2 || !word.All(char.IsAsciiLetterLower))
            return word;

        // 1a. Plurals.
        if (Ends(word, "sses") || Ends(word, "ies"))
            word = word[..^2];
        else if (Ends(word, "s") && !Ends(word, "ss"))
            word = word[..^1];

        // 1b. Past and progressive.
        if (Ends(word, "eed"))
        {
            if (Measure(word[..^3]) > 0)
                word = word[..^1];
        }
        else if (Ends(word, "ed") && HasVowel(word[..^2]))
            word = Mend(word[..^2]);
        else if (Ends(word, "ing") && HasVowel(word[..^3]))
            word = Mend(word[..^3]);

        // 1c. Final y.
        if (Ends(word, "y") && HasVowel(word[..^1]))
            word = word[..^1] + "i";

        // 2, 3. Double suffixes.
        word = Replace(word, Step2);
        word = Replace(word, Step3);

        // 4. Single suffixes.
        foreach (var suffix in Step4)
        {
            if (!Ends(word, suffix))
                continue;
            var stem = word[..^suffix.Length];
            if (Measure(stem) > 1 && (suffix != "ion" || Ends(stem, "s") || Ends(stem, "t")))
                word = stem;
            break;
        }

        // 5. Final e and double l.
        if (Ends(word, "e"))
        {
            var stem = word[..^1];
            var measure = Measure(stem);
            if (measure > 1 || (measure == 1 && !EndsShort(stem)))
                word = stem;
        }

        return Ends(word, "ll") && Measure(word[..^1]) > 1 ? word[..^1] : word;
    }

    private static string Replace(string word, (string Suffix, string Replacement)[] rules)
    {
        foreach (var (suffix, replacement) in rules)
        {
            if (Ends(word, suffix))
                return Measure(word[..^suffix.Length]) > 0 ? word[..^suffix.Length] + replacement : word;
        }

        return word;
    }

    // After "-ed" and "-ing": conflat(ed) → conflate, hopp(ing) → hop, fil(ing) → file.
    private static string Mend(string stem)
    {
        if (Ends(stem, "at") || Ends(stem, "bl") || Ends(stem, "iz"))
            return stem + "e";
        if (stem.Length > 1 && stem[^1] == stem[^2] && IsConsonant(stem, stem.Length - 1) && stem[^1] is not ('l' or 's' or 'z'))
            return stem[..^1];
        return Measure(stem) == 1 && EndsShort(stem) ? stem + "e" : stem;
    }

    private static bool Ends(string word, string suffix) => word.Length > suffix.Length && word.EndsWith(suffix, StringComparison.Ordinal);

    /// <summary>The m in [C](VC)^m[V].</summary>
    private static int Measure(string stem)
    {
        var count = 0;
        for (var at = 1; at < stem.Length; at++)
        {
            if (IsConsonant(stem, at) && !IsConsonant(stem, at - 1))
                count++;
        }

        return count;
    }

    private static bool HasVowel(string stem) => Enumerable.Range(0, stem.Length).Any(at => !IsConsonant(stem, at));

    /// <summary>Consonant, vowel, consonant, the last not w, x or y: wil, hop.</summary>
    private static bool EndsShort(string stem) =>
        stem.Length > 2 && IsConsonant(stem, stem.Length - 1) && !IsConsonant(stem, stem.Length - 2) && IsConsonant(stem, stem.Length - 3) && stem[^1] is not ('w' or 'x' or 'y');

    private static bool IsConsonant(string word, int at) => word[at] switch
    {
        'a' or 'e' or 'i' or 'o' or 'u' => false,
        'y' => at == 0 || !IsConsonant(word, at - 1),
        _ => true,
    };
}
