using AngleSharp.Dom;
using Bunit;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Gateway;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Comox.Web.Fleet;

namespace Comox.Web.Tests;

public sealed class FleetPageTests : IAsyncLifetime
{
    private FakeComox _fake = null!;
    private PageContext _page = null!;

    public async ValueTask InitializeAsync()
    {
        _fake = await FakeComox.StartAsync();
        _page = await PageContext.StartAsync(_fake);
    }

    public async ValueTask DisposeAsync()
    {
        Assert.Empty(_fake.Violations);
        await _page.DisposeAsync();
        await _fake.DisposeAsync();
    }

    [Fact]
    public void A_change_on_a_node_appears_without_asking()
    {
        var fleet = Render();
        Assert.Equal("ready", State(fleet));

        _fake.Fleet.Set(Some.Entry("box-1", Some.Node(Some.Engine(EngineStates.Restarting, "Exited with code 137; starting again in 2 s") with { Restarts = 3 })));

        fleet.WaitForAssertion(() => Assert.Equal("restarting", State(fleet)));
        Assert.Contains("Exited with code 137; starting again in 2 s", fleet.Markup, StringComparison.Ordinal);
        Assert.Equal("3", Figure(fleet, "Restarts"));
    }

    [Fact]
    public void What_needs_attention_comes_first_and_the_rest_by_name()
    {
        _fake.Fleet.Set(
            Some.Entry("gpu-10"),
            Some.Entry("gpu-9"),
            Some.Entry("gpu-3", Some.WithCards(Some.Card(health: Healths.Degraded, reasons: "It is hot."))),
            Some.Entry("gpu-4", state: NodeStates.Lost, reason: "the event stream of http://gpu-4:5340/ ended", silence: 8));

        var fleet = Render(4);

        Assert.Equal(["gpu-4", "gpu-3", "gpu-9", "gpu-10"], Nodes(fleet).Select(node => node.GetAttribute("data-node")));
        Assert.Equal("4 nodes, 2 need attention", fleet.Find("[data-testid=fleet-count]").TextContent);
    }

    [Fact]
    public void Every_state_is_told_in_words()
    {
        _fake.Fleet.Set(
            Some.Entry("a", state: NodeStates.Lost, reason: "the event stream of http://a:5340/ ended", silence: 8),
            Some.Entry("b", state: NodeStates.Silent, silence: 4.1),
            Some.Entry("c", state: NodeStates.Quiet, silence: 2.3),
            Some.Entry("d"),
            new NodeEntry { Source = NodeSources.Dns, State = NodeStates.Lost, Reason = "the name of the node agent dns+http://e:5340/ is not known" });

        var fleet = Render(5);

        Assert.Equal("It cannot be reached: the event stream of http://a:5340/ ended. It was heard 8 s ago.", Why(fleet, "a"));
        Assert.Equal("No word for 4.1 s: what it was sent is asked for elsewhere.", Why(fleet, "b"));
        Assert.Equal("No word for 2.3 s: others are asked.", Why(fleet, "c"));
        Assert.Equal(["Heard", "Well"], Node(fleet, "d").QuerySelectorAll(".line .mark").Select(mark => mark.TextContent.Trim()));
        Assert.Equal("It cannot be reached: the name of the node agent dns+http://e:5340/ is not known. It has never been heard.", Why(fleet, "Not found"));
        Assert.All(fleet.FindAll(".mark"), mark => Assert.NotNull(mark.QuerySelector("svg")));
    }

