using Microsoft.AspNetCore.Components;

namespace Comox.Web.Chat;

/// <summary>One message: the person's in a bubble at the right, the character's as text with its picture.</summary>
public sealed partial class MessageView : ComponentBase
{
    private (string, string, string?, bool, string?, string?, bool) _shown;

    private (string, string, string?, bool, string?, string?, bool) Now => (Text, Name, Picture, Streaming, Note, Receipt, CanRegenerate);

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

    protected override void OnInitialized() => _shown = Now;

    // A page with a thousand messages is rendered thirty times a second while one of them streams: the others are left as they are.
    protected override bool ShouldRender()
    {
        (var before, _shown) = (_shown, Now);
        return before != _shown;
    }
}
