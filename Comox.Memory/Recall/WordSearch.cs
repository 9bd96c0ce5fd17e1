using System.Runtime.CompilerServices;

namespace Comox.Memory.Recall;

/// <summary>
/// BM25 over everything an index holds, with the words of a turn's neighbours as words of its own, and of its episode:
/// <c>Σ weight · ln(1 + (N − n + ½)/(n + ½)) · t/(t + k1(1 − b + b · length/average))</c>, where t counts a term in the turn and, as far as they are lent to it,
/// in the two turns before and after. Linear in the postings of the question's terms.
/// </summary>
internal sealed class WordSearch(TurnStore turns, TermTable terms, Postings postings, RecallWeights weights)
{
    /// <summary>Times of a term in its own turn: as counted in postings, by what lending counts in.</summary>
    public const int Unit = TurnReading.SaidTimes * TurnStore.Whole;

    /// <summary>For each concept of the question its rarity; after <see cref="Run"/>.</summary>
    public double[] Rarities { get; private set; } = [];

    public double AverageHood => Math.Max(1e-9, turns.HoodSum / (double)Math.Max(1, turns.Live));

    /// <summary>Fills the scores of the turns and of the episodes.</summary>
    /// <returns>How many turns have one; their numbers are in <c>Scored</c>.</returns>
    public int Run(Question question, SearchScratch scratch)
    {
        Rarities = new double[question.Concepts.Count];
        var scored = 0;
        for (var number = 0; number < question.Concepts.Count; number++)
        {
            var concept = question.Concepts[number];
            if (concept.Weight <= 0)
                continue;
            var (touched, episodes) = (0, 0);
            foreach (var key in concept.Terms)
            {
                if (terms.Find(key) is >= 0 and var term)
                    Count(postings.Read(term), scratch, ref touched, ref episodes);
            }

            Rarities[number] = Fold(concept.Weight, touched, scratch, ref scored);
            FoldEpisodes(concept.Weight, episodes, scratch);
        }

        return scored;
    }

    /// <summary>What so many times of a term, in a hood so long, say.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public double Saturated(int times, int hood, double average)
    {
        var count = times / (double)Unit;
        return count / (count + (weights.Saturation * (1 - weights.Length + (weights.Length * hood / average))));
    }

    private void Count(Postings.Reader reader, SearchScratch scratch, ref int touched, ref int episodes)
    {
        var (times, list, visible) = (scratch.Times, scratch.Touched, scratch.Visible);
        var audiences = turns.Audiences;
        var next = turns.Next;
        var previous = turns.Previous;
        var traits = turns.Traits;
        var episodeOf = turns.EpisodeOf;
        var (toNext, toAnswer, toSecond) = (weights.ToNext, weights.ToAnswer, weights.ToSecondNext);
        var (toPrevious, toSecondPrevious) = (weights.ToPrevious, weights.ToSecondPrevious);
        while (reader.Next())
        {
            foreach (var cell in reader.Slice)
            {
                var (turn, count) = Postings.Entry(cell);
                if (!visible[audiences[turn]])
                    continue;
                Lend(scratch.EpisodeTimes, scratch.EpisodesTouched, ref episodes, episodeOf[turn], count);
                Lend(times, list, ref touched, turn, count * TurnStore.Whole);
                if (next[turn] is >= 0 and var after)
                {
                    Lend(times, list, ref touched, after, count * ((traits[turn] & TurnTraits.Asks) != 0 ? toAnswer : toNext));
                    if (next[after] >= 0)
                        Lend(times, list, ref touched, next[after], count * toSecond);
                }

                if (previous[turn] is >= 0 and var before)
                {
                    Lend(times, list, ref touched, before, count * toPrevious);
                    if (previous[before] >= 0)
                        Lend(times, list, ref touched, previous[before], count * toSecondPrevious);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Lend(int[] times, int[] touched, ref int count, int turn, int lent)
    {
        if (times[turn] == 0 && lent > 0)
            touched[count++] = turn;
        times[turn] += lent;
    }

    private double Fold(double weight, int touched, SearchScratch scratch, ref int scored)
    {
        var (times, scores) = (scratch.Times, scratch.Scores);
        var having = scratch.SeesAll ? touched : Seen(touched, scratch);

        var rarity = Math.Log(1 + ((turns.Live - having + .5) / (having + .5)));
        var hoods = turns.Hoods;
        var average = AverageHood;
        var (flat, slope) = (weights.Saturation * (1 - weights.Length) * Unit, weights.Saturation * weights.Length * Unit / average);
        foreach (var turn in scratch.Touched.AsSpan(0, touched))
        {
            var count = times[turn];
            if (count == 0)
                continue;
            if (scores[turn] == 0)
                scratch.Scored[scored++] = turn;
            scores[turn] += (float)(weight * rarity * count / (count + flat + (slope * hoods[turn])));
            times[turn] = 0;
        }

        return weight * rarity;
    }

    // Turns that have the term and that the one who asks may see; the others, to which their neighbours lent it, lose it again.
    private int Seen(int touched, SearchScratch scratch)
    {
        var seen = 0;
        foreach (var turn in scratch.Touched.AsSpan(0, touched))
        {
            if (scratch.Visible[turns.Audiences[turn]])
                seen++;
            else
                scratch.Times[turn] = 0;
        }

        return seen;
    }

    private void FoldEpisodes(double weight, int touched, SearchScratch scratch)
    {
        var rarity = Math.Log(1 + ((turns.LiveEpisodes - touched + .5) / (touched + .5)));
        var average = Math.Max(1, turns.LengthSum) / (double)Math.Max(1, turns.LiveEpisodes);
        foreach (var episode in scratch.EpisodesTouched.AsSpan(0, touched))
        {
            var count = scratch.EpisodeTimes[episode] / (double)TurnReading.SaidTimes;
            var length = turns.EpisodeLengths[episode];
            scratch.EpisodeScores[episode] += weight * rarity * count / (count + (weights.Saturation * (1 - weights.Length + (weights.Length * length / average))));
            scratch.EpisodeTimes[episode] = 0;
        }
    }
}
