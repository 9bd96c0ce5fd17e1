using Comox.FakeBackend;
using Comox.Gateway.Backends;
using Comox.Gateway.LoadBalancing;
using Comox.Gateway.Tests.Admin;
using Comox.Gateway.Tests.Pains;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Gateway;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Comox.Gateway.Tests.LoadBalancing;

/// <summary>Engines are asked how they are: with their own keys, seldom, each by itself, and what they do not say stays unknown.</summary>
public sealed class TelemetryScraperTests
{
    private static readonly (string, string) EverySecond = ("Load:ScrapeInterval", "00:00:01");

    // The clock is moved whether or not the machine is quick enough to answer meanwhile.
    private static readonly (string, string) Patience = ("Load:ScrapeTimeout", "00:01:00");
    private static readonly FakeMetrics Busy = new() { Engine = FakeMetrics.Vllm, Running = 3, Waiting = 2, KvCacheUsage = 0.25, PrefixQueries = 200, PrefixHits = 150 };

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task What_vLLM_says_is_told_to_its_ledger_and_to_operators_until_it_is_too_old()
    {
        await using var routed = await StartAsync(new At("a") { Script = new() });
        routed.Servers[0].Metrics = Busy;

        var said = await HeardAsync(routed, entry => entry.Running is not null);
        routed.Servers[0].Metrics = Busy with { FailWithStatus = 500 };
        var later = await HeardAsync(routed, entry => !entry.Used && entry.Fault is not null);

        Assert.Equal(("m", "a/a", true, 3, 2, 0.25, 0.75), (said.Model, said.Backend, said.Used, said.Running, said.Waiting, said.KvUsage, said.PrefixHitRatio));
        Assert.InRange(said.AgeSeconds!.Value, 0, 5);
        Assert.Null(said.Fault);
        Assert.Equal((3, "its /metrics answers 500"), (later.Running, later.Fault));
        Assert.True(later.AgeSeconds > 5);
    }

    [Fact]
    public async Task A_llama_server_is_asked_through_its_node_agent_with_the_service_key()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(settings: EverySecond);
        gateway.Node.Metrics = new() { Running = 2, Waiting = 1, Slots = 4, SlotContext = 100, SlotTokens = (40, 10) };

        var said = await HeardAsync(gateway, entry => entry.KvUsage is not null);

