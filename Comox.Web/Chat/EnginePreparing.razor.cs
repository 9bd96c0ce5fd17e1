using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.Web.Fleet;
using Microsoft.AspNetCore.Components;

namespace Comox.Web.Chat;

/// <summary>Says why nobody can answer yet, and how far it is. Shows nothing while anybody can.</summary>
public sealed partial class EnginePreparing : ComponentBase, IDisposable
{
    private NodeView _node = null!;
    private ChatReadiness _readiness = null!;

    [Inject]
    private NodeMonitor Node { get; set; } = null!;

    [Inject]
    private FleetMonitor Fleet { get; set; } = null!;

    private string Headline => _node switch
    {
        { IsLost: true } => "The node is lost",
        { ChatEngine.State: EngineStates.Failed } => "The engine cannot start",
        { ChatEngine: { } engine } => EngineWords.Label(engine.State),
        { Status: not null } => "This node has no chat engine",
        _ => "Looking for the node",
    };

    private string Reason => _node switch
    {
        { IsLost: true } => "Its agent no longer answers. You can write as soon as it is back.",
        { ChatEngine: { } engine } => engine.Reason,
        { Status: not null } => "Give an engine the role chat in the node agent's settings.",
        _ => "The node agent has not answered yet.",
    };

    public void Dispose()
    {
        Node.Changed -= OnNodeChanged;
        _readiness.Dispose();
    }

    protected override void OnInitialized()
    {
        _node = Node.Current;
        Node.Changed += OnNodeChanged;
        _readiness = new ChatReadiness(Node, Fleet, OnNodeChanged);
    }

    private void OnNodeChanged() => _ = InvokeAsync(() =>
    {
        _node = Node.Current;
        StateHasChanged();
    });
}
