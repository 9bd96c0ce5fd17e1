using System.Text;
using System.Text.RegularExpressions;
using Comox.Gateway.Authentication;
using Comox.Gateway.LoadBalancing;
using Comox.Gateway.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace Comox.Gateway.Tests.Routing;

/// <summary>The example of docs/operations.md, as people will paste it.</summary>
public sealed partial class DocumentedSettingsTests
{
    [Fact]
    public void The_example_is_valid_and_says_what_it_seems_to_say()
    {
        using var settings = new LiveSettings(Example(), TimeProvider.System, NullLogger<LiveSettings>.Instance);

        var (route, fleet) = (Assert.Single(settings.Current.Routes), settings.Current.Fleet);
        Assert.Equal(["fleet", "rack-2", "cloud"], route.Pools.Select(pool => pool.Name));
        Assert.Equal(["ann"], settings.Current.Keys.Names);
        Assert.Equal((TimeSpan.FromSeconds(4), TimeSpan.FromMinutes(1)), (route.HedgeAfter, route.FirstTokenTimeout));
        Assert.Equal((2, "least-latency"), (fleet.MaxAttempts, fleet.LoadBalancing.Policy));
    }

    [Fact]
    public void The_example_names_no_setting_that_does_not_exist()
    {
        var known = new[] { typeof(RouteOptions), typeof(PoolOptions), typeof(BackendOptions), typeof(LoadBalancingOptions), typeof(KeyOptions) }
            .SelectMany(type => type.GetProperties()).Select(property => property.Name).ToHashSet();

        var named = Example().GetSection(GatewayOptions.Section).AsEnumerable(makePathsRelative: true).SelectMany(entry => entry.Key.Split(':')).Where(name => !name.All(char.IsDigit)).Distinct();

        Assert.Empty(named.Except([.. known, "Routes", "FleetRoute", "Keys"]));
    }

    private static IConfigurationRoot Example()
    {
        var page = File.ReadAllText(Repository.PathTo("docs", "operations.md"));
        return new ConfigurationBuilder().AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(JsonBlock().Matches(page).Select(block => block.Groups[1].Value).Single(block => block.Contains("\"Routes\"", StringComparison.Ordinal))))).Build();
    }

    [GeneratedRegex("\n## Routes\n.*?```json\n(.*?)\n```", RegexOptions.Singleline)]
    private static partial Regex JsonBlock();
}
