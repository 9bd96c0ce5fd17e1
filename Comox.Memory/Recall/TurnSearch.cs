namespace Comox.Memory.Recall;

/// <summary>
/// Finds the turns that answer a message best:
/// <list type="number">
/// <item>words: BM25 over turns with their neighbours, and over episodes;</item>
/// <item>what is known of turns without reading them: who spoke, in which episode, when;</item>
/// <item>of the best of them, and of what vectors and the graph bring: what they say themselves, and whether it looks like an answer;</item>
/// <item>the order.</item>
/// </list>
/// Scores are shares of the best turn's word score. The same index and query give the same answer, whatever the order of the index's building.
/// </summary>
internal sealed class TurnSearch(TurnStore turns, TermTable terms, Postings postings, RecallWeights weights)
{
    // Looked at closely: more than is ever shown, so that what looks like an answer can rise.
    private const int Finalists = 128;

    public List<Finalist> Run(RecallQuery query, Question question, bool[] visible, TurnIds ids, int limit)
    {
        if (question.Intent == Intent.SmallTalk || turns.Live == 0)
            return [];
        var scratch = SearchScratch.Take(turns, visible);

        // 1. Words.
        var words = new WordSearch(turns, terms, postings, weights);
        var scored = words.Run(question, scratch);
        var except = query.Except is { } id ? ids.Find(id) : TurnStore.None;

        // 2. Who, where, when; the best by these.
        var best = 0.0;
        foreach (var turn in scratch.Scored.AsSpan(0, scored))
            best = Math.Max(best, (double)scratch.Scores[turn]);
        var priors = new Priors(turns, question, weights, scratch);
        var finalists = new TopTurns(turns, Math.Max(Finalists, 2 * limit));
        if (best > 0)
        {
            var (share, most) = (1 / best, priors.Most);
            foreach (var turn in scratch.Scored.AsSpan(0, scored))
            {
                // Of a hundred thousand turns with a word of the question few can be among the best whoever spoke.
                var score = scratch.Scores[turn] * share;
                if (score + most >= finalists.Least && turn != except)
                    finalists.Offer(turn, score + priors.Of(turn));
            }
        }
        else if (question.Window is { } window)
        {
            // Nothing but the time is asked for.
            for (var turn = 0; turn < turns.Count; turn++)
            {
                if (scratch.Visible[turns.Audiences[turn]] && turn != except && window.Holds(turns[turn].Ticks) > 0)
                    finalists.Offer(turn, priors.Of(turn));
            }
        }

        // 3. A closer look.
        var found = new List<Finalist>();
        var look = new CloseLook(turns, terms, words, question, weights, Math.Max(best, 1e-9));
        foreach (var turn in finalists.Best())
            found.Add(look.At(turn, priors, visible));
        new OtherLanes(turns, ids, weights).Add(found, query, except, visible, turn => look.At(turn, priors, visible));
        scratch.Return(turns, scored);

        // 4. The order.
        return Ordering.Of(found, turns, limit);
    }
}
