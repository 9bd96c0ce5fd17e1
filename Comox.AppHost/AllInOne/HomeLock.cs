using System.Globalization;
using Comox.ServiceDefaults;

namespace Comox.AllInOne;

/// <summary>
/// Keeps a second process off the same data folder: two would run two engines and deliver the same replies twice.
/// The operating system lets go of the lock when the process ends, however it ends.
/// </summary>
internal sealed class HomeLock : IDisposable
{
    private readonly FileStream _file;

    private HomeLock(FileStream file) => _file = file;

    public static HomeLock Take(ComoxHome home)
    {
        var path = home.FilePath("comox.lock");
        try
        {
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            file.SetLength(0);
            file.Write(System.Text.Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
            file.Flush();
            return new HomeLock(file);
        }
        catch (Exception taken) when (taken is IOException or UnauthorizedAccessException)
        {
            throw new StartupProblem(
                $"Another Comox is using the data folder {home.Path}.",
                $"Stop it, or give this one a folder of its own in {ComoxHome.Setting}.",
                taken);
        }
    }

    public void Dispose() => _file.Dispose();
}
