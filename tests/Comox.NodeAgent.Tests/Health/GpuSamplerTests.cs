using System.Threading.Channels;
using Comox.NodeAgent.Hardware.Gpus;
using Comox.NodeAgent.Health;
using Comox.NodeAgent.Health.Gpus;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Comox.NodeAgent.Tests.Health;

public sealed class GpuSamplerTests
{
    private static readonly GpuStatus Card = new() { Index = 0, Name = "A card", Source = GpuSources.Amdgpu, PciId = "0000:01:00.0", TemperatureCelsius = 50, UtilizationPercent = 10 };

    [Fact]
    public async Task Health_is_published_at_once_and_figures_every_two_seconds_at_most_and_only_if_they_moved()
    {
        await using var cards = await Sampled.StartAsync(Card);
        var first = cards.Board.Current.Revision;
        Assert.Equal(["A card"], cards.Board.Current.Hardware.Gpus);
        Assert.Equal(50, Assert.Single(cards.Board.Current.Hardware.Cards).TemperatureCelsius);

        await cards.ReadAsync(Card with { TemperatureCelsius = 60 }); // a second later: too early
        Assert.Equal(first, cards.Board.Current.Revision);
        await cards.ReadAsync(Card with { TemperatureCelsius = 51 }); // two seconds later: not enough
        Assert.Equal(first, cards.Board.Current.Revision);
        await cards.ReadAsync(Card with { TemperatureCelsius = 60 });
        Assert.Equal(60, cards.Shown.TemperatureCelsius);
        await cards.ReadAsync(Card with { TemperatureCelsius = 60, Throttles = [GpuThrottles.HardwareThermal] });
        Assert.Equal(Healths.Degraded, cards.Shown.Health);
        Assert.Equal(first + 2, cards.Board.Current.Revision);
    }

    [Fact]
    public async Task Figures_go_on_being_told_when_the_clock_is_set_back()
    {
        await using var cards = await Sampled.StartAsync(Card with { MemoryUsedBytes = 1L << 30 });
        cards.Time.SetBack = TimeSpan.FromHours(3);

        await cards.ReadAsync(Card with { MemoryUsedBytes = 2L << 30 });
        await cards.ReadAsync(Card with { MemoryUsedBytes = 3L << 30 });

        Assert.Equal(3L << 30, cards.Shown.MemoryUsedBytes);
    }

    [Fact]
    public async Task A_card_that_is_missing_from_the_next_list_is_ejected_and_stays_known()
    {
        await using var cards = await Sampled.StartAsync(Card, Card with { Index = 1, PciId = "0000:02:00.0" });

        await cards.ReadAsync(Card);

        var missing = cards.Board.Current.Hardware.Cards[1];
        Assert.Equal((Healths.Ejected, "0000:02:00.0"), (missing.Health, missing.PciId));
        Assert.Null(missing.TemperatureCelsius);
    }

    [Fact]
    public async Task A_card_without_id_or_address_is_known_by_its_place()
    {
        await using var cards = await Sampled.StartAsync(Card with { PciId = null });

        await cards.ReadAsync(Card with { PciId = null, TemperatureCelsius = 70 });
        await cards.ReadAsync(Card with { PciId = null, TemperatureCelsius = 70 });

        Assert.Equal((Healths.Ok, 70.0), (Assert.Single(cards.Board.Current.Hardware.Cards).Health, cards.Shown.TemperatureCelsius));
    }

    [Fact]
    public async Task A_card_that_the_driver_has_lost_keeps_the_name_it_had()
    {
        await using var cards = await Sampled.StartAsync(Card);

        await cards.ReadAsync(new GpuReading(Card with { Name = "NVIDIA GPU", PciId = null, TemperatureCelsius = null }) { Presence = GpuPresence.Lost });

        Assert.Equal((Healths.Ejected, "A card", "0000:01:00.0"), (cards.Shown.Health, cards.Shown.Name, cards.Shown.PciId));
    }

