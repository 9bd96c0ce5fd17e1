namespace Comox.Web.Controls;

/// <summary>
/// Turns any number of "something changed" into at most one render per interval: tokens can arrive a thousand times a second, eyes see thirty.
/// The last change is never lost: when it falls into the pause, the render comes at the pause's end.
/// </summary>
internal sealed class RenderThrottle : IDisposable
{
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(33);

    private readonly Action _render;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private bool _pausing;
    private bool _dirty;

    public RenderThrottle(TimeProvider time, Action render)
    {
        _render = render;
        _timer = time.CreateTimer(_ => PauseEnded(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Request()
    {
        lock (_gate)
        {
            _dirty = true;
            if (_pausing)
                return;
            BeginPause();
        }

        _render();
    }

    public void Dispose() => _timer.Dispose();

    private void PauseEnded()
    {
        lock (_gate)
        {
            _pausing = false;
            if (!_dirty)
                return;
            BeginPause();
        }

        _render();
    }

    private void BeginPause()
    {
        _dirty = false;
        _pausing = true;
        _timer.Change(Interval, Timeout.InfiniteTimeSpan);
    }
}
