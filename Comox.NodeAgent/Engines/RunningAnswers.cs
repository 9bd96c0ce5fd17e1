namespace Comox.NodeAgent.Engines;

/// <summary>The requests that an engine works on for us, and how their answers come along: what the proxy sees pass is the first to tell that an engine writes.</summary>
internal sealed class RunningAnswers(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly List<RunningAnswer> _running = [];
    private long _lastStep = time.GetTimestamp();
    private long _lastSent = time.GetTimestamp();

    /// <summary>A request begins to be sent.</summary>
    /// <param name="requestBytes">Length of its body; null: unknown.</param>
    public RunningAnswer Begin(long? requestBytes)
    {
        var answer = new RunningAnswer(this, requestBytes ?? 0);
        lock (_lock)
            _running.Add(answer);
        return answer;
    }

    public AnswerFigures Read()
    {
        lock (_lock)
        {
            var (unread, unreadBytes, awaited) = (0, 0L, 0);
            foreach (var answer in _running)
            {
                if (answer is { IsSent: true, HasBegun: false })
                {
                    unread++;
                    unreadBytes += answer.RequestBytes;
                }
                else if (answer is { HasBegun: true, IsAwaited: true })
                {
                    awaited++;
                }
            }

            return new AnswerFigures(_running.Count, unread, unreadBytes, awaited, time.GetElapsedTime(Volatile.Read(ref _lastStep)), time.GetElapsedTime(_lastSent));
        }
    }

    internal void Step() => Volatile.Write(ref _lastStep, time.GetTimestamp());

    // From here on something is expected, and not from when the engine last had something to say; unless others wait already, whom this must not put off.
    internal void Sent(RunningAnswer sent)
    {
        lock (_lock)
        {
            _lastSent = time.GetTimestamp();
            if (_running.TrueForAll(answer => answer == sent || !answer.IsSent))
                Step();
        }
    }

    internal void End(RunningAnswer answer)
    {
        lock (_lock)
            _running.Remove(answer);
    }
}

/// <param name="Running">Requests that are in it.</param>
/// <param name="Unread">Those that it has whole, and of which nothing has come back yet: their prompts are being read, or wait for that.</param>
/// <param name="UnreadBytes">What they sent, together.</param>
/// <param name="Awaited">Those that have begun to come, and of which we wait for more now; a reader too slow to take what has come is not the engine's fault.</param>
/// <param name="SinceStep">How long ago a piece of any of them came, or the first of them was sent.</param>
/// <param name="SinceSent">How long ago the newest was sent.</param>
internal readonly record struct AnswerFigures(int Running, int Unread, long UnreadBytes, int Awaited, TimeSpan SinceStep, TimeSpan SinceSent);

/// <summary>One request in an engine. Ended by disposal.</summary>
internal sealed class RunningAnswer(RunningAnswers all, long requestBytes) : IDisposable
{
    private bool _isSent;
    private bool _hasBegun;
    private bool _isAwaited;

    public long RequestBytes => requestBytes;
    public bool IsSent => Volatile.Read(ref _isSent);
    public bool HasBegun => Volatile.Read(ref _hasBegun);
    public bool IsAwaited => Volatile.Read(ref _isAwaited);

    /// <summary>The engine has it whole. Before that it waits for the sender, which is not its fault.</summary>
    public void Sent()
    {
        if (IsSent)
            return;
        Volatile.Write(ref _isSent, true);
        all.Sent(this);
    }

    public void Awaits() => Volatile.Write(ref _isAwaited, true);

    /// <summary>Something has come; nothing: it is over.</summary>
    public void Came(ReadOnlySpan<byte> bytes)
    {
        Volatile.Write(ref _isAwaited, false);
        // ":\n\n" is llama-server's sign of life, and its writer sends it whether the model writes or not.
        if (!bytes.IsEmpty && bytes.IndexOfAnyExcept(":\r\n"u8) < 0)
            return;
        Volatile.Write(ref _hasBegun, true);
        all.Step();
    }

    public void Dispose() => all.End(this);
}
