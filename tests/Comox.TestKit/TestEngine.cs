using System.Diagnostics;

namespace Comox.TestKit;

/// <summary>
/// The real llama-server for tests: found in <c>COMOX_TEST_ENGINES</c> (default <c>~/.cache/comox-tests/engines</c>) or on PATH, else installed into that
/// folder once for all test projects and runs, by the product's own script (which holds the lock between processes).
/// </summary>
public static class TestEngine
{
    public const string Setting = "COMOX_TEST_ENGINES";

    private static readonly Lazy<(string? Path, string Reason)> Found = new(Find);

    /// <summary>llama-server, absolute; null when this machine can have none. Then <see cref="SkipReason"/> says why.</summary>
    public static string? Path => Found.Value.Path;

    public static string SkipReason => $"No llama-server for the tests: {Found.Value.Reason}";

    /// <summary>The folder that holds the installed engines.</summary>
    public static string Folder => System.IO.Path.GetFullPath(Environment.GetEnvironmentVariable(Setting) is { Length: > 0 } configured
        ? configured
        : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "comox-tests", "engines"));

    private static (string? Path, string Reason) Find()
    {
        if (Installed() is { } installed)
            return (installed, "");
        var onPath = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(System.IO.Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => System.IO.Path.Combine(folder, "llama-server"))
            .FirstOrDefault(File.Exists);
        if (onPath is not null)
            return (onPath, "");
        if (!File.Exists("/bin/bash"))
            return (null, $"there is no bash to install one with; put llama-server on PATH or into {Folder}");

        var script = Repository.PathTo("Comox.NodeAgent", "Engines", "Provisioning", "llama-from-debian.sh");
        using var process = Process.Start(new ProcessStartInfo("/bin/bash", [script, Folder]) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        var reason = output.Split('\n').FirstOrDefault(line => line.StartsWith("@error ", StringComparison.Ordinal)) ?? $"the install script ended with code {process.ExitCode}";
        return process.ExitCode switch
        {
            0 when Installed() is { } fresh => (fresh, ""),
            3 or 4 => (null, reason), // This machine, or its mirrors, cannot.
            // The script is the product's. Were its faults a reason to skip, what it is for would go untested without anybody's noticing.
            _ => throw new InvalidOperationException($"No llama-server for the tests, and that is a fault: {reason}"),
        };
    }

    private static string? Installed() =>
        Directory.Exists(Folder)
            ? Directory.EnumerateDirectories(Folder, "llama.cpp-*")
                .Select(folder => System.IO.Path.Combine(folder, ".complete"))
                .Where(File.Exists)
                .OrderByDescending(File.GetLastWriteTimeUtc)
                .Select(marker => System.IO.Path.Combine(System.IO.Path.GetDirectoryName(marker)!, File.ReadAllText(marker).Trim()))
                .FirstOrDefault(File.Exists)
            : null;
}
