using Comox.ServiceDefaults.Contracts.Memory;
using Microsoft.AspNetCore.Components;

namespace Comox.Web.Chat;

public sealed partial class ConversationList : ComponentBase
{
    [Parameter, EditorRequired]
    public required IReadOnlyList<SessionSummary> Sessions { get; set; }

    [Parameter, EditorRequired]
    public required IReadOnlyList<CharacterSummary> Characters { get; set; }

    /// <summary>Id of the open session.</summary>
    [Parameter]
    public string? Current { get; set; }

    /// <summary>There may be conversations older than these.</summary>
    [Parameter]
    public bool HasOlder { get; set; }

    /// <summary>False: more than these cannot be had.</summary>
    [Parameter]
    public bool CanShowOlder { get; set; }

    [Parameter]
    public EventCallback OnOlder { get; set; }

    [Parameter]
    public EventCallback OnOpen { get; set; }

    [Inject]
    private TimeProvider Time { get; set; } = null!;
}