    [Fact]
    public void An_ejected_card_is_shown_with_what_to_do_and_its_engine_is_not_told_of_twice()
    {
        const string Fallen = "XID 79: the card has fallen off the bus. Reboot the node.";
        var sick = Some.WithCards(Some.Card(0), Some.Card(1, Healths.Ejected, Fallen));
        _fake.Fleet.Set(
            Some.Entry("gpu-1"),
            Some.Entry("gpu-2", sick with { Engines = [Some.Engine() with { Health = Healths.Ejected, HealthReasons = [Fallen], Cards = [1] }] }));

        var fleet = Render(2);

        var node = Node(fleet, "gpu-2");
        Assert.Equal("Ejected", node.QuerySelector("[data-testid=node-health]")!.TextContent);
        var concern = Assert.Single(node.QuerySelectorAll("[data-testid=node-concerns] li"));
        Assert.Contains("Card 1, H200, Engine chat", concern.TextContent, StringComparison.Ordinal);
        Assert.Contains(Fallen, concern.TextContent, StringComparison.Ordinal);
        Assert.Equal("Card 1, H200", Assert.Single(node.QuerySelectorAll("[data-testid=gpu-card]")).GetAttribute("aria-label"));
        Assert.Equal("1 of 2", Total(fleet, "Engines ready"));
        Assert.Equal("1 engine, 1 card", Total(fleet, "Ejected"));
        Assert.Empty(Node(fleet, "gpu-1").QuerySelectorAll("[data-testid=engine-card]"));
    }

    [Fact]
    public void A_node_stays_as_a_person_left_it_and_as_it_was_opened_through_changes()
    {
        _fake.Fleet.Set(Some.Entry("gpu-1"), Some.Entry("gpu-2"));
        var fleet = Render(2);
        Toggle(fleet, "gpu-2").Click();
        fleet.WaitForAssertion(() => Assert.Equal("true", Toggle(fleet, "gpu-2").GetAttribute("aria-expanded")));

        _fake.Fleet.Set(Some.Entry("gpu-1"), Some.Entry("gpu-2", Some.Node(Some.Engine(reason: "Changed"))), Some.Entry("gpu-3"));

        fleet.WaitForAssertion(() => Assert.Contains("Changed", Node(fleet, "gpu-2").TextContent, StringComparison.Ordinal));
        Assert.Equal(["false", "true", "false"], fleet.FindAll("[data-testid=node-toggle]").Select(toggle => toggle.GetAttribute("aria-expanded")));
    }

    [Fact]
    public void The_filter_finds_by_text_and_by_state()
    {
        _fake.Fleet.Set(Some.Entry("gpu-1"), Some.Entry("gpu-2", Some.WithCards(Some.Card(0, Healths.Degraded, "It is hot."))), Some.Entry("cpu-1", state: NodeStates.Lost));
        var fleet = Render(3);

        fleet.Find("[data-testid=fleet-text]").Input("hot");
        Shows("gpu-2");
        fleet.Find("[data-testid=fleet-text]").Input("gpu");
        Shows("gpu-2", "gpu-1");
        Assert.Equal("2 of 3 nodes shown", fleet.Find("[data-testid=fleet-count]").TextContent);
        fleet.Find("[data-testid=fleet-state]").Change(FleetFilter.NotHeard);
        Shows();
        fleet.Find("[data-testid=fleet-text]").Input("");
        Shows("cpu-1");

        // The page is drawn on another thread than this.
        void Shows(params IEnumerable<string> names) => fleet.WaitForAssertion(() => Assert.Equal(names, Nodes(fleet).Select(node => node.GetAttribute("data-node"))));
    }

