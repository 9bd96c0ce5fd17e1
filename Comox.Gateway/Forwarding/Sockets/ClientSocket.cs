using System.IO.Pipelines;

namespace Comox.Gateway.Forwarding.Sockets;

/// <summary>The reading half of a client's connection: what arrives goes into Kestrel's pipe; the end of it is how a client's leaving is heard.</summary>
internal sealed class ClientSocket(SocketLoop loop, int descriptor, PipeWriter input) : LoopSocket(loop, descriptor)
{
    private const uint Reading = Libc.EPOLLIN | Libc.EPOLLRDHUP;
    private const uint Ended = Libc.EPOLLERR | Libc.EPOLLHUP;

    private readonly CancellationTokenSource _closed = new();
    private uint _watched = Reading;
    private bool _ended;
    private bool _gone;

    public CancellationToken Closed => _closed.Token;

    public ClientOutput Output { get; set; } = null!;

    public void Start() => Loop.Add(this, Reading);

    public override void OnReady(uint events)
    {
        if ((events & Libc.EPOLLOUT) != 0)
            Output.OnWritable();
        if ((events & (Reading | Ended)) == 0)
            return;
        if ((_watched & Libc.EPOLLIN) != 0)
        {
            Read();
        }
        else if ((events & Ended) != 0)
        {
            // Both directions are over, also while nobody reads because Kestrel has enough for the time being.
            Output.Break();
            EndReading();
        }
    }

    public override void OnLost()
    {
        EndReading();
        Output.Break();
        Shut();
    }

    /// <summary>While the caller holds the output's lock: watch for room to write too, or stop watching for it.</summary>
    public void WatchWriting(bool wanted)
    {
        _watched = wanted ? _watched | Libc.EPOLLOUT : _watched & ~Libc.EPOLLOUT;
        Watch();
    }

    /// <summary>Ends the connection in both directions; the loop hears of it and tells the rest. On any thread, any number of times.</summary>
    public void Shut()
    {
        // Kestrel may call this when all is over, and the descriptor is another connection's by then.
        lock (Output.Lock)
        {
            if (!_gone)
                _ = Libc.shutdown(Descriptor, Libc.SHUT_RDWR);
        }
    }

    /// <summary>On the loop's thread, once Kestrel has let go of the connection.</summary>
    public void End()
    {
        EndReading();
        Output.Break();
        lock (Output.Lock)
        {
            if (_gone)
                return;
            _gone = true;
            Loop.Forget(this);
            _ = Libc.close(Descriptor);
        }
    }

    private unsafe void Read()
    {
        var memory = input.GetMemory();
        nint received;
        fixed (byte* at = memory.Span)
            received = Libc.recv(Descriptor, at, (nuint)memory.Length, Libc.MSG_DONTWAIT);
        if (received <= 0)
        {
            if (received < 0 && Libc.Errno is Libc.EAGAIN or Libc.EINTR)
                return;
            // A client may close its own half and still wait for the answer; after an error it cannot.
            if (received < 0)
                Output.Break();
            EndReading();
            return;
        }

        input.Advance((int)received);
        var flushed = input.FlushAsync();
        if (flushed.IsCompletedSuccessfully)
        {
            if (flushed.Result.IsCompleted)
                EndReading();
            return;
        }

        // Kestrel has enough for the time being.
        SetReading(false);
        _ = ResumeAsync(flushed);
    }

    private async Task ResumeAsync(ValueTask<FlushResult> flushed)
    {
        var ended = (await flushed).IsCompleted;
        Loop.Post(() =>
        {
            if (ended)
                EndReading();
            else if (!_ended)
                SetReading(true);
        });
    }

    private void SetReading(bool wanted)
    {
        lock (Output.Lock)
        {
            _watched = wanted ? _watched | Reading : _watched & ~Reading;
            Watch();
        }
    }

    // With nothing to watch for, the end of a connection is reported all the same: once, or the loop would spin on it.
    private void Watch() => Loop.Watch(this, _watched == 0 ? Libc.EPOLLONESHOT : _watched);

    private void EndReading()
    {
        if (_ended)
            return;
        _ended = true;
        // A socket at its end is always ready to be read: not watched for that any more, or the loop would spin on it.
        SetReading(false);
        input.Complete();
        // Whoever waits for this runs code of the application's, which has no business on the loop.
        ThreadPool.UnsafeQueueUserWorkItem(static closed => closed.Cancel(), _closed, preferLocal: false);
    }
}
