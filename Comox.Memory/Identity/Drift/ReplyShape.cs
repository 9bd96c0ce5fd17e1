namespace Comox.Memory.Identity.Drift;

/// <summary>The figures of how something is said, whatever it says: counts over one text.</summary>
internal readonly record struct ReplyShape
{
    public int Words { get; private init; }
    public int Letters { get; private init; }
    public int Sentences { get; private init; }
    public int ActionWords { get; private init; }
    public int Exclamations { get; private init; }
    public int Questions { get; private init; }

    /// <summary>Dots of hesitation, and dashes.</summary>
    public int Pauses { get; private init; }

    /// <summary>Commas and semicolons.</summary>
    public int Commas { get; private init; }

    /// <summary>Words with an apostrophe: don't, o'clock.</summary>
    public int Contractions { get; private init; }

    /// <summary>I, me, my, mine.</summary>
    public int FirstPersons { get; private init; }

    /// <summary>Sentences that begin with a small letter.</summary>
    public int SmallStarts { get; private init; }

    /// <summary>Lines with something on them.</summary>
    public int Lines { get; private init; }

    public static ReplyShape Of(SpokenText text)
    {
        var tally = default(Tally);
        foreach (var part in text.Parts)
        {
            tally.Read(text.Of(part), part.Kind == PartKind.Action);
            if (part.Kind == PartKind.Action)
                tally.EndSentence('.');
        }

        tally.EndSentence('.');
        return tally.Shape(LinesOf(text.Text));
    }

    private static int LinesOf(string text)
    {
        var lines = 0;
        foreach (var line in text.AsSpan().EnumerateLines())
            lines += line.IsWhiteSpace() ? 0 : 1;
        return lines;
    }

    private struct Tally
    {
        private int _words, _letters, _sentences, _actionWords, _exclamations, _questions, _pauses, _commas, _contractions, _firstPersons, _smallStarts, _sinceEnd;
        private bool _exclaimed, _asked;

        public void Read(ReadOnlySpan<char> text, bool action)
        {
            for (var at = 0; at < text.Length; at++)
            {
                if (char.IsLetterOrDigit(text[at]))
                {
                    var end = WordEnd(text, at);
                    Word(text[at..end], action);
                    at = end - 1;
                    continue;
                }

                switch (text[at])
                {
                    case '.' when at + 2 < text.Length && text[at + 1] == '.' && text[at + 2] == '.':
                        _pauses++;
                        at += 2;
                        EndSentence('.');
                        break;
                    case '…':
                        _pauses++;
                        EndSentence('.');
                        break;
                    case '—' or '–':
                        _pauses++;
                        break;
                    case '.' or '!' or '?' or '\n':
                        EndSentence(text[at]);
                        break;
                    case ',' or ';':
                        _commas++;
                        break;
                }
            }
        }

        // "What?!!" is one sentence, which asks and exclaims: marks after the first belong to the same sentence, and each kind counts once.
        public void EndSentence(char mark)
        {
            if (_sinceEnd > 0)
            {
                _sentences++;
                (_sinceEnd, _exclaimed, _asked) = (0, false, false);
            }

            if (_sentences == 0)
                return;
            _exclamations += mark == '!' && !_exclaimed ? 1 : 0;
            _questions += mark == '?' && !_asked ? 1 : 0;
            (_exclaimed, _asked) = (_exclaimed || mark == '!', _asked || mark == '?');
        }

        public readonly ReplyShape Shape(int lines) => new()
        {
            Words = _words, Letters = _letters, Sentences = _sentences, ActionWords = _actionWords, Exclamations = _exclamations, Questions = _questions, Pauses = _pauses,
            Commas = _commas, Contractions = _contractions, FirstPersons = _firstPersons, SmallStarts = _smallStarts, Lines = lines,
        };

        private void Word(ReadOnlySpan<char> word, bool action)
        {
            if (_sinceEnd++ == 0 && char.IsLower(word[0]))
                _smallStarts++;
            _words++;
            _letters += word.Length;
            _actionWords += action ? 1 : 0;
            var apostrophe = word.IndexOf('\'');
            _contractions += apostrophe > 0 ? 1 : 0;
            var stem = apostrophe > 0 ? word[..apostrophe] : word;
            if (stem is "I" or "i" || stem.Equals("me", StringComparison.OrdinalIgnoreCase) || stem.Equals("my", StringComparison.OrdinalIgnoreCase) || stem.Equals("mine", StringComparison.OrdinalIgnoreCase))
                _firstPersons++;
        }
    }

    /// <summary>Where the word that begins here ends: apostrophes and hyphens between letters belong to it.</summary>
    public static int WordEnd(ReadOnlySpan<char> text, int start)
    {
        var at = start;
        while (at < text.Length && (char.IsLetterOrDigit(text[at]) || (text[at] is '\'' or '-' && at + 1 < text.Length && char.IsLetterOrDigit(text[at + 1]))))
            at++;
        return at;
    }
}
