using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.AspNetCore.Components;

namespace Comox.Web.Fleet;

/// <summary>What a node is fetching, and what it failed to fetch.</summary>
public sealed partial class DownloadList : ComponentBase
{
    [Parameter, EditorRequired]
    public required IReadOnlyList<DownloadStatus> Downloads { get; set; }
}
