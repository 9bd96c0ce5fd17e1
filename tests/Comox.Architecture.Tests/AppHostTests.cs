using System.Text.RegularExpressions;
using System.Xml.Linq;
using Comox.TestKit;

namespace Comox.Architecture.Tests;

/// <summary>
/// What the compiler cannot see: AppHost.cs is left out of a build without Aspire's packages, and it names projects,
/// services and settings as strings.
/// </summary>
public sealed partial class AppHostTests
{
    private static readonly string AppHost = File.ReadAllText(Repository.PathTo("Comox.AppHost", "AppHost.cs"));
    private static readonly XElement Project = XElement.Load(Repository.PathTo("Comox.AppHost", "Comox.AppHost.csproj"));
    private static readonly XElement Versions = XElement.Load(Repository.PathTo("Directory.Packages.props"));

    [Fact]
    public void Every_project_it_starts_exists_and_is_built_with_it()
    {
        var started = ProjectResources().Select(resource => resource.Path).Order().ToArray();

        Assert.All(started, path => Assert.True(File.Exists(Repository.PathTo("Comox.AppHost", path)), $"AppHost.cs starts {path}, which is not there."));
        var built = Project.Descendants("ProjectReference").Select(reference => reference.Attribute("Include")!.Value).Order();
        Assert.Equal(started, built);
    }

    [Fact]
    public void It_references_no_project_as_a_library() =>
        Assert.All(Project.Descendants("ProjectReference"), reference => Assert.Equal("false", reference.Attribute("ReferenceOutputAssembly")?.Value));

    [Fact]
    public void Its_resources_carry_the_names_by_which_services_find_each_other()
    {
        var names = ServiceName().Matches(SourceOf("ServiceNames.cs")).Select(match => match.Groups["value"].Value).Order();

        Assert.Equal(names, ProjectResources().Select(resource => resource.Name).Order());
    }

    [Fact]
    public void It_hands_every_service_the_keys_that_services_read()
    {
        var authentication = SourceOf("ServiceAuthentication.cs");
        foreach (var setting in new[] { "ServiceKeySetting", "AdminKeySetting" })
        {
            var name = Regex.Match(authentication, $"{setting} = \"(?<value>[^\"]+)\"").Groups["value"].Value;
            Assert.Contains($"WithEnvironment(\"{name.Replace(":", "__", StringComparison.Ordinal)}\"", AppHost, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Its_console_tells_people_the_address_of_the_gateway()
    {
        Assert.Contains("public string? PublicGatewayUrl", File.ReadAllText(Repository.PathTo("Comox.Web", "WebOptions.cs")), StringComparison.Ordinal);
        Assert.Matches("WithEnvironment\\(\"Comox__Web__PublicGatewayUrl\", gateway\\.GetEndpoint\\(\"http\"\\)\\)", AppHost);
    }

    [Fact]
    public void Its_stores_carry_the_names_of_the_connection_strings() =>
        Assert.Equal(["cache", "comoxdb", "postgres", "vectors"], Store().Matches(AppHost).Select(match => match.Groups["name"].Value).Order());

    [Fact]
    public void Aspire_has_one_version_and_it_is_exact()
    {
        var pinned = Versions.Descendants("AspireVersion").Single().Value;

        Assert.Matches(@"^13\.5\.\d+$", pinned);
        Assert.Equal("$(AspireVersion)", Project.Descendants("AspireHostingSDKVersion").Single().Value);
        var central = Versions.Descendants("PackageVersion")
            .Where(version => version.Attribute("Include")!.Value.StartsWith("Aspire.", StringComparison.Ordinal))
            .ToArray();
        Assert.All(central, version => Assert.Equal("$(AspireVersion)", version.Attribute("Version")!.Value));
        var used = Project.Descendants("PackageReference").Select(reference => reference.Attribute("Include")!.Value);
        Assert.Equal(used.Order(), central.Select(version => version.Attribute("Include")!.Value).Order());
    }

    [Fact]
    public void Without_Aspire_the_stub_is_compiled_and_nothing_of_Aspire_is_asked_for()
    {
        const string With = "'$(UseAspire)' == 'true'";
        const string Without = "'$(UseAspire)' != 'true'";

        Assert.All(
            Project.Descendants().Where(item => item.Name.LocalName is "PackageReference" or "ProjectReference" or "IsAspireHost"),
            item => Assert.Equal(With, item.Parent!.Attribute("Condition")?.Value));
        Assert.Equal(["NoAspire.cs"], RemovedFromCompile(With));
        // Whatever is not the stub belongs to Aspire, so that a file added later cannot break the build without it.
        var files = Directory.GetFiles(Repository.PathTo("Comox.AppHost"), "*.cs").Select(Path.GetFileName).Except(["NoAspire.cs"]).Order();
        Assert.Equal(files, RemovedFromCompile(Without).Order());
    }

    [Fact]
    public void It_builds_on_a_feed_without_generated_project_types() =>
        Assert.DoesNotContain("Projects.", AppHost, StringComparison.Ordinal);

    [Fact]
    public void AllInOne_is_not_compiled_into_it() =>
        Assert.Contains(Project.Descendants("DefaultItemExcludes"), excludes => excludes.Value.Split(';').Contains("AllInOne/**"));

    [Fact]
    public void Aspire_run_finds_it_from_the_root() =>
        Assert.Contains("\"Comox.AppHost/Comox.AppHost.csproj\"", File.ReadAllText(Repository.PathTo("aspire.config.json")), StringComparison.Ordinal);

    private static IEnumerable<(string Name, string Path)> ProjectResources() =>
        ProjectResource().Matches(AppHost).Select(match => (match.Groups["name"].Value, match.Groups["path"].Value));

    private static IEnumerable<string> RemovedFromCompile(string condition) =>
        Project.Elements("ItemGroup")
            .Where(group => group.Attribute("Condition")?.Value == condition)
            .SelectMany(group => group.Elements("Compile"))
            .SelectMany(compile => compile.Attribute("Remove")!.Value.Split(';'));

    private static string SourceOf(string serviceDefaultsFile) => File.ReadAllText(Repository.PathTo("Comox.ServiceDefaults", serviceDefaultsFile));

    // builder.AddProject("gateway", "../Comox.Gateway/Comox.Gateway.csproj")
    [GeneratedRegex("""AddProject\("(?<name>[^"]+)", "(?<path>[^"]+)"\)""")]
    private static partial Regex ProjectResource();

    // public const string Gateway = "gateway";
    [GeneratedRegex("""const string \w+ = "(?<value>[^"]+)";""")]
    private static partial Regex ServiceName();

    // builder.AddRedis("cache")
    [GeneratedRegex("""Add(Redis|Qdrant|Postgres|Database)\("(?<name>[^"]+)"\)""")]
    private static partial Regex Store();
}
