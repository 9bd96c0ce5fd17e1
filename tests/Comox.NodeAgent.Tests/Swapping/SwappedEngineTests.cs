using Comox.NodeAgent.Engines;
using Comox.NodeAgent.Engines.Placement;
using Comox.NodeAgent.Health;
using Comox.NodeAgent.Supervision;
using Comox.NodeAgent.Swapping;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.Tests.Swapping;

/// <summary>What is taken for an engine's memory; this process stands in for the engine's.</summary>
public sealed class SwappedEngineTests
{
    private const long Estimated = 1_000_000;

    [Theory]
    [InlineData(long.MaxValue, false)]
    [InlineData(5_000_000, true)]
    public void One_that_holds_more_than_was_estimated_is_measured_and_fits_into_its_place_all_the_same(long room, bool isAllOfIt)
    {
        var options = Options.Create(new NodeAgentOptions());
        var board = new NodeStatusBoard(options, TimeProvider.System);
        var engine = new EngineHandle(EngineSpec.Of(options.Value)[0], board, TimeProvider.System, NullLogger<EngineHandle>.Instance) { Places = [new EnginePlace(0, [], room)] };
        engine.Wanted.Set(true);
        board.Update(engine.Id, status => status with { State = EngineStates.Ready, ProcessId = Environment.ProcessId, MemoryBytes = Estimated });
        var swapped = new SwappedEngine(engine, new LoadTimes(), TimeProvider.System);

        swapped.Look();
        swapped.Look();

        Assert.Equal(isAllOfIt, swapped.Bytes == room);
        Assert.InRange(swapped.Bytes, Estimated + 1, room);
    }
}
