using System.Text;

namespace Comox.Memory.Recall;

/// <summary>
/// The turns of one index: what scoring needs in arrays by the turn's number, and what only an answer needs, the id and the text, as UTF-8 in one.
/// Numbers are given in the order of coming; neighbours are those of the same session and episode. About 250 bytes a turn with its postings.
/// </summary>
internal sealed class TurnStore(RecallWeights weights)
{
    /// <summary>Scale of <see cref="Hoods"/> and of what turns lend to each other: an own word.</summary>
    public const int Whole = 10;

    public const int None = -1;

    /// <summary>An audience that nobody is in: the turn has left the line.</summary>
    public const int Gone = 0;

    // After a pause of this long, or this many turns, one speaks of something else.
    private static readonly long Pause = TimeSpan.FromHours(6).Ticks;
    private const int LongestEpisode = 64;

    private Entry[] _entries = new Entry[16];
    private int[] _previous = new int[16];
    private int[] _next = new int[16];
    private int[] _hoods = new int[16];
    private int[] _audiences = new int[16];
    private int[] _episodeOf = new int[16];
    private int[] _speakers = new int[16];
    private TurnTraits[] _traits = new TurnTraits[16];
    private int[] _terms = new int[256];
    private byte[] _texts = new byte[2048];
    private int[] _episodeLengths = new int[4];
    private int[] _episodeTurns = new int[4];
    private int _termsUsed;
    private int _textsUsed;

    /// <summary>Numbers given, to turns that have gone too.</summary>
    public int Count { get; private set; }

    /// <summary>Turns that are there.</summary>
    public int Live { get; private set; }

    public int Episodes { get; private set; }
    public int LiveEpisodes { get; private set; }
    public long HoodSum { get; private set; }
    public long LengthSum { get; private set; }

    public ReadOnlySpan<int> Previous => _previous;
    public ReadOnlySpan<int> Next => _next;

    /// <summary>Terms of a turn and of its neighbours, as far as they are lent to it, in tenths.</summary>
    public ReadOnlySpan<int> Hoods => _hoods;

    public ReadOnlySpan<int> Audiences => _audiences;
    public ReadOnlySpan<int> EpisodeOf => _episodeOf;
    public ReadOnlySpan<int> Speakers => _speakers;
    public ReadOnlySpan<int> EpisodeLengths => _episodeLengths;
    public ReadOnlySpan<TurnTraits> Traits => _traits;

    public ref readonly Entry this[int turn] => ref _entries[turn];

    /// <summary>Numbers of a turn's terms, in order.</summary>
    public ReadOnlySpan<int> TermsOf(int turn) => _terms.AsSpan(_entries[turn].TermsAt, _entries[turn].Terms);

    public ReadOnlySpan<byte> IdOf(int turn) => _texts.AsSpan(_entries[turn].TextAt, _entries[turn].IdLength);

    public string Id(int turn) => Encoding.UTF8.GetString(IdOf(turn));

    public string Text(int turn) => Encoding.UTF8.GetString(_texts, _entries[turn].TextAt + _entries[turn].IdLength, _entries[turn].TextLength);

    /// <summary>
    /// Adds a turn at the end of its session's line: after the turn of that number, or <see cref="None"/>. The entry has its session and time;
    /// of its terms the first <paramref name="said"/> are its own, and the others keys.
    /// </summary>
    public int Add(int after, Entry entry, int speaker, TurnTraits traits, int audience, string id, string text, ReadOnlySpan<int> terms, int said)
    {
        if (Count == Postings.MaxTurns)
            throw new InvalidOperationException($"An index holds at most {Postings.MaxTurns} turns.");
        if (Count == _entries.Length)
            Grow();
        var turn = Count++;
        Live++;

        var starts = after == None || entry.Ticks - _entries[after].Ticks > Pause || _episodeTurns[_episodeOf[after]] >= LongestEpisode;
        var episode = starts ? AddEpisode() : _episodeOf[after];
        (_previous[turn], _next[turn]) = (starts ? None : after, None);
        if (!starts)
            _next[after] = turn;

        entry.IdLength = (ushort)Encoding.UTF8.GetByteCount(id);
        entry.TextLength = Encoding.UTF8.GetByteCount(text);
        entry.TextAt = Room(ref _texts, ref _textsUsed, entry.IdLength + entry.TextLength);
        Encoding.UTF8.GetBytes(id, _texts.AsSpan(entry.TextAt));
        Encoding.UTF8.GetBytes(text, _texts.AsSpan(entry.TextAt + entry.IdLength));
        entry.TermsAt = Room(ref _terms, ref _termsUsed, terms.Length);
        (entry.Terms, entry.Said) = (terms.Length, said);
        terms.CopyTo(_terms.AsSpan(entry.TermsAt));

        _entries[turn] = entry;
        (_speakers[turn], _traits[turn], _audiences[turn], _episodeOf[turn]) = (speaker, traits, audience, episode);
        LengthSum += said;
        _episodeLengths[episode] += said;
        _episodeTurns[episode]++;
        _hoods[turn] = 0;
        Measure(turn);
        return turn;
    }

