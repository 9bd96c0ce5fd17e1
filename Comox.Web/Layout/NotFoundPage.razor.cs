using Microsoft.AspNetCore.Components;

namespace Comox.Web.Layout;

public sealed partial class NotFoundPage : ComponentBase
{
    /// <summary>There while the page is rendered for a request; null in a circuit.</summary>
    [CascadingParameter]
    private HttpContext? HttpContext { get; set; }

    protected override void OnInitialized()
    {
        // At the last moment: a 404 set earlier makes the renderer hold back the page for a re-execution that nothing here does.
        HttpContext?.Response.OnStarting(() =>
        {
            HttpContext.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        });
    }
}
