using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Comox.NodeAgent.ModelCache;

/// <summary>Makes a rename survive a loss of power: on Unix a name belongs to its folder, which is flushed on its own.</summary>
internal static partial class FolderFlush
{
    public static void Run(string folder)
    {
        if (OperatingSystem.IsWindows())
            return;
        using var handle = Open(folder, flags: 0);
        if (!handle.IsInvalid)
            _ = Fsync(handle); // Some file systems refuse this for folders; then there is nothing more to be had.
    }

    // FileStream refuses folders.
    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Fsync(SafeFileHandle folder);
}
