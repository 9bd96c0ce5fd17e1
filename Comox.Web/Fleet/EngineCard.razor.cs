using Comox.ServiceDefaults.Clients;
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

    [Inject]
    private NodeAgentClient Node { get; set; } = null!;

    private Task ToggleLogAsync()
    {
        _open = !_open;
        return _open ? ReadLogAsync() : Task.CompletedTask;
    }

    private async Task ReadLogAsync()
    {
        var log = await Node.GetLogAsync(Engine.Id);
        _log = log switch
        {
            { IsSuccess: false } => log.Error!.Message,
            { Value.Lines.Count: 0 } => "The engine has said nothing yet.",
            _ => string.Join('\n', log.Value.Lines),
        };
    }
}
