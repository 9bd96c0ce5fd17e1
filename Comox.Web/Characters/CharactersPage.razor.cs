using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Memory;
using Microsoft.AspNetCore.Components;

namespace Comox.Web.Characters;

public sealed partial class CharactersPage : ComponentBase
{
    private string? _problem;

    [PersistentState]
    public IReadOnlyList<CharacterSummary>? Characters { get; set; }

    [Inject]
    private MemoryClient Memory { get; set; } = null!;

    protected override Task OnInitializedAsync() => Characters is null ? LoadAsync() : Task.CompletedTask;

    private async Task LoadAsync()
    {
        var characters = await Memory.ListCharactersAsync();
        _problem = characters.Error?.Message;
        if (characters.IsSuccess)
            Characters = characters.Value.Data;
    }
}
