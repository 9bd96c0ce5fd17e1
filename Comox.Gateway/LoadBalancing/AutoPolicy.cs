namespace Comox.Gateway.LoadBalancing;

/// <summary>
/// The least predicted wait wins, unless somebody is at home elsewhere: a session stays at its backend, else a prompt goes to who holds its beginning, else to
/// who holds its adapter, as long as the wait there is not longer than the least one by more than a margin. Everything is weighed in seconds.
/// <para>
/// A session that nobody knows yet is placed for longer than one request, so among the backends that are near the best it gets the one that was given the
/// least work of late. The least wait alone would put all new sessions where the system prompt they share is cached, which looks idle between their turns and
/// is overrun when they come.
/// </para>
/// <para>
/// 1. What each backend's prefix cache is believed to hold. 2. How long this request would wait at each. 3. Who waits least. 4. Who is at home. 5. Home, a
/// place for a newcomer, or least wait.
/// </para>
/// </summary>
internal sealed class AutoPolicy(LoadBalancingOptions options, Affinity affinity, Dice dice, TimeProvider time) : ILoadBalancingPolicy
{
    /// <summary>Pools up to this size are decided on the stack; larger ones allocate.</summary>
    public const int OnStack = 256;

    private readonly WaitPrediction _wait = new(options);
    private readonly double _sessionMargin = options.SessionMargin.TotalSeconds;
    private readonly double _affinityMargin = options.AffinityMargin.TotalSeconds;

    public string Name => LoadBalancingPolicies.Auto;

    public int Choose(ReadOnlySpan<Candidate> candidates, in RoutingRequest request, out RouteTrace trace)
    {
        trace = default;
        if (candidates.IsEmpty)
            return -1;
        var count = candidates.Length;
        var now = time.GetTimestamp();

        // 1. In blocks first, then in tokens, as far as the engine has earned it.
        Span<int> cached = count <= OnStack ? stackalloc int[count] : new int[count];
        affinity.Prefixes.Match(candidates, request.Prefix, now, cached);
        for (var at = 0; at < count; at++)
            cached[at] = cached[at] == 0 ? 0 : (int)(request.TokensOf(cached[at]) * candidates[at].Load.CacheTrust);

        // 2.
        Span<double> waits = count <= OnStack ? stackalloc double[count] : new double[count];
        _wait.Predict(candidates, request, cached, now, waits);

        // 3. and 4. What many share must be no reason to overfill a backend: one with more than its share must be best without its cache, too. A session at
        // home is another matter: nobody else brings what it would have to read again, so for it the margin alone decides.
        var start = dice.Next(count);
        var bound = new LoadBound(candidates, options.LoadBound, options.LoadSlack);
        var best = Least(candidates, waits, start);
        if (best < 0)
            return -1;
        var reason = RouteReason.LeastWait;
        var home = Home(candidates, request, cached, waits, now, out var homeReason);
        var isAtHome = homeReason == RouteReason.Session;
        var isNew = request.Session is not null && !isAtHome;
        var judged = waits;
        Span<double> withoutCache = count <= OnStack ? stackalloc double[count] : new double[count];
        var recent = isNew ? new RecentWork(candidates, now) : default;
        var isOverfull = !bound.Admits(candidates[best]) || (isNew && recent.IsOverfull(candidates[best], request, options));
        if (isOverfull && cached[best] > 0 && !(isAtHome && home == best))
        {
            judged = withoutCache;
            for (var at = 0; at < count; at++)
                judged[at] = waits[at] + _wait.Reading(candidates[at], cached[at]);
            var other = Least(candidates, judged, start);
            (best, reason) = (other, other == best ? reason : RouteReason.Overfull);
        }

        // 5.
        if (isNew)
        {
            var place = recent.Least(candidates, judged, judged[best] + _sessionMargin);
            trace = new RouteTrace(RouteReason.NewSession, cached[place], waits[place], waits[best]);
            return place;
        }

        var margin = isAtHome ? _sessionMargin : _affinityMargin;
        var stays = home >= 0 && waits[home] - waits[best] <= margin && (isAtHome || bound.Admits(candidates[home]));
        var chosen = stays ? home : best;
        trace = new RouteTrace(stays ? homeReason : reason, cached[chosen], waits[chosen], waits[best]);
        return chosen;
    }

    private int Home(
        ReadOnlySpan<Candidate> candidates, in RoutingRequest request, ReadOnlySpan<int> cached, ReadOnlySpan<double> waits, long now, out RouteReason reason)
    {
        reason = RouteReason.Session;
        if (request.Session is { } session && affinity.Sessions.Find(session, now) is var slot and >= 0)
        {
            for (var at = 0; at < candidates.Length; at++)
            {
                if (candidates[at].Load.Slot == slot && candidates[at].Weight > 0)
                    return at;
            }
        }

        reason = RouteReason.Prefix;
        var home = -1;
        for (var at = 0; at < candidates.Length; at++)
        {
            if (cached[at] > 0 && cached[at] >= options.MinPrefixTokens && candidates[at].Weight > 0
                && (home < 0 || cached[at] > cached[home] || (cached[at] == cached[home] && waits[at] < waits[home])))
                home = at;
        }

        if (home >= 0 || request.Adapter is not { } adapter)
            return home;
        reason = RouteReason.Adapter;
        for (var at = 0; at < candidates.Length; at++)
        {
            if (candidates[at].Weight > 0 && (home < 0 || waits[at] < waits[home]) && candidates[at].Load.Adapters.Holds(adapter, now))
                home = at;
        }

        return home;
    }

    // From a place drawn by chance, so that gateways, and requests at the same instant, do not all begin with the first of equals.
    private static int Least(ReadOnlySpan<Candidate> candidates, ReadOnlySpan<double> waits, int start)
    {
        var least = -1;
        for (var step = 0; step < candidates.Length; step++)
        {
            var at = start + step;
            if (at >= candidates.Length)
                at -= candidates.Length;
            if (candidates[at].Weight > 0 && (least < 0 || waits[at] < waits[least]))
                least = at;
        }

        return least;
    }
}
