using System.Globalization;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.Web.Fleet;

/// <summary>The fleet in one line. What nodes say that are not heard counts only towards <see cref="Nodes"/>.</summary>
internal sealed record FleetTotals(int Nodes, int Heard, int Engines, int Ready, int InFlight, int Waiting, string Degraded, string Ejected)
{
    public static FleetTotals Of(IReadOnlyList<FleetNode> nodes)
    {
        var heard = nodes.Where(node => node.IsHeard).Select(node => node.Entry.Status!).ToList();
        var engines = heard.SelectMany(status => status.Engines).ToList();
        var cards = heard.SelectMany(status => status.Hardware.Cards).ToList();
        return new FleetTotals(
            nodes.Count,
            heard.Count,
            engines.Count,
            engines.Count(engine => engine is { State: EngineStates.Ready, Health: not Healths.Ejected }),
            engines.Sum(engine => engine.InFlight),
            engines.Sum(engine => engine.Waiting),
            Counted(Healths.Degraded),
            Counted(Healths.Ejected));

        string Counted(string health)
        {
            var (ofEngines, ofCards) = (engines.Count(engine => engine.Health == health), cards.Count(card => card.Health == health));
            return (ofEngines, ofCards) switch
            {
                (0, 0) => "none",
                (_, 0) => Count(ofEngines, "engine"),
                (0, _) => Count(ofCards, "card"),
                _ => $"{Count(ofEngines, "engine")}, {Count(ofCards, "card")}",
            };
        }
    }

    private static string Count(int count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count} {what}{(count == 1 ? "" : "s")}");
}
