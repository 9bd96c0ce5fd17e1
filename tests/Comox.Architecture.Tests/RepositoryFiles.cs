using Comox.TestKit;

namespace Comox.Architecture.Tests;

/// <summary>Every source file of the repository, build output and tool folders left out.</summary>
internal static class RepositoryFiles
{
    private static readonly string[] Skipped = ["artifacts", "bin", "obj", "node_modules"];

    public static IReadOnlyList<string> All { get; } = [.. Walk(new DirectoryInfo(Repository.Root))];

    public static IEnumerable<string> WithExtension(params string[] extensions) => All.Where(file => extensions.Contains(Path.GetExtension(file)));

    public static string Relative(string file) => Path.GetRelativePath(Repository.Root, file);

    private static IEnumerable<string> Walk(DirectoryInfo folder) =>
        folder.EnumerateFiles().Select(file => file.FullName)
            .Concat(folder.EnumerateDirectories()
                .Where(child => !Skipped.Contains(child.Name) && (!child.Name.StartsWith('.') || child.Name == ".ci"))
                .SelectMany(Walk));
}
