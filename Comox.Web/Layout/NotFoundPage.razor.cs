using Microsoft.AspNetCore.Components;

namespace Comox.Web.Layout;

public sealed partial class NotFoundPage : ComponentBase
{
    internal const string Everything = "/{*path}";

    [Parameter]
    public string? Path { get; set; }

    /// <summary>There while the page is rendered for a request; null in a circuit.</summary>
    [CascadingParameter]
    private HttpContext? HttpContext { get; set; }

    protected override void OnInitialized()
    {
        if (HttpContext is { Response.HasStarted: false })
            HttpContext.Response.StatusCode = StatusCodes.Status404NotFound;
    }
}
