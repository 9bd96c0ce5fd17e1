using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.JSInterop;

namespace Comox.Web.Controls;

/// <summary>Takes the focus, keeps it (<c>wwwroot/overlay.js</c>), and gives it back to where it was.</summary>
public sealed partial class Overlay : ComponentBase, IAsyncDisposable
{
    private ElementReference _sheet;
    private IJSObjectReference? _module, _hold;

    [Inject]
    private IJSRuntime Browser { get; set; } = null!;

    [Parameter, EditorRequired]
    public required string Title { get; set; }

    [Parameter, EditorRequired]
    public required string TestId { get; set; }

    [Parameter]
    public bool Drawer { get; set; }

    [Parameter]
    public EventCallback OnClose { get; set; }

    [Parameter]
    public RenderFragment? ChildContent { get; set; }

    public ValueTask DisposeAsync() => TryAsync(async () =>
    {
        if (_hold is not null)
        {
            await _hold.InvokeVoidAsync("release");
            await _hold.DisposeAsync(); // The browser keeps the object until then, and with it the sheet.
        }

        if (_module is not null)
            await _module.DisposeAsync();
    });

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
            await TryAsync(HoldFocusAsync);
    }

    private async Task HoldFocusAsync()
    {
        _module = await Browser.InvokeAsync<IJSObjectReference>("import", "/" + Assets["overlay.js"]);
        _hold = await _module.InvokeAsync<IJSObjectReference>("hold", _sheet);
    }

    private static async ValueTask TryAsync(Func<Task> act)
    {
        try
        {
            await act();
        }
        catch (Exception gone) when (gone is JSDisconnectedException or JSException or OperationCanceledException or ObjectDisposedException)
        {
            // The tab is gone, or the sheet was closed before it could be focused.
        }
    }

    private Task CloseOnEscape(KeyboardEventArgs key) => key.Key == "Escape" ? OnClose.InvokeAsync() : Task.CompletedTask;
}
