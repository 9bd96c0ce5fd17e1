using Comox.Web.Fleet;
using Microsoft.AspNetCore.Components;

namespace Comox.Web.Layout;

/// <summary>The model in use and how its engine is, on every page.</summary>
public sealed partial class EngineChip : ComponentBase, IDisposable
{
    private NodeView _node = null!;

    [Inject]
    private NodeMonitor Node { get; set; } = null!;

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
