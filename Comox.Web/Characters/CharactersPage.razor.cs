using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Memory;
using Microsoft.AspNetCore.Components;

namespace Comox.Web.Characters;

public sealed partial class CharactersPage : ComponentBase
{
    private IReadOnlyList<CharacterSummary>? _characters;
    private string? _problem;

    /// <summary>What the prerendered page hands to the circuit, read once.</summary>
    [PersistentState]
    public IReadOnlyList<CharacterSummary>? Prerendered { get; set; }

    [Inject]
    private MemoryClient Memory { get; set; } = null!;

    protected override async Task OnInitializedAsync()
    {
        _characters = Prerendered;
        if (_characters is null)
            await LoadAsync();
        Prerendered = _characters;
    }

    private async Task LoadAsync()
    {
        var characters = await Memory.ListCharactersAsync();
        _problem = characters.Error?.Message;
        if (characters.IsSuccess)
            _characters = characters.Value.Data;
    }
}
