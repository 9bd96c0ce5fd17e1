using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.Web.Fleet;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace Comox.Web.Chat;

/// <summary>What the model in use can and cannot do, where that is not obvious; until the person has put it away.</summary>
public sealed partial class ModelNotice : ComponentBase, IDisposable
{
    private EngineModel? _model;
    private bool _visible;

    [Inject]
    private NodeMonitor Node { get; set; } = null!;

    [Inject]
    private IJSRuntime Browser { get; set; } = null!;

    private string Key => $"comox-notice-{_model?.Name}";

    public void Dispose() => Node.Changed -= OnNodeChanged;

    protected override void OnInitialized()
    {
        _model = Node.Current.ChatEngine?.Model;
        Node.Changed += OnNodeChanged;
    }

    protected override Task OnAfterRenderAsync(bool firstRender) => firstRender ? LookUpAsync() : Task.CompletedTask;

    private async Task LookUpAsync()
    {
        if (_model?.Notice is null)
            return;
        try
        {
            _visible = await Browser.InvokeAsync<string?>("localStorage.getItem", Key) is null;
            StateHasChanged();
        }
        catch (Exception gone) when (gone is JSDisconnectedException or JSException or OperationCanceledException)
        {
            _visible = true;
        }
    }

    private async Task DismissAsync()
    {
        _visible = false;
        try
        {
            await Browser.InvokeVoidAsync("localStorage.setItem", Key, "dismissed");
        }
        catch (Exception gone) when (gone is JSDisconnectedException or JSException or OperationCanceledException)
        {
            // Without storage it is put away for as long as the page is open.
        }
    }

    private void OnNodeChanged() => _ = InvokeAsync(() =>
    {
        var model = Node.Current.ChatEngine?.Model;
        if (model == _model)
            return Task.CompletedTask;
        _model = model;
        _visible = false;
        StateHasChanged(); // The new model may have nothing to look up.
        return LookUpAsync();
    });
}