    [Fact]
    public void A_gateway_that_knows_no_node_is_told_how_to_name_one()
    {
        _fake.Fleet.Set();

        var fleet = _page.Render<FleetPage>();

        Assert.Contains("Comox:Gateway:Nodes", fleet.WaitForElement("[data-testid=no-nodes]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void A_gateway_that_does_not_answer_is_said_and_what_was_heard_stays()
    {
        var fleet = Render();

        _fake.Fleet.Refuse = new ApiError(503, ErrorCodes.UpstreamError, "The gateway is stopping.");
        fleet.WaitForAssertion(() => Assert.Contains("The gateway is stopping. What stands here is from just now.", fleet.Find("[data-testid=gateway-problem]").TextContent, StringComparison.Ordinal));
        Assert.Single(Nodes(fleet));

        _fake.Fleet.Refuse = null;
        fleet.WaitForAssertion(() => Assert.Empty(fleet.FindAll("[data-testid=gateway-problem]")));
    }

    [Fact]
    public async Task A_gateway_that_cannot_be_reached_is_said()
    {
        await _fake.DisposeAsync();

        var fleet = _page.Render<FleetPage>();

        Assert.Contains("cannot be reached", fleet.WaitForElement("[data-testid=gateway-problem]").TextContent, StringComparison.Ordinal);
        Assert.Empty(Nodes(fleet));
    }

    [Fact]
    public void What_nobody_could_read_is_unknown_and_not_zero()
    {
        _fake.Fleet.Set(Some.Entry("box-1", Some.WithCards(Some.Card()) with { Engines = [] }));

        var fleet = Render();

        Assert.Equal(["unknown", "unknown", "unknown", "unknown"], fleet.FindAll("[data-testid=hardware]").Select(figure => figure.TextContent));
        var card = fleet.Find("[data-testid=gpu-card]");
        Assert.Equal(["Last driver error: none known"], Figures(card).Where(figure => !figure.EndsWith(": unknown", StringComparison.Ordinal)));
        Assert.DoesNotContain("0 ", card.QuerySelector("dl")!.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void An_agent_of_an_earlier_version_is_shown_too()
    {
        _fake.Fleet.Raw = """
            {"data":[{"address":"http://old:5340","source":"settings","state":"heard","status":{"node":"old","revision":1,"started_at":"2026-03-12T12:00:00Z","agent_version":"0.0.9",
            "hardware":{"operating_system":"Linux","cards":[{"index":0,"name":"H200","source":"nvml"}]},
            "engines":[{"id":"chat","kind":"llama.cpp","state":"ready","since":"2026-03-12T12:00:00Z","reason":"Serving","role":"chat","proxy_path":"/node/engines/chat/proxy"}]}}]}
            """;

        var fleet = Render();

        Assert.Equal(["Heard", "Well"], fleet.FindAll(".line .mark").Select(mark => mark.TextContent.Trim()));
        Assert.Equal("not chosen yet", Figure(fleet, "Model"));
    }

    [Theory]
    [InlineData("closed", 1, null, "closed: it is used")]
    [InlineData("closed", 0.4, null, "closed: coming back at 40%")]
    [InlineData("open", 1, 12.24, "open: left alone, tried again in 12.2 s")]
    [InlineData("half-open", 1, null, "half-open: one request at a time")]
    public void The_circuit_that_the_gateway_has_of_an_engine_is_told(string circuit, double ramp, double? openFor, string words)
    {
        _fake.Fleet.SetBackends(Some.Backend("other", "open", openFor: 5), Some.Backend("box-1", circuit, ramp, openFor));

        var fleet = Render();

        Assert.Equal(words, Figure(fleet, "Circuit"));
        Assert.Equal(circuit != "closed", fleet.FindAll("[data-testid=node-concerns]").Count == 1);
    }

    [Fact]
    public void An_engine_that_is_not_well_for_longer_than_a_moment_is_told_with_the_reason()
    {
        const string Slow = "Its tokens come much slower than usual, or not at all.";
        var backend = Some.Backend("box-1") with { Well = false, NotWell = Slow, InFlight = 3 };
        var entries = new NodeList([Some.Entry("box-1")]);
        var routes = new RouteList([new RouteStatus { Model = "m", Policy = "auto", MaxAttempts = 1, Ready = true, Pools = [new PoolStatus("fleet", [backend])] }]);

        var first = FleetView.None.Next(entries, routes, Some.Noon);
        Assert.Empty(first.Nodes![0].Concerns);
        Assert.Equal(new Concern(Attention.Look, "Engine chat", Slow), Assert.Single(first.Next(entries, routes, Some.Noon).Nodes![0].Concerns));

        _fake.Fleet.SetBackends(backend);
        var fleet = Render();
        fleet.WaitForAssertion(() => Assert.Equal("closed, but others are asked while there are any", Figure(fleet, "Circuit")));
        Assert.Equal("3 requests", Figure(fleet, "From this gateway"));
    }

    [Fact]
    public void An_engine_that_sleeps_is_told_with_when_it_wakes_and_how_fast_it_was()
    {
        var asleep = Some.Engine(EngineStates.Asleep, "Asleep; wakes when somebody asks") with { EtaSeconds = 1.4, Sleep = "it frees 98% of its memory", TokensPerSecond = 31.2, ExpectedTokensPerSecond = 40 };
        _fake.Fleet.Set(Some.Entry("box-1", Some.Node(asleep)));

        var fleet = Render();

        Assert.Equal("1 asleep", fleet.Find(".figure.engines").TextContent);
        Assert.Equal("1.4 s", Figure(fleet, "Wakes in about"));
        Assert.Equal("31.2 of the 40 it has shown", Figure(fleet, "Tokens a second"));
        Assert.Equal("it frees 98% of its memory", Figure(fleet, "Sleep"));
    }

    [Fact]
    public void Downloads_are_told_with_their_progress_and_what_failed_with_its_code()
    {
        _fake.Fleet.Set(Some.Entry("box-1", Some.Node() with
        {
            Downloads =
            [
                new DownloadStatus { Name = "a.gguf", Source = "huggingface.co", DoneBytes = 1_200_000_000, TotalBytes = 4_800_000_000, BytesPerSecond = 45_000_000, SecondsLeft = 80 },
                new DownloadStatus { Name = "b.gguf", Source = "gpu-2", DoneBytes = 0, TotalBytes = 10, Problem = "The disk is full. Make room.", Code = "disk_full" },
            ],
        }));

        var fleet = Render();

        var downloads = fleet.FindAll("[data-testid=download]");
        Assert.Contains("25%, 1.2 GB of 4.8 GB, 45 MB a second, about 1 min left", downloads[0].TextContent, StringComparison.Ordinal);
        Assert.Contains("The disk is full. Make room.", downloads[1].TextContent, StringComparison.Ordinal);
        Assert.Contains("disk_full", downloads[1].TextContent, StringComparison.Ordinal);
        Assert.Equal("1 download, 1 failed", fleet.Find(".figure.downloads").TextContent);
        Assert.Contains("b.gguf", fleet.Find("[data-testid=node-concerns]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void The_engines_log_is_read_from_its_own_agent_when_it_is_opened()
    {
        _fake.Fleet.Set(Some.Entry("box-1") with { Address = _fake.Address });
        var fleet = Render();

        fleet.WaitForElement("[data-testid=engine-log-button]").Click();

        fleet.WaitForAssertion(() => Assert.Equal("first line\nlast line", fleet.Find("[data-testid=engine-log]").TextContent));
    }

    private static string? State(IRenderedComponent<FleetPage> fleet) => fleet.Find("[data-testid=node-engine-state]").GetAttribute("data-state");

    private static IReadOnlyList<IElement> Nodes(IRenderedComponent<FleetPage> fleet) => fleet.FindAll("[data-testid=node-card]");

    private static IElement Node(IRenderedComponent<FleetPage> fleet, string name) => Nodes(fleet).Single(node => node.GetAttribute("data-node") == name);

    private static IElement Toggle(IRenderedComponent<FleetPage> fleet, string name) => Node(fleet, name).QuerySelector("[data-testid=node-toggle]")!;

    private static string Why(IRenderedComponent<FleetPage> fleet, string name) => Node(fleet, name).QuerySelector("[data-testid=node-concerns] .text")!.TextContent;

    private static string Figure(IRenderedComponent<FleetPage> fleet, string term) => Value(fleet.FindAll("[data-testid=engine-card] dt"), term);

    private static string Total(IRenderedComponent<FleetPage> fleet, string term) => Value(fleet.FindAll("[data-testid=fleet-totals] dt"), term);

    private static string Value(IReadOnlyList<IElement> terms, string term) => terms.Single(found => found.TextContent == term).NextElementSibling!.TextContent;

    private static IEnumerable<string> Figures(IElement card) => card.QuerySelectorAll("dt").Select(term => $"{term.TextContent}: {term.NextElementSibling!.TextContent}");

    private IRenderedComponent<FleetPage> Render(int nodes = 1)
    {
        var fleet = _page.Render<FleetPage>();
        fleet.WaitForAssertion(() => Assert.Equal(nodes, Nodes(fleet).Count));
        return fleet;
    }
}
