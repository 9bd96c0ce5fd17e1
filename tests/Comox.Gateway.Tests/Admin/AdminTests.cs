using System.Net;
using System.Text.RegularExpressions;
using Comox.FakeBackend;
using Comox.Gateway.Forwarding;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.Tests.Admin;

/// <summary>What the gateway tells operators, and whom it tells nothing.</summary>
public sealed partial class AdminTests
{
    private const string CallerKey = "sk-ann-0123456789abcdef";

    [Theory]
    [InlineData("GET", "/gateway/status")]
    [InlineData("GET", "/gateway/routes")]
    [InlineData("GET", "/gateway/keys")]
    [InlineData("POST", "/gateway/reload")]
    [InlineData("GET", "/gateway/openapi.json")]
    public async Task Only_the_admin_key_and_the_service_key_open_it(string method, string path)
    {
        await using var gateway = await GatewayUnderTest.StartAsync(settings: [("Keys:0:Name", "ann"), ("Keys:0:Key", CallerKey)]);

        var caller = await AskAsync(CallerKey);
        var stranger = await AskAsync(null);

        Assert.Equal((403, ErrorCodes.NotAllowed), (await caller.ErrorAsync()) is var no ? (no.Status, no.Code) : default);
        Assert.Equal((401, ErrorCodes.InvalidApiKey), (await stranger.ErrorAsync()) is var who ? (who.Status, who.Code) : default);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(TestService.AdminKey)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(TestService.ServiceKey)).StatusCode);

        async Task<HttpResponseMessage> AskAsync(string? key)
        {
            using var http = gateway.Service.CreateClient(key);
            return await http.SendAsync(new HttpRequestMessage(new HttpMethod(method), path), HttpCompletionOption.ResponseContentRead);
        }
    }

    [Fact]
    public async Task Every_counter_of_the_ledger_is_zero_when_nobody_waits()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(new() { HoldAfter = 3 });
        var idle = await CountersAsync(gateway);
        using var response = await gateway.SendAsync(Chat.Streamed);
        await gateway.Node.NextRequestAsync();

        var busy = await CountersAsync(gateway);
        gateway.Node.Release();
        await response.Content.ReadAsStringAsync();

        Assert.Equal(9, idle.Count);
        Assert.All(idle.Values, value => Assert.Equal(0, value));
        Assert.Equal((1, 1, 1), (busy["active_requests"], busy["in_flight"], busy["1.in_flight"]));
        Assert.True(busy["outstanding_output_tokens"] > 0);
        await Eventually.IsTrueAsync(async () => (await CountersAsync(gateway)).Values.All(value => value == 0), "every counter is back at zero");
    }

    [Fact]
    public async Task The_status_tells_version_settings_and_budget()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(settings: [("RetryBudget:MinPerSecond", "4"), ("RetryBudget:Window", "00:00:05")]);

        var status = (await new GatewayAdminClient(gateway.Http).GetStatusAsync()).Value!;

        Assert.Matches(@"^\d+\.\d+\.\d+", status.Version);
        Assert.False(status.Draining);
        Assert.True(status.StartedAt <= status.Settings.LoadedAt);
        Assert.Equal((1, 20), (status.Settings.Revision, status.RetryBudgetLeft));
        Assert.Empty(status.Settings.Faults);
        Assert.Equal("fake-node/chat", Assert.Single(status.Ledger.Backends).Backend);
    }

    [Theory]
    [InlineData(RelayOptions.Linux, 1, 0)]
    [InlineData(RelayOptions.Portable, 0, 1)]
    public async Task The_status_counts_replies_by_what_carries_them(string relay, int linux, int portable)
    {
        Assert.SkipWhen(relay == RelayOptions.Linux && !OperatingSystem.IsLinux(), "This relay is Linux's.");
        await using var gateway = await GatewayUnderTest.StartAsync(new() { HoldAfter = 3 }, settings: ("Relay:Mode", relay));
        var admin = new GatewayAdminClient(gateway.Http);
        using var response = await gateway.SendAsync(Chat.Streamed);
        await gateway.Node.NextRequestAsync();

        await Eventually.IsTrueAsync(async () => (await RelayedAsync()) == (linux, portable), "the reply is counted where it is carried");
        gateway.Node.Release();
        await response.Content.ReadAsStringAsync();
        await Eventually.IsTrueAsync(async () => (await RelayedAsync()) == (0, 0), "nothing is carried any more");

        async Task<(int, int)> RelayedAsync() => (await admin.GetStatusAsync()).Value!.Traffic.Relayed is var relayed ? (relayed.Linux, relayed.Portable) : default;
    }

    [Theory]
    [InlineData(RelayOptions.Linux)]
    [InlineData(RelayOptions.Portable)]
    public async Task The_status_counts_the_connections_of_clients_idle_ones_too(string relay)
    {
        Assert.SkipWhen(relay == RelayOptions.Linux && !OperatingSystem.IsLinux(), "This relay is Linux's.");
        await using var gateway = await GatewayUnderTest.StartAsync(settings: ("Relay:Mode", relay));
        var admin = new GatewayAdminClient(gateway.Http);
        var alone = await OpenAsync();
        HttpClient[] others = [.. Enumerable.Range(0, 3).Select(_ => gateway.Service.CreateClient())];
        foreach (var other in others)
            await other.GetStringAsync("/v1/models");

        Assert.Equal((1, 4), (alone, await OpenAsync()));
        foreach (var other in others)
            other.Dispose();
        await Eventually.IsTrueAsync(async () => await OpenAsync() == 1, "they have left");

        async Task<int> OpenAsync() => (await admin.GetStatusAsync()).Value!.Traffic.OpenConnections;
    }

    [Fact]
    public async Task Routes_tell_what_is_known_of_each_backend_and_no_secret()
    {
        await using var live = await LiveGateway.StartAsync(it => LiveGateway.Routes(LiveGateway.Route("one", ("a", it.A), ("b", it.B))), others: ("Circuit:ConsecutiveFailures", "1"));
        live.A.Script = new() { FailWithStatus = 500 };
        using var response = await live.ChatAsync("one");
        await response.Content.ReadAsStringAsync();

        var routes = (await live.Admin.GetRoutesAsync()).Value!.Data;
        var text = await live.Gateway.Http.GetStringAsync("/gateway/routes") + await live.Gateway.Http.GetStringAsync("/gateway/status");

        Assert.Equal(["one", "fake-model"], routes.Select(route => route.Model));
        var (failed, answered, node) = (routes[0].Pools[0].Backends[0], routes[0].Pools[1].Backends[0], routes[1].Pools[0].Backends[0]);
        Assert.Equal(("local/a", "llama.cpp", new Uri(live.A.Address, "v1/").ToString(), "open"), (failed.Id, failed.Kind, failed.Address, failed.Circuit));
        Assert.InRange(failed.OpenForSeconds!.Value, 0, 2);
        Assert.Null(failed.FirstTokenSeconds);
        Assert.Equal(("local/b", "closed", 1.0), (answered.Id, answered.Circuit, answered.Ramp));
        Assert.True(answered.FirstTokenSeconds > 0);
        Assert.Null(answered.OpenForSeconds);
        Assert.Equal(("fake-node/chat", true, 1.0), (node.Id, node.Ready, node.Weight));
        Assert.DoesNotContain("sk-secret", text);
        Assert.DoesNotContain(TestService.ServiceKey, text);
    }

    [Fact]
    public async Task A_backend_that_is_not_ready_says_why()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        var admin = new GatewayAdminClient(gateway.Http);
        gateway.Node.Status = FakeNode.With("n", FakeNode.Engine(state: "loading", reason: "Loading the model"));
        await gateway.KnowsAsync(fleet => fleet.Pools.All(pool => pool.Ready.IsEmpty));
        var loading = (await admin.GetRoutesAsync()).Value!.Data[0];
        gateway.Node.RefuseWatchers = true;
        gateway.Node.DropWatchers();
        await gateway.KnowsAsync(fleet => fleet.Pools.All(pool => pool.Backends.All(backend => !backend.NodeReachable)));
        var lost = (await admin.GetRoutesAsync()).Value!.Data[0];

        Assert.Equal((false, "Loading the model"), (loading.Ready, loading.Pools[0].Backends[0].Reason));
        Assert.Equal((false, "Its node cannot be reached."), (lost.Ready, lost.Pools[0].Backends[0].Reason));
    }

    [Theory]
    [InlineData(null, "fake-model")] // What a node serves, before the settings' servers: what these are for, and where, is not known.
    [InlineData("two", "two")]
    [InlineData("fake-model", "fake-model")]
    [InlineData("elsewhere", null)]
    public async Task One_route_is_told_to_speak_for_characters(string? configured, string? expected)
    {
        (string, string)[] others = configured is null ? [] : [("DefaultModel", configured)];
        await using var live = await LiveGateway.StartAsync(it => LiveGateway.Routes(LiveGateway.Route("one", ("a", it.A)), LiveGateway.Route("two", ("b", it.B))), others: others);

        var routes = (await live.Admin.GetRoutesAsync()).Value!.Data;

        Assert.Equal(expected, routes.SingleOrDefault(route => route.Characters)?.Model);
    }

    [Fact]
    public async Task Keys_are_told_by_their_names_alone()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(settings: [("Keys:0:Name", "ann"), ("Keys:0:Key", CallerKey), ("Keys:1:Name", "ben"), ("Keys:1:Key", "sk-ben-0123456789abcdef")]);

        Assert.Equal("""{"data":[{"name":"ann"},{"name":"ben"}]}""", await gateway.Http.GetStringAsync("/gateway/keys"));
    }

    // As eng/soak-gateway.sh looks for them: what follows "ledger" and is called like something that waits. The second of one name is the first backend's.
    private static async Task<Dictionary<string, double>> CountersAsync(GatewayUnderTest gateway)
    {
        var status = await gateway.Http.GetStringAsync("/gateway/status");
        var counters = new Dictionary<string, double>();
        foreach (Match match in Counter().Matches(status[status.LastIndexOf("\"ledger\"", StringComparison.Ordinal)..]))
        {
            var name = match.Groups[1].Value;
            counters.Add(counters.ContainsKey(name) ? $"1.{name}" : name, double.Parse(match.Groups[2].Value, System.Globalization.CultureInfo.InvariantCulture));
        }

        return counters;
    }

    [GeneratedRegex("\"([a-z_]*(?:in_?flight|outstanding|pending|queued|waiting|open|active|running|reserved)[a-z_]*)\": *(-?[0-9.]+)", RegexOptions.IgnoreCase)]
    private static partial Regex Counter();
}
