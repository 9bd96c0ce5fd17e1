namespace Comox.Memory.Recall;

/// <summary>What vectors and the graph say: both bring turns that words did not find, and neither ranks alone.</summary>
internal sealed class OtherLanes(TurnStore turns, TurnIds ids, RecallWeights weights)
{
    // Cormack, Clarke and Büttcher, "Reciprocal rank fusion" (SIGIR 2009): 1/(60 + rank).
    private const double RankConstant = 60;

    public void Add(List<Finalist> found, RecallQuery query, int except, bool[] visible, Func<int, Finalist> look)
    {
        var dense = Known(query.Dense?.Select(pair => (pair.Key, pair.Value)) ?? [], except, visible);
        var graph = Known(query.Graph, except, visible);
        if (dense.Count == 0 && graph.Count == 0)
            return;
        var there = found.Select(turn => turn.Turn).ToHashSet();
        foreach (var turn in dense.Keys.Concat(graph.Keys))
        {
            if (there.Add(turn))
                found.Add(look(turn));
        }

        if (graph.Count > 0)
            AddGraph(found, graph);
        if (dense.Count > 0)
            AddDense(found, dense);
    }

    private Dictionary<int, double> Known(IEnumerable<(string Id, double Score)> scores, int except, bool[] visible)
    {
        var known = new Dictionary<int, double>();
        foreach (var (id, score) in scores)
        {
            if (double.IsFinite(score) && ids.Find(id) is >= 0 and var turn && turn != except && visible[turns.Audiences[turn]])
                known[turn] = score;
        }

        return known;
    }

    private void AddGraph(List<Finalist> found, Dictionary<int, double> graph)
    {
        var most = graph.Values.Max();
        for (var at = 0; at < found.Count; at++)
        {
            if (graph.TryGetValue(found[at].Turn, out var score) && score > 0)
                found[at] = found[at] with { Lanes = found[at].Lanes with { Graph = weights.Graph * score / most } };
        }
    }

    // The order of (1 − w)·z(words) + w·z(vectors), on the scale of the words: z(vectors) times what a z of words is worth. A turn without a similarity has the least one.
    private void AddDense(List<Finalist> found, Dictionary<int, double> dense)
    {
        var least = dense.Values.Min();
        var similarities = found.Select(turn => dense.GetValueOrDefault(turn.Turn, least)).ToArray();
        var (deviation, ofWords) = (Deviation(similarities), Deviation([.. found.Select(turn => turn.Lanes.Sum)]));
        if (deviation < 1e-9 || ofWords < 1e-9)
        {
            AddRanks(found, dense);
            return;
        }

        var scale = weights.Dense / (1 - weights.Dense) * ofWords / deviation;
        for (var at = 0; at < found.Count; at++)
            found[at] = found[at] with { Lanes = found[at].Lanes with { Dense = scale * (similarities[at] - least) } };
    }

    // Where one side has one value only, its deviation says nothing; its order does.
    private void AddRanks(List<Finalist> found, Dictionary<int, double> dense)
    {
        var ranked = dense.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, Comparer<int>.Create((a, b) => Ordering.Tie(turns, a, b))).Select(pair => pair.Key).ToList();
        for (var at = 0; at < found.Count; at++)
        {
            if (ranked.IndexOf(found[at].Turn) is >= 0 and var rank)
                found[at] = found[at] with { Lanes = found[at].Lanes with { Dense = weights.Dense * (RankConstant + 1) / (RankConstant + 1 + rank) } };
        }
    }

    private static double Deviation(double[] values)
    {
        var mean = values.Average();
        return Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / values.Length);
    }
}