    /// <summary>Gives a turn other keys. What it says itself stays, and with it every length: keys count for none.</summary>
    public void SetKeys(int turn, ReadOnlySpan<int> keys)
    {
        ref var entry = ref _entries[turn];
        var terms = entry.Said + keys.Length;
        if (terms > entry.Terms)
        {
            var at = Room(ref _terms, ref _termsUsed, terms);
            _terms.AsSpan(entry.TermsAt, entry.Said).CopyTo(_terms.AsSpan(at));
            entry.TermsAt = at;
        }

        keys.CopyTo(_terms.AsSpan(entry.TermsAt + entry.Said));
        entry.Terms = terms;
    }

    /// <summary>Takes the last turn of a line off.</summary>
    public void RemoveLast(int turn)
    {
        var (before, episode) = (_previous[turn], _episodeOf[turn]);
        HoodSum -= _hoods[turn];
        LengthSum -= _entries[turn].Said;
        _episodeLengths[episode] -= _entries[turn].Said;
        if (--_episodeTurns[episode] == 0)
            LiveEpisodes--;
        _audiences[turn] = Gone;
        Live--;
        _previous[turn] = None;
        if (before == None)
            return;
        _next[before] = None;
        Measure(before);
    }

    /// <summary>In tenths: what a turn lends to the next and the one after it.</summary>
    public int ToNext(int turn) => (_traits[turn] & TurnTraits.Asks) != 0 ? weights.ToAnswer : weights.ToNext;

    // The lengths of a turn and of the two before it, which it lends to and borrows from.
    private void Measure(int turn)
    {
        for (var steps = 0; steps < 3 && turn != None; steps++, turn = _previous[turn])
        {
            var hood = Whole * _entries[turn].Said;
            if (_previous[turn] is not None and var one)
            {
                hood += ToNext(one) * _entries[one].Said;
                if (_previous[one] is not None and var two)
                    hood += weights.ToSecondNext * _entries[two].Said;
            }

            if (_next[turn] is not None and var next)
            {
                hood += weights.ToPrevious * _entries[next].Said;
                if (_next[next] is not None and var second)
                    hood += weights.ToSecondPrevious * _entries[second].Said;
            }

            HoodSum += hood - _hoods[turn];
            _hoods[turn] = hood;
        }
    }

    private int AddEpisode()
    {
        if (Episodes == _episodeLengths.Length)
        {
            Array.Resize(ref _episodeLengths, Episodes * 2);
            Array.Resize(ref _episodeTurns, Episodes * 2);
        }

        LiveEpisodes++;
        return Episodes++;
    }

    private void Grow()
    {
        var size = _entries.Length + (_entries.Length / 2);
        Array.Resize(ref _entries, size);
        Array.Resize(ref _previous, size);
        Array.Resize(ref _next, size);
        Array.Resize(ref _hoods, size);
        Array.Resize(ref _audiences, size);
        Array.Resize(ref _episodeOf, size);
        Array.Resize(ref _speakers, size);
        Array.Resize(ref _traits, size);
    }

    private static int Room<T>(ref T[] array, ref int used, int count)
    {
        var at = used;
        used += count;
        if (used > array.Length)
            Array.Resize(ref array, Math.Max(used, (int)Math.Min(array.Length + (array.Length / 2L), Array.MaxLength)));
        return at;
    }

    /// <summary>What is known of a turn.</summary>
    internal struct Entry
    {
        public long Ticks;
        public int Session;
        public int TextAt;
        public int TextLength;
        public int TermsAt;
        public int Terms;
        public int Said;
        public ushort IdLength;
    }
}
