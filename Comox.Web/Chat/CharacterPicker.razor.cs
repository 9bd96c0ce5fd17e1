using Comox.ServiceDefaults.Contracts.Memory;
using Microsoft.AspNetCore.Components;

namespace Comox.Web.Chat;

public sealed partial class CharacterPicker : ComponentBase
{
    [Parameter, EditorRequired]
    public required IReadOnlyList<CharacterSummary> Characters { get; set; }

    /// <summary>Why the character that was picked last cannot be talked to.</summary>
    [Parameter]
    public string? Problem { get; set; }

    /// <summary>Called with the slug.</summary>
    [Parameter]
    public EventCallback<string> OnPick { get; set; }
}
