using System.Xml.Linq;
using Comox.TestKit;

namespace Comox.Architecture.Tests;

/// <summary>Which project may reference which. Everything not listed is forbidden, and the reason is part of the rule.</summary>
public sealed class ArrowTests
{
    private const string Defaults = "Comox.ServiceDefaults";

    private static readonly string[] Services = ["Comox.Gateway", "Comox.Memory", "Comox.NodeAgent", "Comox.Web"];

    private static readonly Dictionary<string, (string[] MayReference, string Because)> Arrows = new()
    {
        [Defaults] = ([], "it is what every process shares; anything it pulled in, every service would carry"),
        ["Comox.Gateway"] = ([Defaults], "services call each other over HTTP only, so that one process and thirty run the same code"),
        ["Comox.Memory"] = ([Defaults], "services call each other over HTTP only, so that one process and thirty run the same code"),
        ["Comox.NodeAgent"] = ([Defaults], "an agent runs alone on a GPU box"),
        ["Comox.Web"] = ([Defaults], "the console is a client like any other; what it can do, an API can do"),
        ["Comox.AllInOne"] = ([.. Services], "it is the four services in one process and nothing else"),
        ["Comox.AppHost"] = ([.. Services], "it names the services as resources by path; its references only order the build and bring in no assembly"),
        ["Comox.TestKit"] = ([Defaults], "a kit that knew a service would be shared by tests of others"),
        ["Comox.FakeBackend"] = ([Defaults], "it stands in for an engine, so it must not share code with what is tested"),
        ["Comox.Gateway.Tests"] = (["Comox.Gateway", "Comox.TestKit", "Comox.FakeBackend"], "tests reach one service"),
        ["Comox.Memory.Tests"] = (["Comox.Memory", "Comox.TestKit"], "tests reach one service"),
        ["Comox.NodeAgent.Tests"] = (["Comox.NodeAgent", "Comox.TestKit", "Comox.FakeBackend"], "tests reach one service"),
        ["Comox.Web.Tests"] = (["Comox.Web", "Comox.TestKit"], "tests reach one service"),
        ["Comox.AllInOne.Tests"] = (["Comox.AllInOne", "Comox.TestKit", "Comox.FakeBackend"], "end-to-end tests use what a person starts, and at most point it at somebody else's server"),
        ["Comox.Architecture.Tests"] = (["Comox.TestKit"], "it reads the repository, not the code's types"),
        ["Comox.Benchmarks"] = (["Comox.Gateway", "Comox.Memory", "Comox.NodeAgent", "Comox.FakeBackend", "Comox.TestKit"], "benchmarks measure internals of the services, find the real engine as tests do, and run the gateway's routing over simulated nodes with the agent's scheduler"),
        ["Comox.BuiltInModel"] = ([], "it trains the model that the product ships, and the product never needs it"),
        ["Comox.Fuzz"] = (["Comox.Gateway", "Comox.Memory"], "fuzz targets are the parsers of what strangers send"),
    };

    [Fact]
    public void Every_project_references_only_what_its_arrow_allows()
    {
        var broken = new List<string>();
        foreach (var project in Projects())
        {
            var name = Path.GetFileNameWithoutExtension(project);
            if (!Arrows.TryGetValue(name, out var arrow))
            {
                broken.Add($"{name} has no arrow: add it to this table with the reason.");
                continue;
            }

            broken.AddRange(ReferencesOf(project).Where(reference => !arrow.MayReference.Contains(reference))
                .Select(reference => $"{name} → {reference} is not allowed: {arrow.Because}."));
        }

        Assert.Empty(broken);
    }

    /// <summary>All but what lies in <c>eng/</c>: half a gigabyte of libtorch is nothing to restore with every build.</summary>
    [Fact]
    public void The_solution_lists_every_project_of_the_product()
    {
        var solution = File.ReadAllText(Repository.PathTo("Comox.sln")).Replace('\\', '/');
        Assert.All(Projects().Where(project => !RepositoryFiles.Relative(project).StartsWith("eng", StringComparison.Ordinal)), project => Assert.Contains(Path.GetRelativePath(Repository.Root, project).Replace('\\', '/'), solution, StringComparison.Ordinal));
    }

    private static IEnumerable<string> Projects() => RepositoryFiles.All.Where(file => file.EndsWith(".csproj", StringComparison.Ordinal));

    private static IEnumerable<string> ReferencesOf(string project) =>
        XDocument.Load(project).Descendants("ProjectReference").Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/')));
}
