using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Comox.ServiceDefaults;

/// <summary>
/// The data folder: <c>COMOX_HOME</c>, else <c>~/.comox</c>. Everything Comox writes is under it, readable by its owner only.
/// </summary>
public sealed class ComoxHome
{
    public const string Setting = "COMOX_HOME";

    private ComoxHome(string path) => Path = path;

    /// <summary>Absolute path of the data folder; it exists and can be written.</summary>
    public string Path { get; }

    public static ComoxHome Open(IConfiguration configuration)
    {
        var path = System.IO.Path.GetFullPath(configuration[Setting] is { } configured && !string.IsNullOrWhiteSpace(configured)
            ? configured
            : System.IO.Path.Combine(UserFolder(), ".comox"));
        try
        {
            CreatePrivateFolder(path);
            var probe = System.IO.Path.Combine(path, $".write-check-{Environment.ProcessId}");
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new StartupProblem(
                $"The data folder {path} cannot be written: {problem.Message}",
                $"Make it writable for this user, or name another folder in {Setting}.",
                problem);
        }

        return new ComoxHome(path);
    }

    /// <summary>A folder below the data folder, created when missing.</summary>
    public string Folder(params ReadOnlySpan<string> names)
    {
        var path = System.IO.Path.Combine([Path, .. names]);
        CreatePrivateFolder(path);
        return path;
    }

    /// <summary>A file directly below the data folder; it may not exist yet.</summary>
    public string FilePath(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>
    /// Keeps a second process from doing the same work in this folder. The operating system lets go of the lock when the process ends, however it ends.
    /// </summary>
    /// <param name="path">The lock file, below the data folder.</param>
    /// <param name="holder">Who holds it, for the message to the second one: "Another Comox".</param>
    public IDisposable Lock(string path, string holder)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception taken) when (taken is IOException or UnauthorizedAccessException)
        {
            throw new StartupProblem($"{holder} is using the data folder {Path}.", $"Stop it, or give this one a folder of its own in {Setting}.", taken);
        }
    }

    /// <summary>Writes a secret that only this user can read (0600), whole or not at all.</summary>
    public void WriteSecret(string name, string secret)
    {
        var target = FilePath(name);
        var draft = $"{target}.{Environment.ProcessId}.new";
        File.Delete(draft);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var writer = new StreamWriter(draft, options))
            writer.WriteLine(secret);
        File.Move(draft, target, overwrite: true);
    }

    // Unverified, because a home that does not exist would otherwise be "", and memory and keys would end up wherever Comox was started.
    private static string UserFolder() =>
        Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify) is { Length: > 0 } home
            ? home
            : throw new StartupProblem("This user has no home folder to keep data in.", $"Name a folder in {Setting}.");

    private static void CreatePrivateFolder(string path)
    {
        if (Directory.Exists(path))
            return;
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}

internal static class ComoxHomeRegistration
{
    public static void AddComoxHome(this IHostApplicationBuilder builder) =>
        builder.Services.TryAddSingleton(services => ComoxHome.Open(services.GetRequiredService<IConfiguration>()));
}
