using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Comox.NodeAgent.Swapping;

/// <summary>What the system holds of a file in memory: <c>mincore(2)</c>, which reads nothing.</summary>
internal static class PageCache
{
    private const int ProtRead = 1;
    private const int MapShared = 1;

    // A large file is mapped piece by piece: the answer has a byte for each page.
    private const long Stretch = 64L << 20;

    /// <returns>Bytes; 0 for a file that is not there.</returns>
    public static long LengthOf(string path)
    {
        try
        {
            using var file = File.OpenHandle(path); // Through a link, as the files of a cache are.
            return RandomAccess.GetLength(file);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    /// <returns>0 … 1; null where nothing tells.</returns>
    public static double? ResidentShare(string path)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        try
        {
            using var file = File.OpenHandle(path);
            var length = RandomAccess.GetLength(file);
            return length <= 0 ? null : Share(file, length);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or DllNotFoundException or EntryPointNotFoundException)
        {
            return null;
        }
    }

    private static double? Share(SafeFileHandle file, long length)
    {
        var page = Environment.SystemPageSize;
        var pages = new byte[(int)(Math.Min(Stretch, length + page - 1) / page) + 1];
        var (held, seen) = (0L, 0L);
        for (var at = 0L; at < length; at += Stretch)
        {
            var size = (nuint)Math.Min(Stretch, length - at);
            var address = MMap(0, size, ProtRead, MapShared, (int)file.DangerousGetHandle(), at);
            if (address == -1)
                return null;
            try
            {
                if (MinCore(address, size, pages) != 0)
                    return null;
            }
            finally
            {
                _ = MUnmap(address, size);
            }

            var count = (int)(((long)size + page - 1) / page);
            seen += count;
            for (var number = 0; number < count; number++)
                held += pages[number] & 1;
        }

        return (double)held / seen;
    }

    [DllImport("libc", EntryPoint = "mmap")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint MMap(nint address, nuint length, int protection, int flags, int file, long offset);

    [DllImport("libc", EntryPoint = "munmap")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MUnmap(nint address, nuint length);

    [DllImport("libc", EntryPoint = "mincore")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MinCore(nint address, nuint length, [Out] byte[] pages);
}
