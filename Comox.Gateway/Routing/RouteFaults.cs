using System.Globalization;
using Comox.Gateway.Backends;
using Comox.ServiceDefaults;

namespace Comox.Gateway.Routing;

/// <summary>Finds every fault of the routes at once; each message names its key and none tells a secret.</summary>
internal static class RouteFaults
{
    private const int MaxNameLength = 256;
    private static readonly TimeSpan Longest = TimeSpan.FromHours(24);

    public static IEnumerable<string> Of(IReadOnlyList<RouteOptions> routes, string section)
    {
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < routes.Count; i++)
        {
            var (route, at) = (routes[i], $"{section}:{i}");
            if (string.IsNullOrWhiteSpace(route.Model) || route.Model.Length > MaxNameLength)
                yield return $"{at}:Model must be the name that clients send, of at most {MaxNameLength} characters.";
            else if (route.Model.StartsWith(ModelRoute.CharacterPrefix, StringComparison.Ordinal))
                yield return $"{at}:Model must not begin with {ModelRoute.CharacterPrefix}: such names are characters.";
            else if (!seen.TryAdd(route.Model, i))
                yield return $"{at}:Model is '{route.Model}', which {section}:{seen[route.Model]} is already.";
            if (route.Pools.Length == 0)
                yield return $"{at}:Pools must have at least one pool.";
            foreach (var fault in OfPolicies(route, at))
                yield return fault;
            for (var p = 0; p < route.Pools.Length; p++)
            {
                foreach (var fault in OfPool(route.Pools[p], $"{at}:Pools:{p}"))
                    yield return fault;
            }

            foreach (var fault in OfNames(route, at))
                yield return fault;
        }
    }

    /// <summary>What every route has, the one of the fleet included.</summary>
    public static IEnumerable<string> OfPolicies(RouteOptions route, string at)
    {
        if (route.MaxAttempts is < 1 or > 32)
            yield return string.Create(CultureInfo.InvariantCulture, $"{at}:MaxAttempts must be between 1 and 32, not {route.MaxAttempts}.");
        foreach (var (key, value) in new[]
        {
            ("HedgeAfter", route.HedgeAfter), ("FirstTokenTimeout", route.FirstTokenTimeout), ("TokenIdleTimeout", route.TokenIdleTimeout), ("TotalTimeout", route.TotalTimeout),
        })
        {
            if (value is { } time && (time <= TimeSpan.Zero || time > Longest))
                yield return $"{at}:{key} must be a time such as 00:00:30, above zero and at most a day.";
        }

        foreach (var fault in route.LoadBalancing.Faults($"{at}:LoadBalancing"))
            yield return fault;
    }

    // Loads and circuits are kept by these names: two servers of one name would be one, and the second never asked.
    private static IEnumerable<string> OfNames(RouteOptions route, string at)
    {
        var pools = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var p = 0; p < route.Pools.Length; p++)
        {
            foreach (var backend in route.Pools[p].Backends)
            {
                var name = $"{route.Pools[p].Name}/{backend.Name}";
                if (!pools.TryAdd(name, p) && pools[name] != p)
                    yield return $"{at}:Pools:{p} has a backend '{backend.Name}', as {at}:Pools:{pools[name]} has: give the pools different names, or the backends.";
            }
        }
    }

    private static IEnumerable<string> OfPool(PoolOptions pool, string at)
    {
        if (pool.Backends.Length == 0 && pool.Fleet is null)
            yield return $"{at} must have Backends, or name a model of the fleet in Fleet.";
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var b = 0; b < pool.Backends.Length; b++)
        {
            var (backend, key) = (pool.Backends[b], $"{at}:Backends:{b}");
            if (string.IsNullOrWhiteSpace(backend.Name) || backend.Name.Length > MaxNameLength)
                yield return $"{key}:Name must name the backend, in at most {MaxNameLength} characters.";
            else if (!names.Add(backend.Name))
                yield return $"{key}:Name is '{backend.Name}', as another one of the pool.";
            if (!BackendKinds.All.Contains(backend.Kind))
                yield return $"{key}:Kind must be one of {string.Join(", ", BackendKinds.All)}, not '{backend.Kind}'.";
            // An address may carry a secret in its query or its user, so it is not repeated.
            if (!Uri.TryCreate(backend.Url, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.UserInfo.Length > 0 || url.Query.Length > 0)
                yield return $"{key}:Url must be an http or https address without user and query, such as http://gpu-1:8000/v1.";
            if (backend.ApiKey is { } secret && !HeaderText.CanCarry(secret))
                yield return $"{key}:ApiKey {HeaderText.Fault}";
            if (backend.Weight is not (> 0 and <= 1000))
                yield return string.Create(CultureInfo.InvariantCulture, $"{key}:Weight must be above 0 and at most 1000, not {backend.Weight}.");
            if (backend.Slots is < 1 or > 100_000)
                yield return $"{key}:Slots must be between 1 and 100000.";
            if (backend.ContextTokens is < 64 or > 100_000_000)
                yield return $"{key}:ContextTokens must be between 64 and 100000000.";
        }
    }
}
