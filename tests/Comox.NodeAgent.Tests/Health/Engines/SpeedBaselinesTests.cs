using Comox.NodeAgent.Engines;
using Comox.NodeAgent.Engines.Placement;
using Comox.NodeAgent.Health;
using Comox.NodeAgent.Health.Engines;
using Comox.NodeAgent.Supervision;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.TestKit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.Tests.Health.Engines;

public sealed class SpeedBaselinesTests : IDisposable
{
    private readonly TempHome _home = new();

    private string File => Path.Combine(_home.Path, "engines", "speeds.json");

    public void Dispose() => _home.Dispose();

    [Fact]
    public void What_was_learned_is_known_after_a_restart()
    {
        var speeds = Open();
        for (var measured = 0; measured < SpeedBaseline.Enough; measured++)
            speeds.Learn("chat/writing", 50);
        speeds.Learn("chat/writing", double.NaN);
        speeds.Learn("chat/writing", double.PositiveInfinity);
        speeds.Save();
        Assert.False(System.IO.File.Exists(File)); // not more often than every half minute
        speeds.Save(now: true);
        Assert.Equal(50, Open().Get("chat/writing").Expected);
        Assert.Null(Open().Get("chat/reading").Expected);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"chat/writing\":")]
    [InlineData("[1]")]
    public void A_file_that_makes_no_sense_costs_nothing_but_learning_again(string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(File)!);
        System.IO.File.WriteAllText(File, content);
        var speeds = Open();
        Assert.Null(speeds.Get("chat/writing").Expected);
        speeds.Learn("chat/writing", 10);
        speeds.Save(now: true);
        Assert.Equal(1, Open().Get("chat/writing").Count);
    }

    [Fact]
    public void A_folder_that_cannot_be_written_keeps_nobody_from_learning()
    {
        Directory.CreateDirectory($"{File}.new");
        var speeds = Open();
        speeds.Learn("chat/writing", 10);
        speeds.Save(now: true);
        Assert.Equal(1, speeds.Get("chat/writing").Count);
        Directory.Delete($"{File}.new");
        speeds.Save(now: true);
        Assert.Equal(1, Open().Get("chat/writing").Count);
    }

    [Fact]
    public void What_one_card_has_shown_is_not_expected_of_another()
    {
        var options = Options.Create(new NodeAgentOptions());
        var board = new NodeStatusBoard(options, TimeProvider.System);
        var engine = new EngineHandle(EngineSpec.Of(options.Value)[0], board, TimeProvider.System, NullLogger<EngineHandle>.Instance) { Place = On("RTX 4090") };
        board.Update(engine.Id, status => status with { Model = new() { Name = "a", Source = ModelSources.Configured, SizeBytes = 1, Profile = PromptProfile.BuiltIn } });
        var baselines = Open();
        var speeds = new EngineSpeeds(baselines);
        for (var measured = 0; measured < SpeedBaseline.Enough; measured++)
            baselines.Learn(EngineSpeeds.Writing(engine, SpeedLoad.Of(1)), 100);

        engine.Place = On("RTX 4060 Ti");
        Assert.Null(speeds.OfOne(engine));
        engine.Place = new EnginePlace(2, [], 1 << 30); // the machine's memory
        Assert.Null(speeds.OfOne(engine));
        engine.Place = On("RTX 4090") with { Index = 3 }; // another, of the same kind
        Assert.Equal(100, speeds.OfOne(engine));

        static EnginePlace On(string card) => new(0, [new GpuStatus { Index = 0, Name = card, Source = GpuSources.Nvml }], 1 << 30);
    }

    private SpeedBaselines Open() => new(
        ComoxHome.Open(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { [ComoxHome.Setting] = _home.Path }).Build()),
        TimeProvider.System,
        NullLogger<SpeedBaselines>.Instance);
}
