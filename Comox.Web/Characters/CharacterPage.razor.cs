using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Memory;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Options;

namespace Comox.Web.Characters;

/// <summary>One character: who it is, and how to reach it.</summary>
public sealed partial class CharacterPage : ComponentBase
{
    private string? _problem;

    [Parameter]
    public required string Slug { get; set; }

    [PersistentState]
    public CharacterDetails? Details { get; set; }

    [Inject]
    private MemoryClient Memory { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    [Inject]
    private IOptions<WebOptions> Options { get; set; } = null!;

    private string ModelName => $"character/{Slug}";

    private string Curl =>
        $$"""
        curl {{(Options.Value.PublicGatewayUrl ?? Navigation.BaseUri).TrimEnd('/')}}/v1/chat/completions \
          -H "Authorization: Bearer $COMOX_KEY" \
          -H "Content-Type: application/json" \
          -d '{"model":"{{ModelName}}","stream":true,
               "messages":[{"role":"user","content":"Hello!"}]}'
        """;

    protected override async Task OnParametersSetAsync()
    {
        if (Details?.Slug == Slug)
            return;
        var character = await Memory.GetCharacterAsync(Slug);
        Details = character.Value;
        _problem = character.Error?.Message;
    }

    private async Task StartAsync()
    {
        var session = await Memory.CreateSessionAsync(new NewSession(Slug, ServiceAuthentication.AdminCaller));
        if (session.IsSuccess)
            Navigation.NavigateTo($"/chat/{session.Value.Id}");
        else
            _problem = session.Error.Message;
    }
}
