namespace Comox.NodeAgent.Engines;

/// <summary>The requests that one engine works on: who counts them can let the last one leave before it ends the engine.</summary>
internal sealed class EngineTraffic
{
    private readonly Lock _lock = new();
    private TaskCompletionSource? _empty;
    private bool _isOpen;
    private int _inFlight;

    /// <summary>Raised when a request has left.</summary>
    public event Action? Left;

    public int InFlight
    {
        get
        {
            lock (_lock)
                return _inFlight;
        }
    }

    /// <summary>Lets requests in: the engine answers.</summary>
    public void Open()
    {
        lock (_lock)
            _isOpen = true;
    }

    /// <summary>Lets nobody in any more; who is in stays.</summary>
    public void Close()
    {
        lock (_lock)
            _isOpen = false;
    }

    /// <returns>False where it is closed. Who gets in must leave.</returns>
    public bool TryEnter()
    {
        lock (_lock)
        {
            if (!_isOpen)
                return false;
            _inFlight++;
            return true;
        }
    }

    public void Leave()
    {
        lock (_lock)
        {
            if (--_inFlight == 0)
                _empty?.TrySetResult();
        }

        Left?.Invoke();
    }

    /// <summary>Ends when nobody is in.</summary>
    public Task EmptyAsync()
    {
        lock (_lock)
        {
            if (_inFlight == 0)
                return Task.CompletedTask;
            _empty = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _empty.Task;
        }
    }
}
