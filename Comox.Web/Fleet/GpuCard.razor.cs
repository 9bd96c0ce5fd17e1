using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.AspNetCore.Components;

namespace Comox.Web.Fleet;

/// <summary>One card: its health with what to do, and its figures.</summary>
public sealed partial class GpuCard : ComponentBase
{
    private NodeMemory _memory;

    [Parameter, EditorRequired]
    public required GpuStatus Card { get; set; }

    /// <summary>Only what matters to somebody who looks for a fault; the reasons stand beside it.</summary>
    [Parameter]
    public bool Brief { get; set; }

    [Inject]
    private TimeProvider Time { get; set; } = null!;

    protected override void OnParametersSet() => _memory = NodeMemory.Of(Card);
}
