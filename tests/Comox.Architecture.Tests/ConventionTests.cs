using System.Reflection;
using System.Text.RegularExpressions;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Comox.TestKit;

namespace Comox.Architecture.Tests;

public sealed partial class ConventionTests
{
    private const int LongestFile = 500;

    private static readonly string[] Allowed =
        ["Comox.ServiceDefaults", "Comox.Gateway", "Comox.Memory", "Comox.NodeAgent", "Comox.Web", "Comox.AppHost", "tests", "docs", "deploy", "eng"];

    [Fact]
    public void The_root_has_the_folders_of_the_plan_and_no_others() =>
        Assert.Empty(Directory.EnumerateDirectories(Repository.Root).Select(Path.GetFileName)
            .Where(name => !name!.StartsWith('.') && name is not ("artifacts" or "bin" or "obj" or "TestResults")).Except(Allowed));

    [Fact]
    public void No_source_file_is_longer_than_500_lines() =>
        Assert.All(
            RepositoryFiles.WithExtension(".cs", ".razor", ".css", ".js").Where(file => !file.Contains("Migrations", StringComparison.Ordinal)),
            file => Assert.True(File.ReadLines(file).Count() <= LongestFile, $"{RepositoryFiles.Relative(file)} is too long."));

    [Fact]
    public void A_folder_is_a_capability_and_not_a_bucket() =>
        Assert.All(RepositoryFiles.WithExtension(".cs", ".razor").Select(RepositoryFiles.Relative), file => Assert.DoesNotMatch(Bucket(), file));

    [Fact]
    public void Every_error_code_has_a_heading_in_the_error_guide_and_no_heading_is_left_over()
    {
        var codes = typeof(ErrorCodes).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetRawConstantValue()!).Order().ToArray();
        var headings = File.ReadLines(Repository.PathTo("docs", "errors.md")).Where(line => line.StartsWith("### ", StringComparison.Ordinal))
            .Select(line => line[4..].Trim('`', ' ')).Order().ToArray();
        Assert.Equal(codes, headings);
    }

    [Fact]
    public void Every_error_code_is_used()
    {
        var sources = string.Join('\n', RepositoryFiles.WithExtension(".cs").Where(file => !file.Contains("Tests", StringComparison.Ordinal)).Select(File.ReadAllText));
        Assert.All(typeof(ErrorCodes).GetFields(BindingFlags.Public | BindingFlags.Static), field => Assert.Contains($"ErrorCodes.{field.Name}", sources, StringComparison.Ordinal));
    }

    [Fact]
    public void Relative_links_in_the_documents_lead_somewhere()
    {
        var broken = from file in RepositoryFiles.WithExtension(".md")
                     from Match link in Link().Matches(File.ReadAllText(file))
                     let target = link.Groups[1].Value.Split('#')[0]
                     where target.Length > 0 && !target.Contains("://", StringComparison.Ordinal)
                     where !Path.Exists(Path.Combine(Path.GetDirectoryName(file)!, target))
                     select $"{RepositoryFiles.Relative(file)} → {target}";
        Assert.Empty(broken);
    }

    [Fact]
    public void Every_banned_symbol_says_why() =>
        Assert.All(File.ReadLines(Repository.PathTo("BannedSymbols.txt")), line => Assert.Matches(@"^[PMT]:[^;]+;.{20,}$", line));

    [GeneratedRegex(@"(^|[/\\])(Helpers?|Utils?|Utilities|Common|Misc|Services|Interfaces|Implementations)([/\\]|\.cs$)|[/\\]Extensions\.cs$")]
    private static partial Regex Bucket();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();
}
