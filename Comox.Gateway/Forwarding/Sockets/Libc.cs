using System.Runtime.InteropServices;

namespace Comox.Gateway.Forwarding.Sockets;

/// <summary>
/// The few system calls of the socket loop. Calls that never wait carry <c>SuppressGCTransition</c>: the switch of the collector's mode costs as much as a short
/// call itself. Constants are Linux's, the same on x86-64 and arm64.
/// </summary>
internal static unsafe partial class Libc
{
    public const int AF_INET = 2;
    public const int AF_INET6 = 10;
    public const int SOCK_STREAM = 1;
    public const int SOCK_NONBLOCK = 0x800;
    public const int SOCK_CLOEXEC = 0x80000;
    public const int SOL_SOCKET = 1;
    public const int SO_ERROR = 4;
    public const int IPPROTO_TCP = 6;
    public const int TCP_NODELAY = 1;
    public const int MSG_PEEK = 0x2;
    public const int MSG_DONTWAIT = 0x40;
    public const int MSG_NOSIGNAL = 0x4000;
    public const int SHUT_WR = 1;
    public const int SHUT_RDWR = 2;
    public const int EPOLL_CLOEXEC = 0x80000;
    public const int EPOLL_CTL_ADD = 1;
    public const int EPOLL_CTL_DEL = 2;
    public const int EPOLL_CTL_MOD = 3;
    public const uint EPOLLIN = 0x1;
    public const uint EPOLLOUT = 0x4;
    public const uint EPOLLERR = 0x8;
    public const uint EPOLLHUP = 0x10;
    public const uint EPOLLRDHUP = 0x2000;
    public const uint EPOLLONESHOT = 1u << 30;
    public const int EFD_CLOEXEC = 0x80000;
    public const int EFD_NONBLOCK = 0x800;
    public const int EINTR = 4;
    public const int EAGAIN = 11;
    public const int ECONNABORTED = 103;
    public const int EINPROGRESS = 115;
    public const int F_GETFL = 3;
    public const int F_SETFL = 4;
    public const int O_NONBLOCK = 0x800;

    /// <summary>Of the call before, on this thread.</summary>
    public static int Errno => Marshal.GetLastSystemError();

    [LibraryImport("libc"), SuppressGCTransition]
    public static partial int socket(int domain, int type, int protocol);

    [LibraryImport("libc"), SuppressGCTransition]
    public static partial int connect(int fd, byte* address, uint length);

    [LibraryImport("libc"), SuppressGCTransition]
    public static partial int accept4(int fd, byte* address, uint* length, int flags);

    [LibraryImport("libc"), SuppressGCTransition]
    public static partial int getsockname(int fd, byte* address, uint* length);

    [LibraryImport("libc"), SuppressGCTransition]
    public static partial int setsockopt(int fd, int level, int option, int* value, uint length);

    [LibraryImport("libc"), SuppressGCTransition]
    public static partial int getsockopt(int fd, int level, int option, int* value, uint* length);

    [LibraryImport("libc"), SuppressGCTransition]
    public static partial nint recv(int fd, byte* buffer, nuint length, int flags);

    [LibraryImport("libc"), SuppressGCTransition]
    public static partial nint send(int fd, byte* buffer, nuint length, int flags);

    [LibraryImport("libc"), SuppressGCTransition]
    public static partial int shutdown(int fd, int how);

    [LibraryImport("libc")]
    public static partial int close(int fd);

    [LibraryImport("libc"), SuppressGCTransition]
    public static partial int fcntl(int fd, int command, int argument);

    [LibraryImport("libc")]
    public static partial int epoll_create1(int flags);

    [LibraryImport("libc"), SuppressGCTransition]
    public static partial int epoll_ctl(int epoll, int operation, int fd, byte* @event);

    /// <summary>Waits, so the collector must be able to run meanwhile.</summary>
    [LibraryImport("libc")]
    public static partial int epoll_wait(int epoll, byte* events, int count, int milliseconds);

    [LibraryImport("libc")]
    public static partial int eventfd(uint value, int flags);

    [LibraryImport("libc"), SuppressGCTransition]
    public static partial nint read(int fd, byte* buffer, nuint length);

    [LibraryImport("libc"), SuppressGCTransition]
    public static partial nint write(int fd, byte* buffer, nuint length);
}
