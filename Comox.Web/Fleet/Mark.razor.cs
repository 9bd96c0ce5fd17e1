using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace Comox.Web.Fleet;

/// <summary>Good or bad news: a word, with an icon of its own shape and colour for each kind.</summary>
public sealed partial class Mark : ComponentBase
{
    /// <summary><c>good</c>, <c>busy</c>, <c>bad</c>, or anything else for what is not known.</summary>
    [Parameter, EditorRequired]
    public required string Tone { get; set; }

    [Parameter, EditorRequired]
    public required string Text { get; set; }

    [Parameter]
    public string? TestId { get; set; }

    private string Icon => Tone switch
    {
        "good" => Icons.Material.Rounded.CheckCircle,
        "busy" => Icons.Material.Rounded.Warning,
        "bad" => Icons.Material.Rounded.Dangerous,
        _ => Icons.Material.Rounded.HelpOutline,
    };
}
