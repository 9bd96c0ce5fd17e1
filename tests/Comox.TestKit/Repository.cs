namespace Comox.TestKit;

/// <summary>Files of this repository, for tests that read them.</summary>
public static class Repository
{
    /// <summary>The folder of Comox.sln, absolute.</summary>
    public static string Root { get; } = FindRoot();

    public static string PathTo(params ReadOnlySpan<string> names) => Path.Combine([Root, .. names]);

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Comox.sln")))
                return folder.FullName;
        }

        throw new InvalidOperationException($"No Comox.sln above {AppContext.BaseDirectory}: run the tests from their build output inside the repository.");
    }
}
