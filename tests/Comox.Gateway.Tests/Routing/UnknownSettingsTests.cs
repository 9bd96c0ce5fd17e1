using Comox.Gateway.Authentication;
using Comox.Gateway.CircuitBreaking;
using Comox.Gateway.CircuitBreaking.Stalls;
using Comox.Gateway.Diagnostics;
using Comox.Gateway.Fallback;
using Comox.Gateway.Forwarding;
using Comox.Gateway.LoadBalancing;
using Comox.Gateway.Routing;
using Comox.Gateway.Tests.Admin;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Comox.Gateway.Tests.Routing;

/// <summary>A setting that does not exist is a fault, and not a setting that does nothing.</summary>
public sealed class UnknownSettingsTests
{
    private static readonly (string Section, Type Options)[] Sections =
    [
        ("", typeof(GatewayOptions)), ("Routes:*:", typeof(RouteOptions)), ("Routes:*:Pools:*:", typeof(PoolOptions)), ("Routes:*:Pools:*:Backends:*:", typeof(BackendOptions)),
        ("Routes:*:LoadBalancing:", typeof(LoadBalancingOptions)), ("FleetRoute:", typeof(RouteOptions)), ("FleetRoute:LoadBalancing:", typeof(LoadBalancingOptions)),
        ("Keys:*:", typeof(KeyOptions)), ("Load:", typeof(LoadOptions)), ("Sessions:", typeof(SessionTableOptions)), ("Prefixes:", typeof(PrefixIndexOptions)),
        ("Circuit:", typeof(CircuitOptions)), ("Outliers:", typeof(OutlierOptions)), ("Stalls:", typeof(StallOptions)), ("RetryBudget:", typeof(RetryBudgetOptions)), ("Relay:", typeof(RelayOptions)),
        ("Telemetry:", typeof(TelemetryOptions)), ("Metrics:", typeof(MetricsOptions)),
    ];

    [Fact]
    public void Every_options_record_has_its_place_among_the_known_settings() => Assert.Equal(
        typeof(GatewayOptions).Assembly.GetTypes().Where(type => type.Name.EndsWith("Options", StringComparison.Ordinal) && type.GetMethod("<Clone>$") is not null).Select(type => type.Name).Order(),
        Sections.Select(section => section.Options.Name).Distinct().Order());

