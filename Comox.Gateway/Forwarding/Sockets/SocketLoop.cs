using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Comox.Gateway.Forwarding.Sockets;

/// <summary>
/// One thread around one epoll: it reads what clients send, carries events from engines to clients, and wakes those who wait for a socket. Whoever runs on
/// it must not wait: every stream of the loop would.
/// </summary>
internal sealed unsafe class SocketLoop : IDisposable
{
    public const int BufferSize = 64 * 1024;

    private const int EventsAtOnce = 512;
    private const int Tick = 100; // milliseconds between two looks at the clocks of the relays

    // struct epoll_event { uint32_t events; uint64_t data; } is packed on x86-64 alone.
    private static readonly int EventSize = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private static readonly int DataOffset = EventSize - sizeof(ulong);

    private readonly int _epoll = Libc.epoll_create1(Libc.EPOLL_CLOEXEC);
    private readonly int _wake = Libc.eventfd(0, Libc.EFD_CLOEXEC | Libc.EFD_NONBLOCK);
    private readonly ConcurrentQueue<Action> _commands = [];
    private readonly Lock _lock = new();
    private readonly Stack<int> _free = [];
    private readonly List<StreamRelay> _relays = [];
    private readonly TimeProvider _time;
    private readonly Action<Exception> _crashed;
    private LoopSocket?[] _sockets = new LoopSocket?[256];
    private uint[] _generations = new uint[256];
    private int _used;
    private readonly Thread _thread;
    private long _lastTick;
    private int _woken;
    private volatile bool _stopped;
    private volatile bool _ended;

    /// <param name="time">Clock of the relays' timers.</param>
    /// <param name="crashed">Is told of a bug; the loop goes on with the other sockets.</param>
    public SocketLoop(TimeProvider time, Action<Exception> crashed)
    {
        (_time, _crashed) = (time, crashed);
        // The first call compiles it, and the compiler's own calls would overwrite what it is to tell.
        _ = Libc.Errno;
        if (_epoll < 0 || _wake < 0)
            throw new IOException($"epoll cannot be used: error {Libc.Errno}.");
        Control(Libc.EPOLL_CTL_ADD, _wake, Libc.EPOLLIN, ulong.MaxValue);
        Received = GC.AllocateUninitializedArray<byte>(BufferSize, pinned: true);
        Outgoing = GC.AllocateUninitializedArray<byte>(2 * BufferSize, pinned: true);
        // A thread of its own, because it belongs to the sockets and never to the pool.
        _thread = new Thread(Run) { IsBackground = true, Name = "comox-sockets" };
        _thread.Start();
    }

    /// <summary>Whether the caller is on the loop's thread.</summary>
    public bool IsCurrent => Thread.CurrentThread == _thread;

    // Both numbers are kept until nobody can use them any more: given back earlier, a late call would reach whatever has them next.
    ~SocketLoop()
    {
        _ = Libc.close(_epoll);
        _ = Libc.close(_wake);
    }

    /// <summary>All that it knows at the moment.</summary>
    public IReadOnlyList<LoopSocket> Sockets
    {
        get
        {
            lock (_lock)
                return [.. _sockets.OfType<LoopSocket>()];
        }
    }

    /// <summary>How many streams it carries.</summary>
    public int Relays
    {
        get
        {
            lock (_relays)
                return _relays.Count;
        }
    }

    /// <summary>Scratch of whoever runs on the loop; its content is over when it returns.</summary>
    public byte[] Received { get; }

    /// <inheritdoc cref="Received"/>
    public byte[] Outgoing { get; }

    /// <exception cref="IOException">The system refuses; the socket is not known then, and whoever opened it closes it.</exception>
    public void Add(LoopSocket socket, uint events)
    {
        lock (_lock)
        {
            if (!_free.TryPop(out var slot))
            {
                slot = _used++;
                if (slot == _sockets.Length)
                {
                    Array.Resize(ref _generations, 2 * slot);
                    Array.Resize(ref _sockets, 2 * slot);
                }
            }

            socket.Tag = (ulong)++_generations[slot] << 32 | (uint)slot;
            Volatile.Write(ref _sockets[slot], socket);
        }

        if (!_stopped && Control(Libc.EPOLL_CTL_ADD, socket.Descriptor, events, socket.Tag))
            return;
        var error = Libc.Errno;
        Forget(socket);
        throw new IOException(_stopped ? "The gateway stops." : $"A socket cannot be watched: error {error}.");
    }

    /// <summary>Does nothing for a socket that is not known: its descriptor may be another's by now.</summary>
    /// <returns>Whether it is watched.</returns>
    public bool Watch(LoopSocket socket, uint events)
    {
        lock (_lock)
            return _sockets[(int)(uint)socket.Tag] == socket && Control(Libc.EPOLL_CTL_MOD, socket.Descriptor, events, socket.Tag) && !_ended;
    }

