using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.AspNetCore.Components;

namespace Comox.Web.Fleet;

/// <summary>One node: a line, what is wrong with it, and the rest when it is open.</summary>
public sealed partial class NodeRow : ComponentBase
{
    [Parameter, EditorRequired]
    public required FleetNode Node { get; set; }

    [Parameter, EditorRequired]
    public required Opening Opening { get; set; }

    [Parameter]
    public EventCallback<Opening> OpeningChanged { get; set; }

    private string? AttentionClass => Node.Attention switch
    {
        Attention.Act => "bad",
        Attention.Look => "busy",
        _ => null,
    };

    private bool IsOpen => Opening != Opening.Closed;

    private string NameId => $"name-{Node.Key}";

    private string DetailsId => $"node-{Node.Key}";

    // One that never answered has no name but its address, which is said once.
    private string Where => Node.Address is { } address && address != Node.Name ? $"{address}, {NodeWords.Source(Node.Entry.Source)}" : NodeWords.Source(Node.Entry.Source);

    internal static string HealthTone(string? health) => health switch
    {
        Healths.Ok => "good",
        Healths.Degraded => "busy",
        Healths.Ejected => "bad",
        _ => "idle",
    };

    private Task ToggleAsync() => OpeningChanged.InvokeAsync(IsOpen ? Opening.Closed : Opening.Whole);

    private Task OpenWholeAsync() => OpeningChanged.InvokeAsync(Opening.Whole);
}
