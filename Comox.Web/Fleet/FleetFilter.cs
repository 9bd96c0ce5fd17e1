using Comox.ServiceDefaults.Contracts.Gateway;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.Web.Fleet;

/// <summary>Which nodes a person wants to see.</summary>
internal sealed record FleetFilter
{
    public const string All = "all";
    public const string NotHeard = "not-heard";
    public const string Attention = "attention";
    public const string Busy = "busy";
    public const string Downloading = "downloading";

    /// <summary>Values with their words, in the order of the list.</summary>
    public static readonly IReadOnlyList<(string Value, string Words)> States =
    [
        (All, "All nodes"),
        (Attention, "Those that need attention"),
        (NodeStates.Heard, "Heard"),
        (NotHeard, "Not heard"),
        (Healths.Degraded, "Degraded"),
        (Healths.Ejected, "Ejected"),
        (Busy, "At work"),
        (Downloading, "Downloading"),
    ];

    /// <summary>A part of the name, the address, a model, an engine, a card or a reason.</summary>
    public string Text { get; init; } = "";

    /// <summary>A value of <see cref="States"/>.</summary>
    public string State { get; init; } = All;

    public bool IsOff => State == All && string.IsNullOrWhiteSpace(Text);

    public bool Takes(FleetNode node) => TakesState(node) && TakesText(node);

    private bool TakesState(FleetNode node) => State switch
    {
        Attention => node.Attention != Fleet.Attention.None,
        NodeStates.Heard => node.Entry.State == NodeStates.Heard,
        NotHeard => node.Entry.State != NodeStates.Heard,
        Healths.Degraded or Healths.Ejected => node.Entry.Status is { } status
            && (status.Engines.Any(engine => engine.Health == State) || status.Hardware.Cards.Any(card => card.Health == State)),
        Busy => node.Entry.Status is { } status && status.Engines.Any(engine => engine.InFlight + engine.Waiting > 0),
        Downloading => node.Entry.Status is { Downloads.Count: > 0 },
        _ => true,
    };

    private bool TakesText(FleetNode node) =>
        string.IsNullOrWhiteSpace(Text) || Texts(node).Any(text => text is not null && text.Contains(Text.Trim(), StringComparison.OrdinalIgnoreCase));

    private static IEnumerable<string?> Texts(FleetNode node) =>
    [
        node.Name, node.Entry.Address,
        .. node.Concerns.Select(concern => concern.Text),
        .. (node.Entry.Status?.Engines ?? []).SelectMany(engine => new[] { engine.Id, engine.Kind, engine.Model?.Name }),
        .. node.Entry.Status?.Hardware.Gpus ?? [],
    ];
}
