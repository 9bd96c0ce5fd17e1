using Comox.ServiceDefaults.Contracts.Gateway;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.AspNetCore.Components;

namespace Comox.Web.Fleet;

/// <summary>One engine: what it does, what it holds, and the last of what it said.</summary>
public sealed partial class EngineCard : ComponentBase
{
    private bool _open;
    private string _log = "";

    [Parameter, EditorRequired]
    public required EngineStatus Engine { get; set; }

    /// <summary>The node does not answer: what is shown is old.</summary>
    [Parameter]
    public bool Lost { get; set; }

    /// <summary>What the gateway holds of it; null: it has no route to it.</summary>
    [Parameter]
    public BackendStatus? Backend { get; set; }

    /// <summary>Where its agent is; null: not known, then its log cannot be read.</summary>
    [Parameter]
    public Uri? Agent { get; set; }

    /// <summary>Only what matters to somebody who looks for a fault; the reasons stand beside it.</summary>
    [Parameter]
    public bool Brief { get; set; }

    [Inject]
    private EngineLogs Logs { get; set; } = null!;

    private Task ToggleLogAsync()
    {
        _open = !_open;
        return _open ? ReadLogAsync() : Task.CompletedTask;
    }

    private async Task ReadLogAsync() => _log = await Logs.ReadAsync(Agent!, Engine.Id);
}
