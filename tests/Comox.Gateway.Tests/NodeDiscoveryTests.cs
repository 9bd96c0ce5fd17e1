using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Comox.FakeBackend;
using Comox.Gateway.Backends;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Comox.Gateway.Tests;

/// <summary>The ways in which a gateway comes to know a node.</summary>
public sealed class NodeDiscoveryTests
{
    [Fact]
    public async Task An_agent_that_registers_is_followed_and_its_models_are_answered()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        await using var other = await OtherAsync();

        var lease = await RegisterAsync(gateway, new { address = other.Address.GetLeftPart(UriPartial.Authority) });
        await gateway.KnowsAsync(fleet => fleet.Find("other-model") is { Ready.Length: 1 });
        using var answer = await gateway.SendAsync(Chat.Streamed.Replace("fake-model", "other-model"));
        var nodes = (await (await gateway.Http.GetAsync("/gateway/nodes")).JsonAsync()).GetProperty("data").EnumerateArray().ToList();

        Assert.Equal(30, (await lease.JsonAsync()).GetProperty("lease_seconds").GetDouble());
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(["discovery heard fake-node", "registered heard other-node"], nodes.Select(Told));
        Assert.True(nodes[1].GetProperty("silent_seconds").GetDouble() < 5);
    }

    [Fact]
    public void One_that_is_not_heard_is_forgotten_when_its_lease_is_over_and_one_that_is_heard_is_not()
    {
        var time = new FakeTimeProvider();
        var registrations = new NodeRegistrations(time);
        var (silent, heard) = (new Uri("http://10.0.0.1:5340"), new Uri("http://10.0.0.2:5340"));
        var changed = registrations.ChangedAsync();
        Assert.True(registrations.Register(silent) && registrations.Register(heard));
        Assert.True(changed.IsCompleted);

        time.Advance(TimeSpan.FromSeconds(20));
        registrations.Heard(heard);
        registrations.Heard(new Uri("http://10.0.0.3:5340"));
        time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal([heard], registrations.Current);
        Assert.False(registrations.ChangedAsync().IsCompleted);
    }

    [Theory]
    [InlineData("""{"address":"ftp://10.0.0.1"}""")]
    [InlineData("""{"address":"http://user:secret@10.0.0.1:5340"}""")]
    [InlineData("""{"address":"http://10.0.0.1:5340/path"}""")]
    [InlineData("""{"address":"gpu-7"}""")]
    [InlineData("{}")]
    [InlineData("nothing")]
    public async Task What_is_no_address_of_an_agent_is_refused(string body)
    {
        await using var gateway = await GatewayUnderTest.StartAsync();

        using var answer = await gateway.Http.PostAsync("/gateway/nodes", new StringContent(body, Encoding.UTF8, "application/json"));

        var error = await answer.ErrorAsync();
        Assert.Equal((400, ErrorCodes.InvalidRequest), (error.Status, error.Code));
        Assert.Contains("http://host:port", error.Message);
        Assert.DoesNotContain("secret", error.Message);
    }

    [Fact]
    public async Task Every_address_of_the_service_that_discovery_knows_is_a_node()
    {
        await using var other = await OtherAsync();
        await using var gateway = await GatewayUnderTest.StartAsync(change: builder => builder.Configuration["services:nodeagent:http:1"] = other.Address.ToString());

        await gateway.KnowsAsync(fleet => fleet.Find("other-model") is { Ready.Length: 1 } && fleet.Find("fake-model") is { Ready.Length: 1 });
    }

    [Fact]
    public async Task Every_record_of_a_name_is_a_node_and_a_name_without_one_is_told()
    {
        await using var other = await OtherAsync();
        await using var gateway = await GatewayUnderTest.StartAsync(
            ready: false, settings: [("Nodes:0", $"dns+http://localhost:{other.Address.Port}"), ("Nodes:1", "dns+http://nobody.invalid:5340")]);
        await gateway.KnowsAsync(fleet => fleet.Find("other-model") is { Ready.Length: > 0 } && fleet.Nodes.Any(node => node.Address is null));

        var nodes = (await (await gateway.Http.GetAsync("/gateway/nodes")).JsonAsync()).GetProperty("data").EnumerateArray().ToList();

        Assert.Equal("dns heard other-node", Told(Assert.Single(nodes, node => node.TryGetProperty("address", out _))));
        Assert.Contains("nobody.invalid", nodes[^1].GetProperty("reason").GetString());
        Assert.False(nodes[^1].TryGetProperty("address", out _));
    }

    [Theory]
    [InlineData("10.0.0.1 fd00::1 10.0.0.2 fd00::2", "10.0.0.1 10.0.0.2")]
    [InlineData("fd00::1 fd00::2", "fd00::1 fd00::2")]
    [InlineData("10.0.0.1", "10.0.0.1")]
    public void A_name_with_addresses_of_both_families_is_one_node_for_each_machine(string all, string nodes) =>
        Assert.Equal(nodes, string.Join(' ', NodeConnector.OfOneFamily([.. all.Split(' ').Select(address => IPAddress.Parse(address))])));

    [Fact]
    public async Task Two_ways_to_one_address_are_one_node()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        await RegisterAsync(gateway, new { address = gateway.Node.Address.GetLeftPart(UriPartial.Authority) });

        var directory = gateway.Service.Services.GetRequiredService<NodeDirectory>();
        Assert.Single(await directory.FindAsync(CancellationToken.None));
    }

    private static async Task<FakeBackendServer> OtherAsync()
    {
        var other = await FakeBackendServer.StartAsync(TestService.ServiceKey);
        other.Status = FakeNode.Ready("other-node", "other-model");
        return other;
    }

    private static async Task<HttpResponseMessage> RegisterAsync(GatewayUnderTest gateway, object body)
    {
        var answer = await gateway.Http.PostAsJsonAsync("/gateway/nodes", body);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return answer;
    }

    private static string Told(JsonElement node) =>
        $"{node.GetProperty("source").GetString()} {node.GetProperty("state").GetString()} {(node.TryGetProperty("status", out var status) ? status.GetProperty("node").GetString() : "")}";
}
