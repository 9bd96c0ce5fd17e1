namespace Comox.Memory.Recall;

/// <summary>
/// The words of a text, one after the other and without an allocation for each: letters and digits, as written but without accents, apostrophes and
/// the <c>'s</c> at their end, which makes "Mara's" another word for Mara, and "what's" one for what.
/// In scripts without spaces every two neighbours are a word, so that a question finds the words inside a sentence.
/// </summary>
internal ref struct WordReader
{
    /// <summary>What is longer is no word of a language; its start stands for it.</summary>
    public const int MaxLength = 64;

    private const int None = -2;

    private readonly ReadOnlySpan<char> _text;
    private readonly Span<char> _building;
    private readonly Span<char> _built;
    private int _length;
    private int _builtLength;
    private int _apostrophe = None;
    private int _at;
    private bool _starts = true;
    private bool _paired;

    /// <param name="text">With plain letters: see <see cref="PlainLetters"/>.</param>
    /// <param name="buffer">Twice <see cref="MaxLength"/>.</param>
    public WordReader(ReadOnlySpan<char> text, Span<char> buffer)
    {
        _text = text;
        _building = buffer[..MaxLength];
        _built = buffer.Slice(MaxLength, MaxLength);
    }

    /// <summary>Valid until the next one is read.</summary>
    public readonly ReadOnlySpan<char> Word => _built[.._builtLength];

    /// <summary>The word and free room after it, for who makes something else of it.</summary>
    public readonly Span<char> Room => _built;

    public bool StartsSentence { get; private set; }

    /// <summary>Where the text after the word begins.</summary>
    public readonly int Position => _at;

    public bool Read()
    {
        while (_at <= _text.Length)
        {
            var letter = _at < _text.Length ? _text[_at] : '\n';
            _at++;
            if (_length > 0 && IsIdeographic(letter) && IsIdeographic(_building[_length - 1]))
            {
                _built[0] = _building[_length - 1];
                _built[1] = letter;
                (_builtLength, StartsSentence) = (2, false);
                _building[0] = letter;
                (_length, _paired) = (1, true);
                return true;
            }

            var part = char.IsLetterOrDigit(letter);
            if (part && (_length == 0 || IsIdeographic(letter) == IsIdeographic(_building[_length - 1])))
            {
                if (_length < MaxLength)
                    _building[_length++] = letter;
            }
            else if (letter is not ('\'' or '’'))
            {
                var found = _length > 0 && !_paired;
                if (found)
                {
                    if (_apostrophe > 0 && _length == _apostrophe + 1 && _building[_apostrophe] is ('s' or 'S'))
                        _length--;
                    _building[.._length].CopyTo(_built);
                    (_builtLength, StartsSentence) = (_length, _starts);
                }

                _starts = letter is '.' or '!' or '?' or '\n' || (_starts && _length == 0);
                (_paired, _length, _apostrophe) = (false, 0, None);
                if (part)
                    _building[_length++] = letter;
                if (found)
                    return true;
            }
            else
            {
                _apostrophe = _length;
            }
        }

        return false;
    }

    private static bool IsIdeographic(char letter) => letter is (>= '\u3041' and <= '\u30ff') or (>= '\u3400' and <= '\u9fff');
}