    /// <summary>Forgets the socket; whoever opened it closes it then, which takes it out of the epoll. On any thread.</summary>
    /// <returns>Whether it was known until now.</returns>
    public bool Forget(LoopSocket socket)
    {
        var slot = (int)(uint)socket.Tag;
        lock (_lock)
        {
            if (_sockets[slot] != socket)
                return false;
            _sockets[slot] = null;
            _free.Push(slot);
            return true;
        }
    }

    /// <summary>Runs something on the loop's thread, soon; on the caller's, once the loop has ended.</summary>
    public void Post(Action command)
    {
        _commands.Enqueue(command);
        Wake();
        // What comes too late for the loop is still done: it closes descriptors and ends waits.
        if (_ended)
            RunCommands();
    }

    /// <summary>The loop looks at the relay's clock from time to time.</summary>
    public void Attach(StreamRelay relay)
    {
        bool first;
        lock (_relays)
        {
            relay.Position = _relays.Count;
            _relays.Add(relay);
            first = _relays.Count == 1;
        }

        if (first)
            Wake();
    }

    public void Detach(StreamRelay relay)
    {
        lock (_relays)
        {
            var last = _relays[^1];
            _relays[relay.Position] = last;
            last.Position = relay.Position;
            _relays.RemoveAt(_relays.Count - 1);
        }
    }

    public void Dispose()
    {
        _stopped = true;
        Wake();
    }

    private void Wake()
    {
        // The loop itself comes to its commands before it waits again.
        if (IsCurrent)
            return;
        if (Interlocked.Exchange(ref _woken, 1) != 0)
            return;
        ulong one = 1;
        _ = Libc.write(_wake, (byte*)&one, sizeof(ulong));
    }

    private void Run()
    {
        var events = (byte*)NativeMemory.Alloc(EventsAtOnce, (nuint)EventSize);
        while (!_stopped)
        {
            bool idle;
            lock (_relays)
                idle = _relays.Count == 0;
            var count = Libc.epoll_wait(_epoll, events, EventsAtOnce, idle ? -1 : Tick);
            for (var i = 0; i < count; i++)
            {
                var at = events + i * EventSize;
                var tag = *(ulong*)(at + DataOffset);
                if (tag == ulong.MaxValue)
                    ClearWake();
                else if (Find(tag) is { } socket)
                    Guard(socket, *(uint*)at);
            }

            RunCommands();
            LookAtClocks();
        }

        NativeMemory.Free(events);
        _ended = true;
        // Whoever comes from here on sees it; whoever came before is told below.
        Interlocked.MemoryBarrier();
        RunCommands();
        // Told and not closed: only who opened a socket knows when nobody uses its number any more.
        foreach (var socket in Sockets)
            Guard(socket, events: null);
    }

    private void RunCommands()
    {
        while (_commands.TryDequeue(out var command))
            Guard(command);
    }

    private LoopSocket? Find(ulong tag)
    {
        var sockets = _sockets;
        var slot = (int)(uint)tag;
        return slot < sockets.Length && Volatile.Read(ref sockets[slot]) is { } socket && socket.Tag == tag ? socket : null;
    }

    private void ClearWake()
    {
        ulong value;
        _ = Libc.read(_wake, (byte*)&value, sizeof(ulong));
        // A full fence: with less, the look into the queue behind it could come before it, miss a command, and leave the one who posted it in the belief that
        // the loop is awake.
        Interlocked.Exchange(ref _woken, 0);
    }

    private void LookAtClocks()
    {
        var now = _time.GetTimestamp();
        if (_time.GetElapsedTime(_lastTick, now).TotalMilliseconds < Tick)
            return;
        _lastTick = now;
        // Backwards, because a relay that ends takes itself out and the last one moves to its place.
        for (var i = int.MaxValue; i >= 0; i--)
        {
            StreamRelay relay;
            lock (_relays)
            {
                i = Math.Min(i, _relays.Count - 1);
                if (i < 0)
                    return;
                relay = _relays[i];
            }

            Guard(relay, now);
        }
    }

    private void Guard(LoopSocket socket, uint? events)
    {
        try
        {
            if (events is { } ready)
                socket.OnReady(ready);
            else
                socket.OnLost();
        }
        catch (Exception bug)
        {
            _crashed(bug);
            // Not watched any more: what was ready is so still, and the same bug would come again and again.
            Watch(socket, Libc.EPOLLONESHOT);
            if (events is not null)
                Guard(socket, events: null);
        }
    }

    private void Guard(StreamRelay relay, long now)
    {
        try
        {
            relay.LookAtClock(now);
        }
        catch (Exception bug)
        {
            _crashed(bug);
        }
    }

    private void Guard(Action command)
    {
        try
        {
            command();
        }
        catch (Exception bug)
        {
            _crashed(bug);
        }
    }

    private bool Control(int operation, int descriptor, uint events, ulong tag)
    {
        var e = stackalloc byte[16];
        *(uint*)e = events;
        *(ulong*)(e + DataOffset) = tag;
        return Libc.epoll_ctl(_epoll, operation, descriptor, e) == 0;
    }
}
