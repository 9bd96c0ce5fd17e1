using Microsoft.AspNetCore.Components;

namespace Comox.Web.Chat;

/// <summary>One message: the person's in a bubble at the right, the character's as text with its picture.</summary>
public sealed partial class MessageView : ComponentBase
{
    [Parameter, EditorRequired]
    public required string Role { get; set; }

    [Parameter, EditorRequired]
    public required string Text { get; set; }

    /// <summary>The character's name, slug and picture.</summary>
    [Parameter, EditorRequired]
    public required string Name { get; set; }

    [Parameter, EditorRequired]
    public required string Slug { get; set; }

    [Parameter]
    public string? Picture { get; set; }

    [Parameter]
    public bool Streaming { get; set; }

    /// <summary>How the reply ended, when not well: "stopped", "interrupted".</summary>
    [Parameter]
    public string? Note { get; set; }

    /// <summary>Id of the reply's receipt.</summary>
    [Parameter]
    public string? Receipt { get; set; }

    [Parameter]
    public bool CanRegenerate { get; set; }

    [Parameter]
    public EventCallback<string> OnReceipt { get; set; }

    [Parameter]
    public EventCallback OnRegenerate { get; set; }
}
