using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.AspNetCore.Components;

namespace Comox.Web.Fleet;

/// <summary>The parts of a node that something is wrong with.</summary>
public sealed partial class NodeTrouble : ComponentBase
{
    private IReadOnlyList<DownloadStatus> _failed = [];

    [Parameter, EditorRequired]
    public required FleetNode Node { get; set; }

    [Parameter]
    public EventCallback OnMore { get; set; }

    protected override void OnParametersSet() => _failed = [.. Node.FailedDownloads];
}
