using System.Diagnostics;
using System.Globalization;

namespace Comox.NodeAgent.Tests.Supervision;

/// <summary>A file system of a few megabytes, in memory. Skips the test where this user may not mount one.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private readonly DirectoryInfo _place;

    private SmallDisk(DirectoryInfo place) => _place = place;

    /// <summary>A folder on it.</summary>
    public string Home => Path.Combine(_place.FullName, "home");

    public static async Task<SmallDisk> MountAsync(int megabytes)
    {
        var disk = new SmallDisk(Directory.CreateTempSubdirectory("comox-disk-"));
        var isMounted = OperatingSystem.IsLinux()
            && await RunAsync("mount", "-t", "tmpfs", "-o", string.Create(CultureInfo.InvariantCulture, $"size={megabytes}m"), "tmpfs", disk._place.FullName);
        Assert.SkipUnless(isMounted, "needs to mount a file system, which takes root");
        Directory.CreateDirectory(disk.Home);
        return disk;
    }

    /// <summary>Another program takes all that is left.</summary>
    public void Fill()
    {
        using var file = new FileStream(Filler, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        foreach (var piece in new[] { 1 << 16, 1 << 12, 1 })
        {
            try
            {
                while (true)
                    file.Write(new byte[piece]);
            }
            catch (IOException)
            {
                // Full, to that grain.
            }
        }
    }

    public void Clear() => File.Delete(Filler);

    public async ValueTask DisposeAsync()
    {
        await RunAsync("umount", "--lazy", _place.FullName);
        _place.Delete(recursive: true);
    }

    private string Filler => Path.Combine(_place.FullName, "filler");

    private static async Task<bool> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        await process.WaitForExitAsync();
        return process.ExitCode == 0;
    }
}
