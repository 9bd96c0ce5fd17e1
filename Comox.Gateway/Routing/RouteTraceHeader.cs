using System.Globalization;
using System.Text;

namespace Comox.Gateway.Routing;

/// <summary>
/// Why this backend: for a request that asks with <c>X-Comox-Route-Trace: 1</c>, the attempts up to the one that answered, in a header of the same name.
/// <code>1 local/gpu-1 pool=local policy=auto reason=session cached=812 wait=0.031 best=0.012 failed=Connect:503; 2 local/gpu-2 pool=local policy=auto reason=leastwait cached=0 wait=0.4 best=0.4</code>
/// </summary>
internal static class RouteTraceHeader
{
    public const string Name = "X-Comox-Route-Trace";

    public static void Write(Exchange exchange)
    {
        if (exchange.Committed || exchange.Http.Response.HasStarted || exchange.Http.Request.Headers[Name] != "1" || exchange.Trace.Count == 0)
            return;
        var text = new StringBuilder();
        foreach (var note in exchange.Trace)
        {
            var why = note.Attempt.Why;
            text.Append(text.Length > 0 ? "; " : "").Append(CultureInfo.InvariantCulture, $"{note.Number} {Plain(note.Attempt.Backend.Id)} pool={Plain(note.Attempt.Pool)} policy={exchange.Route.Policy.Name}")
                .Append(CultureInfo.InvariantCulture, $" reason={why.Reason} cached={why.CachedTokens} wait={why.WaitSeconds:0.###} best={why.BestWaitSeconds:0.###}");
            if (note.Failed is { } failure)
                text.Append(CultureInfo.InvariantCulture, $" failed={failure.Place}:{failure.Error.Status}");
        }

        exchange.Http.Response.Headers[Name] = text.ToString();
    }

    // Names come from settings and nodes; a header holds no other characters.
    private static string Plain(string name) => string.Create(name.Length, name, static (to, from) =>
    {
        for (var i = 0; i < from.Length; i++)
            to[i] = from[i] is > ' ' and < (char)127 and not ';' ? from[i] : '_';
    });
}

/// <summary>One attempt, for the trace.</summary>
/// <param name="Number">From one.</param>
/// <param name="Attempt">Whom it asked, and why.</param>
internal sealed record RouteNote(int Number, LoadBalancing.Attempt Attempt)
{
    public Forwarding.ForwardError? Failed { get; set; }
}
