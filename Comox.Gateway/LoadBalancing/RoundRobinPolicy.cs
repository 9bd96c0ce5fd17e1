namespace Comox.Gateway.LoadBalancing;

/// <summary>
/// In turn, by weight, and smoothly: stride scheduling. Every backend has a position that its choice moves on by 1 / weight, and the one furthest behind is
/// next. The position is the ledger's, so a reload does not begin again with the first backend.
/// </summary>
internal sealed class RoundRobinPolicy : ILoadBalancingPolicy
{
    private const double Stride = 1 << 20;
    private const double LeastWeight = 0.001;

    public string Name => LoadBalancingPolicies.RoundRobin;

    public int Choose(ReadOnlySpan<Candidate> candidates, in RoutingRequest request, out RouteTrace trace)
    {
        while (true)
        {
            // 1. The one furthest behind. A newcomer, or who comes back from a failure, is not owed the turns it missed: at most one stride of the slowest.
            var floor = Floor(candidates);
            var chosen = -1;
            var least = long.MaxValue;
            var seen = 0L;
            for (var at = 0; at < candidates.Length; at++)
            {
                if (candidates[at].Weight <= 0)
                    continue;
                var position = candidates[at].Load.Position;
                // Half a stride ahead at the start: a heavy backend does not have all its turns at the end of the round.
                var turn = Math.Max(position, floor) + (StrideOf(candidates[at]) / 2);
                if (turn < least)
                    (chosen, least, seen) = (at, turn, position);
            }

            // 2. Its turn is over, unless another request took it in the meantime.
            trace = new RouteTrace(chosen < 0 ? RouteReason.None : RouteReason.Turn);
            if (chosen < 0 || candidates[chosen].Load.TryMove(seen, Math.Max(seen, floor) + StrideOf(candidates[chosen])))
                return chosen;
        }
    }

    private static long Floor(ReadOnlySpan<Candidate> candidates)
    {
        var furthest = 0L;
        var longest = 0L;
        foreach (ref readonly var candidate in candidates)
        {
            if (candidate.Weight <= 0)
                continue;
            furthest = Math.Max(furthest, candidate.Load.Position);
            longest = Math.Max(longest, StrideOf(candidate));
        }

        return Math.Max(0, furthest - longest);
    }

    private static long StrideOf(in Candidate candidate) => (long)(Stride / Math.Max(candidate.Weight, LeastWeight));
}
