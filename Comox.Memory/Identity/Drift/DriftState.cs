using System.Collections.Immutable;

namespace Comox.Memory.Identity.Drift;

/// <summary>What the replies of a line up to one of them say about drift. A value: it follows from the replies alone.</summary>
internal sealed record DriftState
{
    public static readonly DriftState Start = new();

    /// <summary>Mean of the window, later replies weighing more, 0 to 1; null while too few replies could be scored.</summary>
    public double? Level { get; init; }

    /// <summary>Whether the identity is to be anchored anew in the next prompt.</summary>
    public bool Drifted { get; init; }

    /// <summary>The scored replies of the window, oldest first.</summary>
    public ImmutableArray<DriftScore> Recent { get; init; } = [];

    /// <summary>The first replies of the line that were in character: see <see cref="ReplyToScore.Accepted"/>.</summary>
    public ImmutableArray<string> Accepted { get; init; } = [];

    /// <summary>Mean of a component over the window, later replies weighing more; null where it is unknown in all of them.</summary>
    public double? Mean(Func<DriftScore, double?> component, double decay)
    {
        var (sum, all, weight) = (0.0, 0.0, 1.0);
        for (var at = Recent.Length - 1; at >= 0; at--, weight *= decay)
        {
            if (component(Recent[at]) is not { } value)
                continue;
            sum += weight * value;
            all += weight;
        }

        return all > 0 ? sum / all : null;
    }
}

/// <summary>The event <c>identity.drifted</c>: a window has crossed its threshold with this reply.</summary>
/// <param name="Turn">The reply that crossed it.</param>
/// <param name="IdentityVersion">The version of the character that it was compared with.</param>
/// <param name="Level">Level of the window.</param>
/// <param name="Threshold">The threshold in force.</param>
/// <param name="Components">Mean of each known component over the window, by its name.</param>
/// <param name="Evidence">What spoke for it in that reply. It quotes the reply: it belongs beside the turn, not into a log.</param>
internal sealed record IdentityDrifted(
    string Turn, int IdentityVersion, double Level, double Threshold, IReadOnlyDictionary<string, double> Components, IReadOnlyList<DriftEvidence> Evidence)
{
    public const string Kind = "identity.drifted";

    /// <summary>The component that weighs most.</summary>
    public string Leading => Components.OrderByDescending(component => component.Value).ThenBy(component => component.Key, StringComparer.Ordinal).First().Key;
}
