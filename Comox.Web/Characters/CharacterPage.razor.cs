using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.Web.Layout;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Options;

namespace Comox.Web.Characters;

/// <summary>One character: who it is, and how to reach it.</summary>
public sealed partial class CharacterPage : ComponentBase
{
    private CharacterDetails? _details;
    private string? _problem;
    private bool _starting;

    [Parameter]
    public required string Slug { get; set; }

    /// <summary>Where the prerendered page's <see cref="PageHandover"/> is.</summary>
    [PersistentState]
    public string? HandoverKey { get; set; }

    [Inject]
    private PageHandover Handover { get; set; } = null!;

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
        if (_details?.Slug == Slug || (Handover.TryTake(HandoverKey, out _details) && _details.Slug == Slug))
            return;
        var character = await Memory.GetCharacterAsync(Slug);
        _details = character.Value;
        _problem = character.Error?.Message;
        if (!RendererInfo.IsInteractive && _details is not null)
            HandoverKey = Handover.Keep(_details);
    }

    private async Task StartAsync()
    {
        // A double click is two events, and the second one comes while the first is being answered.
        if (_starting)
            return;
        _starting = true;
        var session = await Memory.CreateSessionAsync(new NewSession(Slug, ServiceAuthentication.AdminCaller));
        if (session.IsSuccess)
        {
            Navigation.NavigateTo($"/chat/{session.Value.Id}");
            return;
        }

        _problem = session.Error.Message;
        _starting = false;
    }
}
