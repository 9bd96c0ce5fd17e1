namespace Comox.NodeAgent.Supervision;

/// <summary>A wish that is there or not, and that can be waited for either way.</summary>
internal sealed class Latch
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = New();
    private bool _isSet;

    public bool IsSet
    {
        get
        {
            lock (_lock)
                return _isSet;
        }
    }

    public void Set(bool value)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            if (_isSet == value)
                return;
            (_isSet, changed, _changed) = (value, _changed, New());
        }

        changed.SetResult();
    }

    public async Task WaitAsync(bool value, CancellationToken cancellation)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (_isSet == value)
                    return;
                changed = _changed.Task;
            }

            await changed.WaitAsync(cancellation);
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
