using System.Net;
using System.Text.RegularExpressions;

namespace Comox.Gateway.Tests;

public sealed partial class MetricsEndpointTests
{
    private static readonly string[] Process =
        ["process_cpu_seconds_total", "process_open_fds", "process_resident_memory_bytes", "process_start_time_seconds", "process_virtual_memory_bytes"];

    [Fact]
    public async Task Chats_can_be_read_as_metrics()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        await (await gateway.SendAsync(Chat.Streamed[..^1] + ""","stream_options":{"include_usage":true}}""")).Content.ReadAsStringAsync();
        await (await gateway.SendAsync(Chat.Whole)).Content.ReadAsStringAsync();

        var page = await EndedAsync(gateway, 2);

        Assert.Equal(2, page.Value("comox_gateway_requests_total", ("gen_ai_request_model", "fake-model"), ("comox_outcome", "ok")));
        Assert.Equal(10, page.Value("gen_ai_client_inference_usage_output_tokens_total", ("gen_ai_request_model", "fake-model")));
        Assert.Equal(2, page.Value("gen_ai_client_inference_duration_seconds_count", ("gen_ai_operation_name", "chat")));
        Assert.Equal(1, page.Value("comox_gateway_backends", ("gen_ai_request_model", "fake-model"), ("comox_state", "ready")));
        Assert.Equal(0, page.Value("comox_gateway_active_requests", ("gen_ai_request_model", "fake-model")));
        Assert.InRange(page.Value("process_resident_memory_bytes"), 1_000_000, 100e9);
        Assert.InRange(page.Value("process_start_time_seconds"), 1.7e9, 5e9);
        Assert.True(page.Value("process_cpu_seconds_total") > 0);
    }

    [Fact]
    public async Task Metrics_want_a_key_like_the_rest()
    {
        const string Caller = "sk-a-caller-of-the-tests";
        await using var gateway = await GatewayUnderTest.StartAsync(settings: [("Keys:0:Name", "shop"), ("Keys:0:Key", Caller)]);
        using var stranger = gateway.Service.CreateClient(key: null);

        using var refused = await stranger.GetAsync("/metrics");

        Assert.Equal((401, "invalid_api_key"), ((int)refused.StatusCode, (await refused.ErrorAsync()).Code));
        using var wrong = gateway.Service.CreateClient(key: "not-a-key");
        Assert.Equal(HttpStatusCode.Unauthorized, (await wrong.GetAsync("/metrics")).StatusCode);
        using var caller = gateway.Service.CreateClient(key: Caller);
        Assert.Equal(HttpStatusCode.OK, (await caller.GetAsync("/v1/models")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await caller.GetAsync("/metrics")).StatusCode);
    }

    [Fact]
    public async Task Metrics_are_open_where_the_operator_says_so()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(settings: ("Metrics:Anonymous", "true"));
        using var stranger = gateway.Service.CreateClient(key: null);

        MetricsPage.Parse(await stranger.GetStringAsync("/metrics"));
        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync("/v1/models")).StatusCode);
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("*/*", false)]
    [InlineData("text/html, no media type at all", false)]
    [InlineData("text/plain;version=0.0.4", false)]
    [InlineData("application/openmetrics-text;version=1.0.0;q=0.3,text/plain;version=0.0.4;q=0.5", false)]
    [InlineData("application/openmetrics-text;version=0.0.1", false)]
    [InlineData("application/openmetrics-text", true)]
    [InlineData("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1", true)]
    public async Task The_format_is_the_one_that_is_asked_for(string? accept, bool openMetrics)
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        await (await gateway.SendAsync(Chat.Streamed)).Content.ReadAsStringAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        if (accept is not null)
            request.Headers.TryAddWithoutValidation("Accept", accept);

        using var response = await gateway.Http.SendAsync(request, HttpCompletionOption.ResponseContentRead);

        Assert.Equal(openMetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8" : "text/plain; version=0.0.4; charset=utf-8", $"{response.Content.Headers.ContentType}");
        MetricsPage.Parse(await response.Content.ReadAsStringAsync(), openMetrics);
    }

    [Fact]
    public async Task A_scrape_reaches_neither_an_engine_nor_memory()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        gateway.Node.RefuseWatchers = true;
        gateway.Node.DropWatchers();
        await gateway.KnowsAsync(fleet => fleet.Pools.All(pool => pool.Ready.IsEmpty));

        var page = MetricsPage.Parse(await gateway.Http.GetStringAsync("/metrics"));

        Assert.Equal(1, page.Value("comox_gateway_backends", ("comox_state", "unready")));
        Assert.Empty(gateway.Node.Requests);
        Assert.Empty(gateway.Memory.Prompts);
    }

    [Fact]
    public async Task The_document_lists_every_metric_with_its_unit_and_labels_and_no_other()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(TelemetryTests.WithUsage);
        using var measured = new Measured(gateway);
        await (await gateway.SendAsync(Chat.Streamed)).Content.ReadAsStringAsync();
        await (await gateway.SendAsync(Chat.Whole.Replace("fake-model", "nobody"))).Content.ReadAsStringAsync();
        gateway.Node.Script = new() { DropAfter = 3 };
        await (await gateway.SendAsync(Chat.Streamed)).Content.ReadAsStringAsync();
        var page = await EndedAsync(gateway, 3);

        var ours = measured.Instruments.Select(instrument => (instrument.Name, Unit: instrument.Unit ?? "")).Concat(Process.Select(name => (name, ""))).Order();
        Assert.Equal(ours, Documented().Select(row => (row.Name, row.Unit)).Order());
        foreach (var (name, prometheus, _, labels) in Documented().Where(row => !OnlyOnLinux(row.Name) || OperatingSystem.IsLinux()))
        {
            Assert.True(page.Families.TryGetValue(prometheus, out var family), $"{name} is not on the page as {prometheus}.");
            Assert.Equal(labels, family.Samples.SelectMany(sample => sample.Labels.Keys).Where(label => label != "le").Distinct().Order());
        }

        static bool OnlyOnLinux(string name) => name == "process_open_fds";
    }

    /// <summary>Until the outermost step, which runs after the client has its answer, has counted all.</summary>
    private static async Task<MetricsPage> EndedAsync(GatewayUnderTest gateway, int chats)
    {
        MetricsPage? page = null;
        await Eventually.IsTrueAsync(
            async () =>
            {
                page = MetricsPage.Parse(await gateway.Http.GetStringAsync("/metrics"));
                return page.Families.TryGetValue("comox_gateway_request_duration_seconds", out var family)
                    && family.Samples.Where(sample => sample.Name.EndsWith("_count", StringComparison.Ordinal)).Sum(sample => sample.Value) >= chats;
            },
            "the chats are counted");
        return page!;
    }

    // | `name` | `prometheus_name` | unit | `label`, `label` | meaning |
    private static IEnumerable<(string Name, string Prometheus, string Unit, string[] Labels)> Documented() =>
        from line in File.ReadLines(Repository.PathTo("docs", "metrics.md"))
        let row = Row().Match(line)
        where row.Success
        select (row.Groups[1].Value, row.Groups[2].Value, row.Groups[3].Value.Trim('`', ' ', '–'),
            row.Groups[4].Value.Split(',').Select(label => label.Trim('`', ' ', '–')).Where(label => label.Length > 0).Order().ToArray());

    [GeneratedRegex(@"^\| `([^`]+)` \| `([^`]+)` \| ([^|]*) \| ([^|]*) \| [^|]+ \|$")]
    private static partial Regex Row();
}
