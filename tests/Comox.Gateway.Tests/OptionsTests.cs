using System.Runtime.CompilerServices;
using Comox.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace Comox.Gateway.Tests;

public sealed class OptionsTests
{
    [Fact]
    public async Task Every_fault_is_told_at_once_with_its_key()
    {
        var problem = await Assert.ThrowsAsync<OptionsValidationException>(() => GatewayUnderTest.StartAsync(ready: false, settings:
            [("Nodes:0", "gpu-1"), ("MaxRequestBytes", "1"), ("MaxEventBytes", "1"), ("MaxAnswerBytes", "-1"), ("FirstTokenTimeout", "00:00:00"), ("TokenIdleTimeout", "-00:00:01"), ("KeepAliveInterval", "2.00:00:00"), ("DrainTimeout", "00:00:00"), ("DrainDelay", "-00:00:01")]));

        Assert.Equal(
            ["Nodes:0", "MaxRequestBytes", "MaxEventBytes", "MaxAnswerBytes", "FirstTokenTimeout", "TokenIdleTimeout", "KeepAliveInterval", "DrainTimeout", "DrainDelay"],
            problem.Failures.Select(failure => failure.Split(' ')[0]["Comox:Gateway:".Length..]));
    }

    [Fact]
    public void Every_option_can_be_set_by_the_generated_binder()
    {
        // It passes over init-only properties without a word, and the tests of each option would all have to be written to notice.
        var options = typeof(GatewayOptions).Assembly.GetTypes().Where(type => type.Name.EndsWith("Options", StringComparison.Ordinal) && type.GetMethod("<Clone>$") is not null).ToList();
        Assert.Contains(typeof(GatewayOptions), options);

        Assert.Empty(
            from type in options
            from property in type.GetProperties()
            where property.SetMethod is { } set && set.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit))
            select $"{type.Name}.{property.Name} must have set instead of init.");
    }

    [Fact]
    public async Task The_gateway_is_ready_without_a_node()
    {
        using var home = new TempHome();
        await using var service = await TestService.StartAsync(builder => builder.AddGateway(), app => app.MapGateway().MapHealthEndpoints(), [new("COMOX_HOME", home.Path)]);
        using var http = service.CreateClient(key: null);

        Assert.Equal("Healthy", await http.GetStringAsync("/health"));
    }
}
