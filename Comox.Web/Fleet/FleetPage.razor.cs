using Microsoft.AspNetCore.Components;

namespace Comox.Web.Fleet;

/// <summary>Every node that the gateway knows, live.</summary>
public sealed partial class FleetPage : ComponentBase, IDisposable
{
    /// <summary>The page that is first sent to a browser waits this long for its nodes, so that they are there at the first paint.</summary>
    private static readonly TimeSpan FirstPatience = TimeSpan.FromMilliseconds(500);

    private readonly FleetOrder _order = new();
    private readonly TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private FleetView _view = FleetView.None;
    private FleetFilter _filter = new();
    private IReadOnlyList<FleetNode> _ordered = [];
    private IReadOnlyList<FleetNode> _shown = [];
    private IDisposable? _watching;

    [Inject]
    private FleetMonitor Fleet { get; set; } = null!;

    [Inject]
    private TimeProvider Time { get; set; } = null!;

    private string Count
    {
        get
        {
            var attention = _ordered.Count(node => node.Attention != Attention.None) switch
            {
                0 => "all are well",
                1 => "1 needs attention",
                var some => $"{some} need attention",
            };
            return _filter.IsOff ? $"{_ordered.Count} nodes, {attention}" : $"{_shown.Count} of {_ordered.Count} nodes shown";
        }
    }

    public void Dispose() => _watching?.Dispose();

    protected override async Task OnInitializedAsync()
    {
        _watching = Fleet.Watch(OnFleetChanged);
        Take();
        if (_view == FleetView.None)
            await Task.WhenAny(_answered.Task, Task.Delay(FirstPatience, Time));
    }

    private void OnFleetChanged() => _ = InvokeAsync(() =>
    {
        Take();
        StateHasChanged();
        _answered.TrySetResult();
    });

    private void Take()
    {
        _view = Fleet.Current;
        _ordered = _order.Arrange(_view.Nodes ?? [], Time.GetUtcNow());
        Sift();
    }

    private void Sift() => _shown = _filter.IsOff ? _ordered : [.. _ordered.Where(_filter.Takes)];

    private void FindText(ChangeEventArgs change)
    {
        _filter = _filter with { Text = (string?)change.Value ?? "" };
        Sift();
    }

    private void FindState(ChangeEventArgs change)
    {
        _filter = _filter with { State = (string?)change.Value ?? FleetFilter.All };
        Sift();
    }

    private void ToggleAll()
    {
        if (_order.IsAnyOpen)
            _order.CloseAll();
        else
            _order.OpenAll(_shown);
    }
}
