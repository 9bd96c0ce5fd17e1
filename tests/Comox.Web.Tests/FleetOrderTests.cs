using Comox.ServiceDefaults.Contracts.Gateway;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.Web.Fleet;
using FsCheck.Xunit;

namespace Comox.Web.Tests;

public sealed class FleetOrderTests
{
    private static readonly NodeStatus Hot = Some.WithCards(Some.Card(health: Healths.Degraded, reasons: "It is hot."));

    private readonly FleetOrder _order = new();

    [Fact]
    public void One_that_becomes_well_keeps_its_place_until_it_has_been_well_for_a_while_and_stays_open()
    {
        Assert.Equal(["b", "a"], Arrange(Some.Noon, Some.Entry("a"), Some.Entry("b", Hot)));
        Assert.Equal(["b", "a"], Arrange(Some.Noon + FleetOrder.Calm / 2, Some.Entry("a"), Some.Entry("b")));
        Assert.Equal(["a", "b"], Arrange(Some.Noon + FleetOrder.Calm, Some.Entry("a"), Some.Entry("b")));
        Assert.Equal(Opening.Trouble, _order.Of(Of(Some.Entry("b"))));
    }

    [Fact]
    public void One_that_a_person_closed_opens_again_only_when_it_gets_worse()
    {
        Arrange(Some.Noon, Some.Entry("a"), Some.Entry("b", Hot));
        _order.Open(Of(Some.Entry("b")), Opening.Closed);

        Arrange(Some.Noon, Some.Entry("a"), Some.Entry("b", Hot));
        Assert.Equal(Opening.Closed, _order.Of(Of(Some.Entry("b"))));

        Arrange(Some.Noon, Some.Entry("a"), Some.Entry("b", Some.WithCards(Some.Card(health: Healths.Ejected))));
        Assert.Equal(Opening.Trouble, _order.Of(Of(Some.Entry("b"))));
    }

    [Fact]
    public void The_only_node_is_open_and_of_a_sick_fleet_no_more_than_can_be_read()
    {
        Arrange(Some.Noon, Some.Entry("a"));
        Assert.Equal(Opening.Whole, _order.Of(Of(Some.Entry("a"))));

        var rack = new FleetOrder();
        var nodes = Enumerable.Range(1, 32).Select(number => Of(Some.Entry($"gpu-{number}", Hot))).ToList();
        rack.Arrange(nodes, Some.Noon);
        Assert.Equal(FleetOrder.MostOpened, nodes.Count(node => rack.Of(node) == Opening.Trouble));
    }

    [Fact]
    public void A_beat_that_comes_late_moves_nothing()
    {
        Assert.Equal(["a", "b"], Arrange(Some.Noon, Some.Entry("a"), Some.Entry("b", state: NodeStates.Quiet, silence: 0.4)));
        Assert.Equal(["b", "a"], Arrange(Some.Noon, Some.Entry("a"), Some.Entry("b", state: NodeStates.Quiet, silence: 1.2)));
    }

    [Property]
    public void Every_node_is_there_once_and_none_before_one_that_needs_more(bool[][] days)
    {
        var (order, now) = (new FleetOrder(), Some.Noon);
        foreach (var sick in days)
        {
            var nodes = sick.Select((isSick, number) => Of(Some.Entry($"n{number}", isSick ? Hot : null))).ToList();
            var shown = order.Arrange(nodes, now);
            Assert.Equal(nodes.Select(node => node.Key).Order(), shown.Select(node => node.Key).Order());
            Assert.Equal(nodes.Count(node => node.Attention == Attention.Look), shown.TakeWhile(node => node.Attention == Attention.Look).Count());
            now += FleetOrder.Calm;
        }
    }

    private static FleetNode Of(NodeEntry entry) => FleetNode.Of(entry.Address!, entry, new Dictionary<string, BackendStatus>());

    private IEnumerable<string> Arrange(DateTimeOffset now, params IEnumerable<NodeEntry> nodes) => _order.Arrange([.. nodes.Select(Of)], now).Select(node => node.Name);
}
