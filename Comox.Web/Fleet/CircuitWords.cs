using Comox.ServiceDefaults.Contracts.Gateway;
using Comox.Web.Controls;

namespace Comox.Web.Fleet;

/// <summary>Whether the gateway uses an engine, for people.</summary>
internal static class CircuitWords
{
    private const string Closed = "closed";
    private const string Open = "open";
    private const string HalfOpen = "half-open";

    /// <summary>"closed: it is used", "open: left alone, tried again in 12 s"; null: the gateway has no route to the engine.</summary>
    public static string Of(BackendStatus? backend) => backend switch
    {
        null => "the gateway has no route to it",
        { Circuit: Open } => $"open: left alone, tried again {Again(backend)}",
        { Circuit: HalfOpen } => "half-open: one request at a time",
        { Circuit: Closed, Well: false } => "closed, but others are asked while there are any",
        { Circuit: Closed, Ramp: < 1 } => $"closed: coming back at {Wording.Percent(backend.Ramp)}",
        { Circuit: Closed } => "closed: it is used",
        _ => backend.Circuit,
    };

    /// <summary>Why the gateway does not use it as it uses others, in a sentence; null: it does.</summary>
    public static string? Why(BackendStatus? backend) => backend switch
    {
        { Circuit: Open } => "It failed, and the gateway leaves it alone for a while before it tries again.",
        { Circuit: HalfOpen } => "It failed, and the gateway sends it one request at a time to find out whether it is back.",
        { Well: false } => backend.NotWell,
        _ => null,
    };

    private static string Again(BackendStatus backend) => backend.OpenForSeconds is > 0 and var seconds ? $"in {Wording.Duration(seconds)}" : "with the next request";
}
