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

    /// <summary>Which picture it is, as the character's page or list has it: another one gets another address, so that each may be kept for long. Null: it has none.</summary>
    [Parameter]
    public string? Picture { get; set; }

    /// <summary>Pixels; 0 fills the parent.</summary>
    [Parameter]
    public int Size { get; set; } = 36;

    private string Style =>
        (Size > 0 ? string.Create(CultureInfo.InvariantCulture, $"width:{Size}px;height:{Size}px;font-size:{Size * 0.4:0}px;") : "")
        + (Picture is not null ? "" : $"background:{Monogram.GradientOf(Slug)}");
}
