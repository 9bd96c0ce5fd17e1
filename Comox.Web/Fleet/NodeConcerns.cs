using Comox.ServiceDefaults.Contracts.Gateway;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.Web.Fleet;

/// <summary>How much a node needs somebody to look at it.</summary>
public enum Attention
{
    None,

    /// <summary>It works, and something is not as it should be.</summary>
    Look,

    /// <summary>Something does not work at all.</summary>
    Act,
}

/// <summary>One thing that is wrong with a node.</summary>
/// <param name="Level">How bad it is.</param>
/// <param name="About">What it is about: a card, an engine, a file; null: the node itself.</param>
/// <param name="Text">What is wrong and, where that is known, what to do.</param>
public sealed record Concern(Attention Level, string? About, string Text);

/// <summary>Finds everything that is wrong with a node.</summary>
internal static class NodeConcerns
{
    /// <summary>A beat that comes late is no news: it would move nodes about on the page and be over before anybody has read it.</summary>
    private const double LongSilence = 1;

    private const string NoReason = "No reason was given; the agent's log may tell.";

    /// <returns>The worst first.</returns>
    public static IReadOnlyList<Concern> Of(NodeEntry node, IReadOnlyDictionary<string, BackendStatus> backends)
    {
        var found = new List<Concern>();
        if (node.State is NodeStates.Lost or NodeStates.Silent)
            found.Add(new Concern(Attention.Act, null, NodeWords.State(node)));
        else if (node.State == NodeStates.Quiet && node.SilentSeconds >= LongSilence)
            found.Add(new Concern(Attention.Look, null, NodeWords.State(node)));
        if (node.Status is { } status)
        {
            found.AddRange(status.Hardware.Cards.SelectMany(card => OfHealth(NodeWords.Name(card), card.Health, card.Reasons)));
            found.AddRange(status.Engines.SelectMany(engine => Of(engine, backends.GetValueOrDefault(engine.Id), node.State)));
            found.AddRange(status.Downloads.Where(download => download.Problem is not null).Select(download => new Concern(Attention.Look, download.Name, download.Problem!)));
        }

        // An engine has its card's reasons for its own: said once, about both. The sort keeps the order of those that are equally bad.
        return [.. found.GroupBy(concern => concern.Text, StringComparer.Ordinal)
            .Select(same => new Concern(same.Max(concern => concern.Level), About(same), same.Key))
            .OrderByDescending(concern => concern.Level)];
    }

    /// <summary>What is wrong with an engine.</summary>
    public static IEnumerable<Concern> Of(EngineStatus engine, BackendStatus? backend, string node)
    {
        var about = $"Engine {engine.Id}";
        foreach (var concern in OfHealth(about, engine.Health, engine.HealthReasons))
            yield return concern;
        if (EngineWords.Tone(engine.State) == "bad")
            yield return new Concern(Attention.Act, about, engine.Reason);
        else if (engine.State == EngineStates.Restarting)
            yield return new Concern(Attention.Look, about, engine.Reason);

        // A node that is not heard, and an engine that is ejected, are left alone for that very reason.
        if (node == NodeStates.Heard && engine.Health != Healths.Ejected && CircuitWords.Why(backend) is { } why)
            yield return new Concern(Attention.Look, about, why);
    }

    private static IEnumerable<Concern> OfHealth(string about, string health, IReadOnlyList<string> reasons)
    {
        if (health == Healths.Ok)
            return [];
        var level = health == Healths.Ejected ? Attention.Act : Attention.Look;
        return (reasons.Count == 0 ? [NoReason] : reasons).Select(reason => new Concern(level, about, reason));
    }

    private static string? About(IEnumerable<Concern> same) => string.Join(", ", same.Select(concern => concern.About).OfType<string>().Distinct()) is { Length: > 0 } about ? about : null;
}