    [Fact]
    public async Task A_driver_that_stops_answering_degrades_its_cards_until_it_answers_again()
    {
        await using var cards = await Sampled.StartAsync(Card);

        await cards.ReadAsync(Array.Empty<GpuReading>());
        Assert.Equal(Healths.Degraded, cards.Shown.Health);
        Assert.Null(cards.Shown.TemperatureCelsius);
        await cards.ReadAsync(Card);
        Assert.Equal((Healths.Ok, 50.0), (cards.Shown.Health, cards.Shown.TemperatureCelsius));
    }

    [Fact]
    public async Task An_XID_in_the_kernels_log_ejects_the_card_at_its_address_at_once_and_no_other()
    {
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(path, "3,1,1,-;NVRM: Xid (PCI:0000:02:00): 79, GPU has fallen off the bus.\n3,1,1,-;NVRM: Xid (PCI:0000:01:00): 48, before the agent\n");
            var one = Card with { Source = GpuSources.Nvml };
            await using var cards = await Sampled.StartAsync(path, one, one with { Index = 1, PciId = "0000:02:00.0" });

            // The clock stands still: it is not the next reading that is waited for.
            await TestKit.Eventually.IsTrueAsync(() => cards.Board.Current.Hardware.Cards[1].Health != Healths.Ok, "the error is heard");

            Assert.Equal([Healths.Ok, Healths.Ejected], cards.Board.Current.Hardware.Cards.Select(card => card.Health));
            Assert.Equal(79, cards.Board.Current.Hardware.Cards[1].LastXid?.Code);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task Where_there_is_no_card_it_looks_once_and_sets_no_timer()
    {
        await using var cards = await Sampled.StartAsync();

        await cards.Sampler.ExecuteTask!.WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(1, cards.Board.Current.Revision);
        Assert.Equal(0, cards.Time.Timers.CurrentCount);
        Assert.Equal("", cards.Page());
    }

    [Fact]
    public async Task Metrics_have_the_names_of_DCGM_and_ours_and_tell_only_what_is_known()
    {
        await using var cards = await Sampled.StartAsync(Card with { Uuid = "GPU-1", Name = "A \"card\"", MemoryUsedBytes = 3L << 20 });
        await cards.ReadAsync(Card with { Uuid = "GPU-1", Name = "A \"card\"", MemoryUsedBytes = 3L << 20 });

        var lines = cards.Page().Split('\n');

        const string Labels = """gpu="0",UUID="GPU-1",pci_bus_id="0000:01:00.0",modelName="A \"card\"",Hostname="box" """;
        Assert.Contains($"DCGM_FI_DEV_GPU_TEMP{{{Labels.Trim()}}} 50", lines);
        Assert.Contains($"DCGM_FI_DEV_FB_USED{{{Labels.Trim()}}} 3", lines);
        Assert.Contains($"comox_node_gpu_utilization_ratio{{{Labels.Trim()}}} 0.1", lines);
        Assert.Contains($"comox_node_gpu_health{{{Labels.Trim()},health=\"ok\"}} 1", lines);
        Assert.DoesNotContain(lines, line => line.Contains("POWER", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public void The_documentation_lists_every_metric()
    {
        var documented = File.ReadLines(TestKit.Repository.PathTo("docs", "metrics.md"))
            .Where(line => line.StartsWith("| `DCGM_", StringComparison.Ordinal) || line.StartsWith("| `comox_node_gpu_", StringComparison.Ordinal))
            .Select(line => line.Split('`')[1]);

        Assert.Equal(GpuFigures.All.Select(figure => figure.Name).Order(), documented.Order());
    }

    [Fact]
    public async Task A_source_that_breaks_or_hangs_leaves_the_next_one_to_be_asked()
    {
        var time = new FakeTimeProvider();
        var hanging = new Source(_ => new TaskCompletionSource<IReadOnlyList<GpuReading>>().Task);
        var answers = new Queue<IReadOnlyList<GpuReading>>([[new(Card)], []]);
        var last = new Source(_ => Task.FromResult(answers.Dequeue()));
        var reader = new GpuReader([new Source(_ => throw new InvalidOperationException("broken")), hanging, last], TimeSpan.FromSeconds(5), time, NullLogger<GpuReader>.Instance);

        var reading = reader.ReadAsync(default);
        time.Advance(TimeSpan.FromSeconds(5));

        Assert.Single(await reading);
        Assert.Empty(await reader.ReadAsync(default).WaitAsync(TimeSpan.FromSeconds(30))); // the last has none now, so the others are tried
        Assert.Equal(1, hanging.Asked); // but not what still hangs
    }

    private sealed class Source(Func<CancellationToken, Task<IReadOnlyList<GpuReading>>> read) : IGpuSource
    {
        public int Asked { get; private set; }

        /// <summary>Released when the period is looked at, which the sampler does when it has dealt with a reading.</summary>
        public SemaphoreSlim Done { get; } = new(0);

        public TimeSpan Period
        {
            get
            {
                Done.Release();
                return TimeSpan.FromSeconds(1);
            }
        }

        public Task<IReadOnlyList<GpuReading>> ReadAsync(CancellationToken cancellation)
        {
            Asked++;
            return read(cancellation);
        }
    }

    /// <summary>A clock that tells of periodic timers, which is what the sampler has, and whose date can be set.</summary>
    private sealed class WatchedTime : FakeTimeProvider
    {
        public SemaphoreSlim Timers { get; } = new(0);

        /// <summary>By how much the date has been corrected; time goes on as before.</summary>
        public TimeSpan SetBack { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() - SetBack;

        public override long GetTimestamp() => base.GetUtcNow().Ticks;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            if (period > TimeSpan.Zero)
                Timers.Release();
            return timer;
        }
    }

    private sealed class Sampled : IAsyncDisposable
    {
        private readonly Channel<IReadOnlyList<GpuReading>> _readings = Channel.CreateUnbounded<IReadOnlyList<GpuReading>>();
        private readonly Source _source;
        private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();

        private Sampled(string kernelLog)
        {
            var options = Options.Create(new NodeAgentOptions { Name = "box" });
            Board = new NodeStatusBoard(options, Time);
            Metrics = new GpuMetrics(_services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>(), options);
            _source = new Source(async cancellation => await _readings.Reader.ReadAsync(cancellation));
            Sampler = new GpuSampler(
                new GpuReader([_source], TimeSpan.FromDays(1), Time, NullLogger<GpuReader>.Instance), new KernelLog(kernelLog), Board, Metrics, Time, NullLogger<GpuSampler>.Instance);
        }

        public WatchedTime Time { get; } = new();
        public NodeStatusBoard Board { get; }
        public GpuMetrics Metrics { get; }

        public string Page()
        {
            var page = new System.Text.StringBuilder();
            Metrics.Append(page);
            return page.ToString();
        }

        public GpuSampler Sampler { get; }
        public GpuStatus Shown => Board.Current.Hardware.Cards[0];

        public static Task<Sampled> StartAsync(params GpuStatus[] cards) => StartAsync("/nowhere/kmsg", cards);

        public static async Task<Sampled> StartAsync(string kernelLog, params GpuStatus[] cards)
        {
            var sampled = new Sampled(kernelLog);
            await sampled.Sampler.StartAsync(default);
            sampled._readings.Writer.TryWrite([.. cards.Select(card => new GpuReading(card))]);
            if (cards.Length > 0)
                await Task.WhenAll(Wait(sampled._source.Done), Wait(sampled.Time.Timers));
            return sampled;
        }

        /// <summary>A second later, these are read; when this returns, they have been judged.</summary>
        public Task ReadAsync(params GpuStatus[] cards) => ReadAsync([.. cards.Select(card => new GpuReading(card))]);

        public async Task ReadAsync(params GpuReading[] readings)
        {
            _readings.Writer.TryWrite(readings);
            Time.Advance(TimeSpan.FromSeconds(1));
            await Wait(_source.Done);
        }

        public async ValueTask DisposeAsync()
        {
            await Sampler.StopAsync(default);
            Sampler.Dispose();
            await _services.DisposeAsync();
        }

        private static async Task Wait(SemaphoreSlim signal) => Assert.True(await signal.WaitAsync(TimeSpan.FromSeconds(30)), "The sampler did nothing.");
    }
}
