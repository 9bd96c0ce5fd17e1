using System.Globalization;

namespace Comox.NodeAgent.Tests.Health.Engines;

/// <summary>The kernel's freezer: what is in it gets no processor, and shows no sign of that. Skips the test where the machine has none for us.</summary>
internal sealed class Freezer : IDisposable
{
    private readonly string _folder;

    private Freezer(string folder) => _folder = folder;

    public static Freezer Make()
    {
        var folder = $"/sys/fs/cgroup/freezer/comox-tests-{Path.GetRandomFileName()}";
        try
        {
            Directory.CreateDirectory(folder);
            if (File.Exists(Path.Combine(folder, "freezer.state")))
                return new Freezer(folder);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            // Told below.
        }

        Assert.Skip("needs a cgroup freezer that this user may use");
        throw new InvalidOperationException();
    }

    public void Take(int process) => File.WriteAllText(Path.Combine(_folder, "cgroup.procs"), process.ToString(CultureInfo.InvariantCulture));

    public void Freeze() => Set("FROZEN");

    public void Thaw() => Set("THAWED");

    public void Dispose()
    {
        Thaw();
        // Whoever is still in it goes back to where all are.
        foreach (var process in File.ReadAllLines(Path.Combine(_folder, "cgroup.procs")))
            File.WriteAllText("/sys/fs/cgroup/freezer/cgroup.procs", process);
        Directory.Delete(_folder);
    }

    private void Set(string state) => File.WriteAllText(Path.Combine(_folder, "freezer.state"), state);
}
