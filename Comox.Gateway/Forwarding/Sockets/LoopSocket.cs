namespace Comox.Gateway.Forwarding.Sockets;

/// <summary>A non-blocking socket that one <see cref="SocketLoop"/> watches.</summary>
internal abstract class LoopSocket(SocketLoop loop, int descriptor)
{
    public SocketLoop Loop { get; } = loop;
    public int Descriptor { get; } = descriptor;

    /// <summary>Where the loop keeps it, and which of the sockets that were kept there it is: an event that comes late for one must not reach the next.</summary>
    public ulong Tag { get; set; }

    /// <summary>On the loop's thread: something is to be read, can be written, or has ended. Must not wait and must not throw.</summary>
    public abstract void OnReady(uint events);

    /// <summary>On the loop's thread: the loop watches it no more, because it ends itself or because of a bug. Whoever waits must hear of it.</summary>
    public abstract void OnLost();
}