    [Fact]
    public void The_known_settings_are_those_that_the_options_records_have()
    {
        var bound =
            from section in Sections
            from property in section.Options.GetProperties()
            let path = section.Section + property.Name
            // Of the fleet's route only the policies are read, and lists and sections have places of their own.
            where path is not ("FleetRoute:Model" or "FleetRoute:Pools")
            where !Sections.Any(other => other.Section == $"{path}:" || other.Section == $"{path}:*:")
            select property.PropertyType.IsArray ? $"{path}:*" : path;

        Assert.Equal(bound.Append("AdminKey").Order(StringComparer.Ordinal), KnownSettings.Paths.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("MaxReqestBytes", "1", "MaxReqestBytes is no setting; the nearest one is Comox:Gateway:MaxRequestBytes.")]
    [InlineData("Circut:Break", "1", "Circut is no setting; the nearest one is Comox:Gateway:Circuit.")]
    [InlineData("Circuit:Brake", "1", "Circuit:Brake is no setting; the nearest one is Comox:Gateway:Circuit:Break.")]
    [InlineData("Routes:0:Pools:1:Backends:2:Wieght", "1", "Routes:0:Pools:1:Backends:2:Wieght is no setting; the nearest one is Comox:Gateway:Routes:0:Pools:1:Backends:2:Weight.")]
    [InlineData("ContextTokens", "1", "ContextTokens is no setting; the nearest one is Comox:Gateway:Routes:0:Pools:0:Backends:0:ContextTokens.")]
    [InlineData("MaxRequestBytes:Value", "1", "MaxRequestBytes:Value is no setting: Comox:Gateway:MaxRequestBytes is one by itself.")]
    [InlineData("Nodes", "http://gpu-1:5340", "Nodes is no setting but holds some, such as Comox:Gateway:Nodes:0.")]
    [InlineData("Relay", "linux", "Relay is no setting but holds some, such as Comox:Gateway:Relay:Mode.")]
    public void A_setting_that_is_misspelt_or_misplaced_is_told_with_the_nearest_one(string key, string value, string fault) =>
        Assert.Equal([$"Comox:Gateway:{fault}"], UnknownSettings.FaultsOf(Of((key, value))));

    [Fact]
    public void What_the_fleets_route_cannot_have_is_told() =>
        Assert.StartsWith("Comox:Gateway:FleetRoute:Pools is no setting", Assert.Single(UnknownSettings.FaultsOf(Of(("FleetRoute:Pools:0:Name", "x"), ("FleetRoute:MaxAttempts", "2")))));

    [Theory]
    [InlineData("MAXREQUESTBYTES", "1024")]
    [InlineData("adminkey", "secret")]
    [InlineData("Nodes:3", "http://gpu-1:5340")]
    [InlineData("Routes:main:Pools:spare:Backends:0:ApiKey", "secret")]
    [InlineData("Routes", "")]
    [InlineData("Load", "")]
    public void Any_spelling_that_the_binder_takes_is_no_fault(string key, string value) => Assert.Empty(UnknownSettings.FaultsOf(Of((key, value))));

    [Fact]
    public void What_is_not_the_gateways_is_not_its_business() =>
        Assert.Empty(UnknownSettings.FaultsOf(new ConfigurationBuilder().AddInMemoryCollection([new("Comox:Memory:Anything", "1"), new("Comox:ServiceKey", "1"), new("GATEWAY_PORT", "1")]).Build()));

    [Fact]
    public void Variables_of_the_environment_are_looked_at_as_files_are()
    {
        var configuration = new ConfigurationBuilder().AddEnvironmentVariables("UNKNOWN_SETTINGS_TEST_");
        Environment.SetEnvironmentVariable("UNKNOWN_SETTINGS_TEST_Comox__Gateway__TotalTimout", "01:00:00");
        Environment.SetEnvironmentVariable("UNKNOWN_SETTINGS_TEST_COMOX__GATEWAY__TOTALTIMEOUT", "01:00:00");

        Assert.Equal(["Comox:Gateway:TotalTimout is no setting; the nearest one is Comox:Gateway:TotalTimeout."], UnknownSettings.FaultsOf(configuration.Build()), StringComparer.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task They_keep_the_gateway_from_starting()
    {
        var problem = await Assert.ThrowsAsync<OptionsValidationException>(() => GatewayUnderTest.StartAsync(ready: false, settings: [("FirstTokenTimeot", "00:00:09")]));

        Assert.Equal(["Comox:Gateway:FirstTokenTimeot is no setting; the nearest one is Comox:Gateway:FirstTokenTimeout."], problem.Failures);
    }

    [Fact]
    public async Task They_are_told_together_with_all_other_faults()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.Configuration.AddInMemoryCollection(
            [new("Comox:ServiceKey", TestService.ServiceKey), new("Comox:Gateway:FirstTokenTimeot", "00:00:09"), new("Comox:Gateway:MaxRequestBytes", "1"), new("Comox:Gateway:Load:HalfLife", "00:00:00")]);
        builder.AddGateway();
        await using var app = builder.Build();

        var problem = Assert.Throws<AggregateException>(() => app.Services.GetRequiredService<IStartupValidator>().Validate());

        Assert.Equal(
            ["Comox:Gateway:FirstTokenTimeot", "Comox:Gateway:Load:HalfLife", "Comox:Gateway:MaxRequestBytes"],
            problem.InnerExceptions.Cast<OptionsValidationException>().SelectMany(one => one.Failures).Select(fault => fault.Split(' ')[0]).Order());
    }

    [Fact]
    public async Task A_change_that_has_one_is_refused()
    {
        await using var live = await LiveGateway.StartAsync(it => LiveGateway.Routes(LiveGateway.Route("one", ("a", it.A))));

        live.Write($$"""{"Routes":[{{LiveGateway.Route("two", ("b", live.B)).Replace("\"Model\":", "\"MaxAttemps\":1,\"Model\":")}}]}""");
        var reloaded = await live.Admin.ReloadAsync();
        using var one = await live.ChatAsync("one");

        Assert.Equal((400, ErrorCodes.InvalidSettings), (reloaded.Error!.Status, reloaded.Error.Code));
        Assert.Contains("Comox:Gateway:Routes:0:MaxAttemps is no setting; the nearest one is Comox:Gateway:Routes:0:MaxAttempts.", reloaded.Error.Message);
        Assert.Equal(200, (int)one.StatusCode);
    }

    private static IConfiguration Of(params (string Key, string Value)[] settings) =>
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create($"{GatewayOptions.Section}:{setting.Key}", (string?)setting.Value))).Build();
}
