using System.Globalization;
using Microsoft.AspNetCore.Components;

namespace Comox.Web.Controls;

/// <summary>A character's picture, or its monogram.</summary>
public sealed partial class Avatar : ComponentBase
{
    [Parameter, EditorRequired]
    public required string Slug { get; set; }

    [Parameter, EditorRequired]
    public required string Name { get; set; }

    [Parameter]
    public bool HasPicture { get; set; }

    /// <summary>Version of the identity core: a new picture gets a new address, so that the old one may be cached for long.</summary>
    [Parameter]
    public int Version { get; set; } = 1;

    /// <summary>Pixels; 0 fills the parent.</summary>
    [Parameter]
    public int Size { get; set; } = 36;

    private string Style =>
        (Size > 0 ? string.Create(CultureInfo.InvariantCulture, $"width:{Size}px;height:{Size}px;font-size:{Size * 0.4:0}px;") : "")
        + (HasPicture ? "" : $"background:{Monogram.GradientOf(Slug)}");
}
