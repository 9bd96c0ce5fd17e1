using Microsoft.AspNetCore.Components;

namespace Comox.Web.Fleet;

/// <summary>All that is known of a node.</summary>
public sealed partial class NodeDetails : ComponentBase
{
    [Parameter, EditorRequired]
    public required FleetNode Node { get; set; }

    [Inject]
    private TimeProvider Time { get; set; } = null!;
}
