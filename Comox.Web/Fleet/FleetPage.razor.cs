using Microsoft.AspNetCore.Components;

namespace Comox.Web.Fleet;

/// <summary>The node, live.</summary>
public sealed partial class FleetPage : ComponentBase, IDisposable
{
    private NodeView _node = null!;

    [Inject]
    private NodeMonitor Node { get; set; } = null!;

    [Inject]
    private TimeProvider Time { get; set; } = null!;

    public void Dispose() => Node.Changed -= OnNodeChanged;

    protected override void OnInitialized()
    {
        _node = Node.Current;
        Node.Changed += OnNodeChanged;
    }

    private void OnNodeChanged() => _ = InvokeAsync(() =>
    {
        _node = Node.Current;
        StateHasChanged();
    });
}
