namespace Comox.Memory.Recall;

/// <summary>What speaks for a turn before it is read.</summary>
internal sealed class Priors
{
    private readonly TurnStore _turns;
    private readonly Question _question;
    private readonly RecallWeights _weights;
    private readonly double[] _episodes;
    private readonly double _least;
    private readonly double _range;

    public Priors(TurnStore turns, Question question, RecallWeights weights, SearchScratch scratch)
    {
        (_turns, _question, _weights, _episodes) = (turns, question, weights, scratch.EpisodeScores);
        var (having, least, most) = (0, double.MaxValue, 0.0);
        foreach (var score in _episodes.AsSpan(0, turns.Episodes))
        {
            if (score <= 0)
                continue;
            having++;
            least = Math.Min(least, score);
            most = Math.Max(most, score);
        }

        _least = having < turns.LiveEpisodes ? 0 : least;
        _range = most - _least;
    }

    /// <summary>More than any turn can have.</summary>
    public double Most => _weights.Subject + _weights.Episode + (_question.Window is null ? 0 : _weights.Window);

    public double Of(int turn) => Subject(turn) + Episode(turn) + Window(turn);

    public double Subject(int turn) => _turns.Speakers[turn] == _question.Subject ? _weights.Subject : 0;

    // From the least to the most that an episode has of the question; alone it says nothing.
    public double Episode(int turn) =>
        _range > 0 && _episodes[_turns.EpisodeOf[turn]] is > 0 and var score ? _weights.Episode * (score - _least) / _range : 0;

    public double Window(int turn) => _question.Window is { } window ? _weights.Window * window.Holds(_turns[turn].Ticks) : 0;
}
