using Comox.Web.Fleet;

namespace Comox.Web.Chat;

/// <summary>
/// Whether a message to a character would be answered: by the node that the console follows, or by whatever else the gateway has for characters (another node, a route
/// of its settings). That node is heard of sooner, and while it can chat the gateway is not asked; while it cannot, it is, as by the fleet page.
/// </summary>
internal sealed class ChatReadiness : IDisposable
{
    private readonly NodeMonitor _node;
    private readonly FleetMonitor _fleet;
    private readonly Action _changed;
    private readonly Lock _gate = new();
    private IDisposable? _asking;
    private bool _canChat, _isOver;

    /// <param name="node">The node that the console follows.</param>
    /// <param name="fleet">What the gateway says.</param>
    /// <param name="changed">Called on any thread after <see cref="CanChat"/> changed.</param>
    public ChatReadiness(NodeMonitor node, FleetMonitor fleet, Action changed)
    {
        (_node, _fleet, _changed) = (node, fleet, changed);
        _node.Changed += Look;
        TryChange();
    }

    public bool CanChat => Volatile.Read(ref _canChat);

    public void Dispose()
    {
        _node.Changed -= Look;
        lock (_gate)
        {
            _isOver = true;
            _asking?.Dispose();
        }
    }

    private void Look()
    {
        if (TryChange())
            _changed();
    }

    private bool TryChange()
    {
        lock (_gate)
        {
            if (_isOver)
                return false;
            var before = _canChat;
            if (_node.Current.CanChat)
            {
                _asking?.Dispose();
                _asking = null;
                _canChat = true;
            }
            else
            {
                _asking ??= _fleet.Watch(Look);
                // Until the gateway has said, what was holds: closed for that moment, the field would lose the focus of whoever is writing.
                _canChat = _fleet.Current.AnswersCharacters ?? _canChat;
            }

            return _canChat != before;
        }
    }
}
