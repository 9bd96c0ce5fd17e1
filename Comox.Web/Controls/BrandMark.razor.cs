using Microsoft.AspNetCore.Components;

namespace Comox.Web.Controls;

/// <summary>The mountain and the water of Comox.</summary>
public sealed partial class BrandMark : ComponentBase
{
    [Parameter]
    public int Size { get; set; } = 32;
}
