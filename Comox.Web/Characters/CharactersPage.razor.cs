using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.Web.Layout;
using Microsoft.AspNetCore.Components;

namespace Comox.Web.Characters;

public sealed partial class CharactersPage : ComponentBase
{
    private IReadOnlyList<CharacterSummary>? _characters;
    private string? _problem;

    /// <summary>Where the prerendered page's <see cref="PageHandover"/> is.</summary>
    [PersistentState]
    public string? HandoverKey { get; set; }

    [Inject]
    private PageHandover Handover { get; set; } = null!;

    [Inject]
    private MemoryClient Memory { get; set; } = null!;

    protected override async Task OnInitializedAsync()
    {
        if (Handover.TryTake(HandoverKey, out _characters))
            return;
        await LoadAsync();
        if (!RendererInfo.IsInteractive && _characters is not null)
            HandoverKey = Handover.Keep(_characters);
    }

    private async Task LoadAsync()
    {
        var characters = await Memory.ListCharactersAsync();
        _problem = characters.Error?.Message;
        if (characters.IsSuccess)
            _characters = characters.Value.Data;
    }
}
