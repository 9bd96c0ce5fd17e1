using Comox.NodeAgent.Downloads;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.Extensions.Time.Testing;

namespace Comox.NodeAgent.Tests.Downloads;

/// <summary>What others see of a download.</summary>
public sealed class DownloadBoardTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly List<IReadOnlyList<DownloadStatus>> _shown = [];
    private readonly DownloadBoard _board;

    public DownloadBoardTests() => _board = new DownloadBoard(_shown.Add, _time);

    [Fact]
    public void The_rate_is_that_of_the_last_seconds_and_gives_the_time_left()
    {
        using var meter = _board.Begin("m.gguf", 1_000_000);
        meter.From("hub", 100_000);
        for (var step = 1; step <= 8; step++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(250));
            meter.At(100_000 + (step * 25_000));
        }

        var status = _shown[^1].Single();
        Assert.Equal(("hub", 300_000, 1_000_000, 100_000), (status.Source, status.DoneBytes, status.TotalBytes, status.BytesPerSecond));
        Assert.Equal(7, status.SecondsLeft!.Value, precision: 3);
        Assert.Equal("Downloading m.gguf from hub: 0.3 of 1.0 MB, 0.1 MB/s, 00:00:07 left", meter.Words(300_000));

        for (var step = 0; step < 40; step++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(250));
            meter.At(300_000);
        }

        Assert.Null(_shown[^1].Single().BytesPerSecond);
        Assert.Null(_shown[^1].Single().SecondsLeft);
    }

    [Fact]
    public void Many_small_steps_wake_watchers_four_times_a_second()
    {
        using var meter = _board.Begin("m.gguf", 1_000_000);
        meter.From("hub", 0);
        for (var step = 0; step < 1000; step++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(1));
            meter.At(step);
        }

        Assert.InRange(_shown.Count, 4, 6);
    }

    [Fact]
    public void A_failure_stays_until_the_file_is_tried_again_and_a_success_does_not()
    {
        using (var meter = _board.Begin("m.gguf", 10))
        {
            meter.From("hub", 0);
            meter.End("It broke off.", "download_failed");
        }

        Assert.Equal(("It broke off.", "download_failed"), (_shown[^1].Single().Problem, _shown[^1].Single().Code));
        using (var meter = _board.Begin("m.gguf", 10))
        {
            meter.From("hub", 5);
            Assert.Null(_shown[^1].Single().Problem);
            meter.End(problem: null, code: null);
        }

        Assert.Empty(_shown[^1]);
    }

    [Fact]
    public void One_that_is_broken_off_from_outside_leaves_nothing()
    {
        using (var meter = _board.Begin("m.gguf", 10))
            meter.From("hub", 5);
        Assert.Empty(_shown[^1]);
    }
}
