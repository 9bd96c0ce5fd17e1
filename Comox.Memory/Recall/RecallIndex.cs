using Comox.Memory.Ingestion;
using Comox.Memory.Sessions;

namespace Comox.Memory.Recall;

/// <summary>
/// Everything a person and a character said on the current lines of their sessions. A turn is found as soon as it is appended; a line that changed
/// keeps what it has in common with what it was. One caller at a time.
/// </summary>
internal sealed class RecallIndex(RecallWeights? weights = null)
{
    // Turns that left their lines cost memory and time until the index is built anew: it is when they are more than those that are there.
    private const int LeastGone = 256;

    // Of facts that no longer hold, too.
    private const int MostFactTerms = 10_000;

    private readonly RecallWeights _weights = weights ?? RecallWeights.Default;
    private readonly Dictionary<string, IndexedLine> _lines = new(StringComparer.Ordinal);
    private readonly List<IndexedLine> _sessions = [];
    private Speakers _speakers = new();
    private readonly Audiences _audiences = new();
    private readonly TurnReading _reading = new();
    private readonly Dictionary<ToldFact, ulong[]> _factTerms = new(ReferenceEqualityComparer.Instance);
    private IndexContent _content = new(weights ?? RecallWeights.Default);
    private IReadOnlyList<ToldFact>? _held;

    public int TurnCount => _content.Turns.Live;

    public IEnumerable<string> Sessions => _lines.Keys;

    /// <summary>Ids of the turns of a session's line, first to last.</summary>
    public IReadOnlyList<string> TurnsOf(string sessionId) => _lines.TryGetValue(sessionId, out var line) ? [.. line.Turns.Select(_content.Turns.Id)] : [];

    /// <summary>Whether something in it was witnessed in a session with another character.</summary>
    public bool HasHosts => _lines.Values.Any(line => line.Host is not null);

    /// <returns>The character in whose session something was witnessed; null: the session is the own one.</returns>
    public Host? HostOf(string sessionId) => _lines.GetValueOrDefault(sessionId)?.Host;

    /// <summary>Puts a turn at the end of its session's line, with the facts that were told in it.</summary>
    public void Append(RecallTurn turn, params IEnumerable<ToldFact> facts)
    {
        if (!_lines.TryGetValue(turn.SessionId, out var line))
        {
            _lines[turn.SessionId] = line = new IndexedLine(_sessions.Count, turn.SessionId, turn.Host);
            _sessions.Add(line);
        }

        var told = facts.ToList();
        line.Add(Add(turn, line, told), told);
        _held = null;
    }

    /// <summary>Makes this the session's line.</summary>
    public void Replace(string sessionId, IReadOnlyList<(RecallTurn Turn, IReadOnlyList<ToldFact> Facts)> turns)
    {
        var kept = 0;
        if (_lines.TryGetValue(sessionId, out var line))
        {
            while (kept < Math.Min(turns.Count, line.Turns.Count)
                && _content.Turns.Id(line.Turns[kept]) == turns[kept].Turn.Id
                && line.Told(kept, turns[kept].Facts))
                kept++;
        }

        Truncate(sessionId, kept);
        foreach (var (turn, facts) in turns.Skip(kept))
            Append(turn, facts);
    }

    /// <summary>Whether a turn is on a session's line.</summary>
    public bool Has(string sessionId, string turnId) => PlaceOf(sessionId, turnId) >= 0;

    /// <summary>Puts these facts in the place of those that were told in a turn of a session's line. A turn that is not there stays away.</summary>
    public void Retell(string sessionId, string turnId, IReadOnlyList<ToldFact> facts)
    {
        var place = PlaceOf(sessionId, turnId);
        if (place < 0)
            return;
        var line = _lines[sessionId];
        line.Retell(place, facts);
        _reading.ReadKeys(KeysOf(facts));
        _content.SetKeys(line.Turns[place], _reading.Terms);
        _held = null;
    }

    /// <summary>Keeps the first turns of a session's line.</summary>
    public void Truncate(string sessionId, int length)
    {
        if (!_lines.TryGetValue(sessionId, out var line))
            return;
        while (line.Turns.Count > length)
        {
            var gone = line.RemoveLast();
            _speakers.Remove(_content.Turns.Speakers[gone]);
            _content.Turns.RemoveLast(gone);
        }

        if (length == 0)
            _lines.Remove(sessionId);
        _held = null;
        if (_content.Turns.Count - _content.Turns.Live > Math.Max(LeastGone, _content.Turns.Live))
            Rebuild();
    }