        Assert.Equal(("fake-model", "fake-node/chat", 2, 1, 0.25), (said.Model, said.Backend, said.Running, said.Waiting, said.KvUsage));
        Assert.Null(said.PrefixHitRatio); // It has read nothing yet.
        Assert.Empty(gateway.Node.Violations); // It refuses other keys.
    }

    [Fact]
    public async Task Without_a_metrics_page_the_slots_are_told_and_the_page_is_left_alone_for_a_while()
    {
        await using var routed = await StartAsync(new At("a", BackendKinds.LlamaCpp));
        routed.Servers[0].Metrics = new() { Running = 1, FailWithStatus = 501 };

        var said = await HeardAsync(routed, entry => entry.Running is not null);
        var (asked, load) = (routed.Servers[0].Scrapes, routed.Backends.Single().Load);
        var first = load.Telemetry!.Timestamp;
        await AdvanceUntilAsync(() => load.Telemetry!.Timestamp - first > 10 * _time.TimestampFrequency);

        Assert.Equal((1, "its /metrics answers 501"), (said.Running, said.Fault));
        Assert.Null(said.Waiting);
        Assert.Equal(asked, routed.Servers[0].Scrapes);
    }

    [Fact]
    public async Task Without_slots_the_queue_is_told_and_that_is_no_fault()
    {
        await using var routed = await StartAsync(new At("a", BackendKinds.LlamaCpp));
        routed.Servers[0].Metrics = new() { Running = 2, Waiting = 3, FailSlotsWithStatus = 501 };

        var said = await HeardAsync(routed, entry => entry.Running is not null);

        Assert.Equal((2, 3), (said.Running, said.Waiting));
        Assert.Null(said.KvUsage);
        Assert.Null(said.Fault);
    }

    [Fact]
    public async Task Nobody_is_asked_in_a_way_that_would_load_a_model()
    {
        await using var routed = await StartAsync(new At("a", BackendKinds.LlamaCpp) { Model = "asleep" });
        routed.Servers[0].Metrics = new() { IsRouter = true };

        var unknown = await HeardAsync(routed, entry => entry.Fault is not null);
        routed.Servers[0].Models = ["asleep"];
        var known = await HeardAsync(routed, entry => entry.Running is not null);

        Assert.Null(unknown.Running);
        Assert.Equal("its /metrics answers 400", unknown.Fault);
        Assert.Equal((0, 0.0, true), (known.Running, known.KvUsage, known.Used)); // It says so: nobody is at work there.
        Assert.Empty(routed.Servers[0].Violations); // A question that loads is one.
    }

    [Theory]
    [InlineData("<html>Welcome</html>")]
    [InlineData("vllm:num_requests_running{engine=\"0\",model_name=\"m\"} NaN\n")]
    [InlineData("too long")]
    public async Task A_page_that_makes_no_sense_is_unknown_and_not_zero(string page)
    {
        await using var routed = await StartAsync(new At("a"));
        routed.Servers[0].Metrics = Busy with { RawPage = page == "too long" ? $"vllm:num_requests_running{{engine=\"0\"}} 3.0\n{new string('#', EngineProbe.MaxPageBytes)}" : page };

        var said = await HeardAsync(routed, entry => entry.Fault is not null);

        Assert.Equal(new EngineTelemetry { Model = "m", Backend = "a/a", Used = false, Fault = said.Fault }, said);
        Assert.Null(routed.Backends.Single().Load.Foreign(_time.GetTimestamp()));
    }

    [Fact]
    public async Task An_engine_that_never_answers_delays_no_other()
    {
        await using var routed = await StartAsync(new At("a"), new At("b"));
        routed.Servers[0].Metrics = new() { Engine = FakeMetrics.Vllm, NeverAnswers = true };
        routed.Servers[1].Metrics = Busy;

        await AdvanceUntilAsync(() => routed.Servers[0].Scrapes > 0);
        var answered = routed.Servers[1].Scrapes;
        await AdvanceUntilAsync(() => routed.Servers[1].Scrapes >= answered + 6);
        Assert.Equal(1, routed.Servers[0].Scrapes); // The first question is still under way.
        _time.Advance(TimeSpan.FromMinutes(1));
        var silent = await HeardAsync(routed, entry => entry.Backend == "a/a" && entry.Fault is not null);

        Assert.Equal("no answer within 00:01:00", silent.Fault);
    }

    [Fact]
    public async Task Clouds_are_not_asked()
    {
        await using var routed = await StartAsync(new At("a"), new At("b", BackendKinds.OpenAI), new At("c", BackendKinds.Anthropic));
        routed.Servers[0].Metrics = Busy;

        await AdvanceUntilAsync(() => routed.Servers[0].Scrapes >= 3);

        Assert.Equal([0, 0], routed.Servers.Skip(1).Select(server => server.Scrapes));
        Assert.Equal(["a/a"], OfTheRoute(routed).SelectMany(engine => engine.Backends).Select(backend => backend.Id));
    }

    [Fact]
    public async Task Between_two_questions_to_one_engine_there_is_never_less_than_the_interval()
    {
        await using var routed = await StartAsync(new At("a"));
        routed.Servers[0].Metrics = Busy;
        var moments = new HashSet<long>();

        await AdvanceUntilAsync(() =>
        {
            if (routed.Backends.Single().Load.Telemetry is { } telemetry)
                moments.Add(telemetry.Timestamp);
            return moments.Count >= 6;
        });

        var order = moments.Order().ToArray();
        Assert.All(order.Zip(order.Skip(1)), pair => Assert.True(_time.GetElapsedTime(pair.First, pair.Second) >= TimeSpan.FromSeconds(1), $"{pair}"));
    }

    [Fact]
    public async Task Two_backends_that_are_one_engine_are_asked_once_and_both_are_told()
    {
        await using var engine = await FakeBackendServer.StartAsync(key: null);
        engine.Metrics = Busy;
        var url = $"{engine.Address}v1";
        await using var routed = await StartAsync(new At("a") { Url = url }, new At("b") { Url = url });

        await AdvanceUntilAsync(() => engine.Scrapes >= 3);

        Assert.Single(OfTheRoute(routed));
        await Eventually.IsTrueAsync(() => routed.Backends.All(backend => backend.Load.Telemetry is { Running: 3 }), "both ledgers are told");
    }

    [Fact]
    public async Task An_engine_that_leaves_the_routes_is_not_asked_any_more()
    {
        await using var live = await LiveGateway.StartAsync(it => LiveGateway.Routes(LiveGateway.Route("one", ("a", it.A))), others: EverySecond);
        await Eventually.IsTrueAsync(() => live.A.Scrapes > 0, "it is asked");

        live.Write(LiveGateway.Routes(LiveGateway.Route("two", ("b", live.B))));
        await live.Admin.ReloadAsync();
        await Eventually.IsTrueAsync(() => live.B.Scrapes > 0, "the new one is asked");
        var asked = live.A.Scrapes;
        await Eventually.IsTrueAsync(() => live.B.Scrapes > 2, "time goes by");

        Assert.Equal(asked, live.A.Scrapes);
        Assert.DoesNotContain((await live.Admin.GetStatusAsync()).Value!.Telemetry, entry => entry.Model == "one");
    }

    [Fact]
    public async Task Zero_switches_it_off()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(settings: ("Load:ScrapeInterval", "00:00:00"));

        await Eventually.IsTrueAsync(() => Scraper(gateway).ExecuteTask is { IsCompletedSuccessfully: true }, "nobody is going to ask");
        Assert.Empty((await new GatewayAdminClient(gateway.Http).GetStatusAsync()).Value!.Telemetry);
    }

    [Fact]
    public async Task An_engine_that_others_have_filled_is_left_to_them()
    {
        await using var routed = await StartAsync(new At("a") { Pool = "p" }, new At("b") { Pool = "p" });
        routed.Servers[0].Metrics = Busy with { Running = 40, Waiting = 20 };
        routed.Servers[1].Metrics = Busy with { Running = 0, Waiting = 0 };
        await AdvanceUntilAsync(() => routed.Backends.All(backend => backend.Load.Foreign(_time.GetTimestamp()) is not null));

        for (var i = 0; i < 6; i++)
            await routed.EventsAsync(RoutedGateway.Body(true));

        Assert.Equal([0, 6], routed.Servers.Select(server => server.Requests.Count));
    }

    private static TelemetryScraper Scraper(GatewayUnderTest gateway) => gateway.Service.Services.GetRequiredService<TelemetryScraper>();

    // The fleet's own engine is asked, too.
    private static IEnumerable<ScrapedEngine> OfTheRoute(RoutedGateway routed) => Scraper(routed.Gateway).Engines.Where(engine => engine.Backends.Any(backend => backend.Engine is null));

    private Task<RoutedGateway> StartAsync(params At[] backends) => RoutedGateway.StartAsync(_time, [EverySecond, Patience], backends);

    private Task<EngineTelemetry> HeardAsync(RoutedGateway routed, Func<EngineTelemetry, bool> what) =>
        HeardAsync(routed.Gateway, entry => entry.Backend != "fake-node/chat" && what(entry));

    private async Task<EngineTelemetry> HeardAsync(GatewayUnderTest gateway, Func<EngineTelemetry, bool> what)
    {
        var admin = new GatewayAdminClient(gateway.Http);
        EngineTelemetry? heard = null;
        await Eventually.IsTrueAsync(
            async () =>
            {
                _time.Advance(TimeSpan.FromSeconds(0.1));
                return (heard = (await admin.GetStatusAsync()).Value!.Telemetry.FirstOrDefault(what)) is not null;
            },
            "the status tells of the engine");
        return heard!;
    }

    // The gateway arms its timers in its own time.
    private Task AdvanceUntilAsync(Func<bool> what) => Eventually.IsTrueAsync(
        () =>
        {
            _time.Advance(TimeSpan.FromSeconds(0.1));
            return what();
        },
        "the scraper has come so far");
}
