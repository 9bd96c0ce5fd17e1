using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Memory;
using Microsoft.AspNetCore.Components;

namespace Comox.Web.Chat;

/// <summary>What a character holds to be true of the person, each with the words it rests on.</summary>
public sealed partial class FactsPanel : ComponentBase
{
    private IReadOnlyList<FactView>? _facts;
    private string? _problem;

    [Parameter, EditorRequired]
    public required string Slug { get; set; }

    [Parameter, EditorRequired]
    public required string Name { get; set; }

    /// <summary>The person goes to where something was said, which may be where they are.</summary>
    [Parameter]
    public EventCallback OnFollow { get; set; }

    [Inject]
    private MemoryClient Memory { get; set; } = null!;

    [Inject]
    private TimeProvider Time { get; set; } = null!;

    protected override async Task OnInitializedAsync()
    {
        var facts = await Memory.ListFactsAsync(ServiceAuthentication.AdminCaller, Slug);
        _facts = facts.Value?.Data;
        _problem = facts.Error?.Message;
    }
}