    public void Remove(string sessionId) => Truncate(sessionId, 0);

    /// <summary>Removes a session so that no byte of it stays in memory: what has merely left its line does, until the index is built anew.</summary>
    public void Erase(string sessionId)
    {
        Truncate(sessionId, 0);
        Rebuild();
    }

    /// <summary>What holds, newest first, when these are told besides.</summary>
    public IReadOnlyList<ToldFact> Facts(params IReadOnlyList<ToldFact> besides) => FactsKnownTo(null, besides);

    /// <summary>What holds for all that a character knows: it has heard what was told in the turns that it perceived, and nothing else.</summary>
    /// <param name="witness">A character's id; null for who may see everything.</param>
    /// <param name="besides">Facts that are not in the index yet.</param>
    public IReadOnlyList<ToldFact> FactsKnownTo(string? witness, params IReadOnlyList<ToldFact> besides)
    {
        var visible = _audiences.VisibleTo(witness);
        if (besides.Count == 0 && visible.AsSpan(1).IndexOf(false) < 0)
            return _held ??= FactFold.Held(_lines.Values.SelectMany(line => line.Facts));
        return FactFold.Held(_lines.Values.SelectMany(line => line.FactsWhere(turn => visible[_content.Turns.Audiences[turn]])).Concat(besides));
    }

    /// <summary>Keys of a fact's terms, each once.</summary>
    public IReadOnlyList<ulong> TermsOf(ToldFact fact)
    {
        if (_factTerms.TryGetValue(fact, out var terms))
            return terms;
        if (_factTerms.Count > MostFactTerms)
            _factTerms.Clear();
        return _factTerms[fact] = [.. Terms.Of(FactRanking.TextOf(fact)).Select(term => Terms.Key(term)).Distinct()];
    }

    /// <summary>The turns that answer a message best, best first.</summary>
    public FoundTurns Search(RecallQuery query, int limit)
    {
        var question = Question.Read(query, _speakers, _weights);
        var search = new TurnSearch(_content.Turns, _content.Terms, _content.Postings, _weights);
        var found = search.Run(query, question, _audiences.VisibleTo(query.Witness), _content.Ids, limit);
        return new FoundTurns(question.Intent, question.Window, [.. found.Select(turn => new FoundTurn(Turn(turn.Turn), _content.Turns.Traits[turn.Turn], turn.Lanes))]);
    }

    private int Add(RecallTurn turn, IndexedLine line, List<ToldFact> facts)
    {
        _reading.Read(turn.Content, turn.IsUser, KeysOf(facts));
        return _content.Add(turn, line, _speakers.Add(turn.Speaker), _audiences.Number(turn.Witnesses), _reading);
    }

    private static IEnumerable<string> KeysOf(IEnumerable<ToldFact> facts) => facts.Where(fact => !fact.Retracts).Select(fact => Asked.KeysOf(fact.Relation));

    // Numbers on a line only go up.
    private int PlaceOf(string sessionId, string turnId) =>
        _lines.TryGetValue(sessionId, out var line) && _content.Ids.Find(turnId) is >= 0 and var turn ? line.Turns.BinarySearch(turn) : -1;

    private RecallTurn Turn(int number)
    {
        ref readonly var entry = ref _content.Turns[number];
        return new RecallTurn(
            _content.Turns.Id(number),
            _sessions[entry.Session].SessionId,
            (_content.Turns.Traits[number] & TurnTraits.User) != 0 ? Utterance.User : Utterance.Assistant,
            _content.Turns.Text(number),
            new DateTimeOffset(entry.Ticks, TimeSpan.Zero))
        {
            Speaker = _speakers.Name(_content.Turns.Speakers[number]),
            Witnesses = _audiences.Of(_content.Turns.Audiences[number]),
            Host = _sessions[entry.Session].Host,
        };
    }

    private void Rebuild()
    {
        var lines = _lines.Values.Select(line => line.Turns.Select((turn, at) => (Turn(turn), line.FactsAt(at).ToList())).ToList()).ToList();
        _content = new IndexContent(_weights);
        _lines.Clear();
        _sessions.Clear();
        _speakers = new Speakers();
        _factTerms.Clear();
        _held = null;
        foreach (var (turn, facts) in lines.SelectMany(line => line))
            Append(turn, facts);
    }
}
