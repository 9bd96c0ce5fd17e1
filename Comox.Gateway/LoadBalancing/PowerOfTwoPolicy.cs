namespace Comox.Gateway.LoadBalancing;

/// <summary>
/// The less loaded of two drawn by chance: nearly as even as comparing all, and gateways that do not know of each other do not all run to the same backend.
/// https://www.eecs.harvard.edu/~michaelm/postscripts/mythesis.pdf
/// </summary>
internal sealed class PowerOfTwoPolicy(Dice dice) : ILoadBalancingPolicy
{
    public string Name => LoadBalancingPolicies.PowerOfTwo;

    public int Choose(ReadOnlySpan<Candidate> candidates, in RoutingRequest request, out RouteTrace trace)
    {
        var first = Draw(candidates, -1);
        var second = Draw(candidates, first);
        trace = new RouteTrace(first < 0 ? RouteReason.None : RouteReason.Random);
        if (second < 0)
            return first;
        return IsLess(candidates[second], candidates[first]) ? second : first;
    }

    // Weight counts once, in the comparison: drawing by it as well would square it.
    private int Draw(ReadOnlySpan<Candidate> candidates, int except)
    {
        var eligible = 0;
        for (var at = 0; at < candidates.Length; at++)
        {
            if (at != except && candidates[at].Weight > 0)
                eligible++;
        }

        if (eligible == 0)
            return -1;
        var skip = dice.Next(eligible);
        for (var at = 0; ; at++)
        {
            if (at != except && candidates[at].Weight > 0 && skip-- == 0)
                return at;
        }
    }

    private static bool IsLess(in Candidate left, in Candidate right)
    {
        var (leftLoad, rightLoad) = ((left.Load.InFlight + 1) / left.Weight, (right.Load.InFlight + 1) / right.Weight);
        return leftLoad < rightLoad || (leftLoad == rightLoad && left.Load.PromptTokens / left.Weight < right.Load.PromptTokens / right.Weight);
    }
}
