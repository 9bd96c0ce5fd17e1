using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.JSInterop;

namespace Comox.Web.Controls;

public sealed partial class Overlay : ComponentBase
{
    private ElementReference _sheet;

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

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender)
            return;
        try
        {
            await _sheet.FocusAsync(preventScroll: true);
        }
        catch (Exception problem) when (problem is JSDisconnectedException or JSException or OperationCanceledException)
        {
            // The tab is gone, or the sheet was closed before it could be focused.
        }
    }

    private Task CloseOnEscape(KeyboardEventArgs key) => key.Key == "Escape" ? OnClose.InvokeAsync() : Task.CompletedTask;
}
