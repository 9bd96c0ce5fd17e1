using Comox.Gateway.Routing;
using Comox.ServiceDefaults;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Comox.Gateway.Tests.Routing;

/// <summary>A secret with a line end (a file's, mostly) must not become a header of its own, nor a request that no server understands.</summary>
public sealed class HeaderTextTests
{
    public static TheoryData<string> Bad => ["0123456789abcdef\n", "0123456789abcdef\r\nX-Evil: 1", "0123456789\tabcdef", "0123456789abc\0def", "0123456789abcdef\u007f", "0123456789abcdéf"];

    [Theory]
    [MemberData(nameof(Bad))]
    public void The_key_of_a_backend_is_refused_by_its_name(string value)
    {
        var fault = Assert.Single(FaultsOf(("Routes:0:Model", "m"), ("Routes:0:Pools:0:Backends:0:Name", "a"), ("Routes:0:Pools:0:Backends:0:Url", "http://a/v1"), ("Routes:0:Pools:0:Backends:0:ApiKey", value)));

        Assert.StartsWith("Comox:Gateway:Routes:0:Pools:0:Backends:0:ApiKey holds a character that no header may carry", fault);
        Assert.DoesNotContain("0123", fault);
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public void The_key_of_a_caller_is_refused_by_its_name(string value) =>
        Assert.StartsWith("Comox:Gateway:Keys:0:Key holds a character", Assert.Single(FaultsOf(("Keys:0:Name", "ann"), ("Keys:0:Key", value))));

    [Theory]
    [InlineData(ServiceAuthentication.ServiceKeySetting)]
    [InlineData(ServiceAuthentication.AdminKeySetting)]
    public async Task The_keys_of_the_services_are_refused_by_their_names(string setting)
    {
        foreach (var value in Bad.Select(row => row.Data))
        {
            var problem = await Assert.ThrowsAsync<OptionsValidationException>(() => TestService.StartAsync(builder => builder.AddServiceDefaults(), _ => { }, [new(setting, value)]));

            Assert.StartsWith($"{setting} holds a character that no header may carry", Assert.Single(problem.Failures));
        }
    }

    [Fact]
    public void Whatever_is_printable_is_carried() => Assert.True(HeaderText.CanCarry(string.Concat(Enumerable.Range(' ', '~' - ' ' + 1).Select(letter => (char)letter))));

    private static IEnumerable<string> FaultsOf(params (string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create($"Comox:Gateway:{setting.Key}", (string?)setting.Value))).Build();
        return Assert.Throws<OptionsValidationException>(() => new LiveSettings(configuration, TimeProvider.System, NullLogger<LiveSettings>.Instance)).Failures;
    }
}
