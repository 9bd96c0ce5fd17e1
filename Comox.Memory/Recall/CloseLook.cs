namespace Comox.Memory.Recall;

/// <summary>Reads a turn and its neighbours term by term: where its word score comes from, and whether it looks like an answer.</summary>
internal sealed class CloseLook
{
    private readonly TurnStore _turns;
    private readonly WordSearch _words;
    private readonly Question _question;
    private readonly RecallWeights _weights;
    private readonly double _best;
    private readonly double _average;
    private readonly double _whole;

    // For each term of the index that the question has, the first of its places; a term may stand for itself and among what another stands for.
    private readonly Dictionary<int, int> _first = [];
    private readonly List<(int Concept, int Next)> _places = [];
    private readonly int[] _own;
    private readonly int[] _keys;
    private readonly int[] _lent;

    public CloseLook(TurnStore turns, TermTable terms, WordSearch words, Question question, RecallWeights weights, double best)
    {
        (_turns, _words, _question, _weights, _best, _average) = (turns, words, question, weights, best, words.AverageHood);
        for (var concept = 0; concept < question.Concepts.Count; concept++)
        {
            foreach (var key in question.Concepts[concept].Terms)
            {
                if (terms.Find(key) is not (>= 0 and var term))
                    continue;
                _places.Add((concept, _first.GetValueOrDefault(term, -1)));
                _first[term] = _places.Count - 1;
            }

            if (!question.Concepts[concept].Related)
                _whole += words.Rarities[concept];
        }

        _own = new int[question.Concepts.Count];
        _keys = new int[question.Concepts.Count];
        _lent = new int[question.Concepts.Count];
    }

    public Finalist At(int turn, Priors priors, bool[] visible)
    {
        Count(turn, visible);
        var (lexical, neighbour, key, covered) = (0.0, 0.0, 0.0, 0.0);
        for (var concept = 0; concept < _own.Length; concept++)
        {
            var own = _own[concept] * TurnStore.Whole;
            var keys = _keys[concept] * TurnStore.Whole;
            var times = own + keys + _lent[concept];
            if (times == 0)
                continue;
            var score = _words.Rarities[concept] * _words.Saturated(times, _turns.Hoods[turn], _average) / _best;
            lexical += score * own / times;
            key += score * keys / times;
            neighbour += score * _lent[concept] / times;
            if (own > 0 && !_question.Concepts[concept].Related)
                covered += _words.Rarities[concept];
        }

        return new Finalist(turn, new LaneScores
        {
            Lexical = lexical,
            Neighbour = neighbour,
            Key = key,
            Subject = priors.Subject(turn),
            Session = priors.Episode(turn),
            Window = priors.Window(turn),
            Cues = Cues(turn, lexical + neighbour + key, covered),
        });
    }

    private double Cues(int turn, double words, double covered)
    {
        var traits = _turns.Traits[turn];
        var shape = 0.0;
        if (_question.AsksTime && (traits & TurnTraits.TellsTime) != 0)
            shape += _weights.TellsTime;
        if (_question.AsksNumber && (traits & TurnTraits.HasNumber) != 0)
            shape += _weights.HasNumber;
        if ((traits & TurnTraits.PlainQuestion) != 0)
            shape -= _weights.Asks;
        if (_turns.Speakers[turn] == _question.Subject && (traits & TurnTraits.FirstPerson) != 0)
            shape += _weights.FirstPerson;
        return (words * shape) + (_whole > 0 ? _weights.Own * covered / _whole : 0);
    }

    private void Count(int turn, bool[] visible)
    {
        Array.Clear(_own);
        Array.Clear(_keys);
        Array.Clear(_lent);
        var terms = _turns.TermsOf(turn);
        var said = _turns[turn].Said;
        for (var at = 0; at < terms.Length; at++)
            Add(terms[at], at < said ? _own : _keys, at < said ? TurnReading.SaidTimes : TurnReading.KeyTimes);

        if (_turns.Previous[turn] is >= 0 and var before)
        {
            Lend(before, _turns.ToNext(before), visible);
            if (_turns.Previous[before] is >= 0 and var second)
                Lend(second, _weights.ToSecondNext, visible);
        }

        if (_turns.Next[turn] is >= 0 and var after)
        {
            Lend(after, _weights.ToPrevious, visible);
            if (_turns.Next[after] is >= 0 and var second)
                Lend(second, _weights.ToSecondPrevious, visible);
        }
    }

    private void Lend(int turn, int tenths, bool[] visible)
    {
        if (!visible[_turns.Audiences[turn]])
            return;
        var terms = _turns.TermsOf(turn);
        var said = _turns[turn].Said;
        for (var at = 0; at < terms.Length; at++)
            Add(terms[at], _lent, tenths * (at < said ? TurnReading.SaidTimes : TurnReading.KeyTimes));
    }

    private void Add(int term, int[] counts, int times)
    {
        if (!_first.TryGetValue(term, out var place))
            return;
        for (; place >= 0; place = _places[place].Next)
            counts[_places[place].Concept] += times;
    }
}
