using System.Text;
using Comox.NodeAgent.Engines;
using Comox.NodeAgent.Health.Engines;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Microsoft.Extensions.Time.Testing;

namespace Comox.NodeAgent.Tests.Health.Engines;

/// <summary>What engines and the kernel write, read; and speeds made of it.</summary>
public sealed class EngineCountersTests
{
    // Of a real llama-server 0.7.0, one slot busy and one idle; the sampling parameters are shortened.
    private const string Slots =
        """
        [{"id":0,"n_ctx":2048,"speculative":false,"is_processing":true,"id_task":7,"n_prompt_tokens":521,"n_prompt_tokens_processed":6,"n_prompt_tokens_cache":0,"params":{"seed":1,"lora":[],"is_processing":false},"next_token":[{"has_next_token":true,"n_remain":4485,"n_decoded":515}]},{"id":1,"n_ctx":2048,"speculative":false,"is_processing":false,"id_task":3,"n_prompt_tokens":9,"next_token":[{"n_decoded":77}]}]
        """;

    [Fact]
    public void The_slots_of_llama_server_tell_what_is_written_and_how_long_the_context_is()
    {
        var progress = LlamaCppProgress.Slots(Encoding.UTF8.GetBytes(Slots));
        Assert.Equal([new EngineTask(7, 6, 515, 521)], progress.Tasks);
        Assert.Equal((1, 1), (progress.Running, progress.Writing));
        Assert.Equal(0, LlamaCppProgress.Slots("""[{"id":0,"n_ctx":2048,"speculative":false,"is_processing":false}]"""u8).Running);
    }

    [Fact]
    public void The_counters_of_vllm_are_added_up_over_its_series()
    {
        var progress = VllmProgress.Metrics("# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running{engine=\"0\",model_name=\"a b\"} 2.0\nvllm:num_requests_running{engine=\"1\",model_name=\"a b\"} 1.0\nvllm:generation_tokens_total{engine=\"0\"} 1.5e3\n"u8);
        Assert.Equal((3, 1500L), (progress.Running, progress.TokensWritten));
    }

    [Theory]
    [InlineData("9006 (llama-server) R 8999 8999 7377 0 -1 4194304 14805 0 29 0 66 9 0 0 20 0 12", false, 0.75)]
    [InlineData("9 (a ) T) T 1 1 1 0 -1 4194304 14805 0 29 0 100 100 0 0 20 0 12", true, 2)]
    [InlineData("9 (traced) t 1 1 1 0 -1 4194304 14805 0 29 0 0 0 0 0 20 0 12", true, 0)]
    public void The_kernels_line_tells_whether_a_process_is_held_and_its_processor_time(string stat, bool isStopped, double seconds) =>
        Assert.Equal(new ProcessFigures(isStopped, TimeSpan.FromSeconds(seconds)), EngineProcessWatch.Parse(Encoding.ASCII.GetBytes(stat)));

    [Fact]
    public void A_sign_of_life_is_no_token_and_a_request_that_is_still_sent_is_not_waited_for()
    {
        var time = new FakeTimeProvider();
        var answers = new RunningAnswers(time);
        time.Advance(TimeSpan.FromMinutes(1));
        using var one = answers.Begin(300);
        Assert.Equal(0, answers.Read().Unread);
        one.Sent();
        Assert.Equal(new AnswerFigures(1, 1, 300, 0, TimeSpan.Zero, TimeSpan.Zero), answers.Read());

        time.Advance(TimeSpan.FromSeconds(2));
        one.Awaits();
        one.Came(":\n\n"u8);
        Assert.Equal(new AnswerFigures(1, 1, 300, 0, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2)), answers.Read());
        // Others that come meanwhile do not make the first one wait any shorter, nor do those that give up.
        using (var other = answers.Begin(100))
            other.Sent();
        Assert.Equal(TimeSpan.FromSeconds(2), answers.Read().SinceStep);
        one.Awaits();
        one.Came("data: {}\n\n"u8);
        one.Awaits();
        Assert.Equal(new AnswerFigures(1, 0, 0, 1, TimeSpan.Zero, TimeSpan.Zero), answers.Read());
    }

    [Fact]
    public void Writing_is_measured_over_a_second_of_the_same_requests_and_not_while_a_prompt_is_read()
    {
        var meter = new SpeedMeter();
        Assert.Null(meter.Take(Busy(10, 20), 0, 2, Seconds(0)));
        Assert.Null(meter.Take(Busy(20, 30), 0, 2, Seconds(0.5)));
        var sample = meter.Take(Busy(30, 40), 0, 2, Seconds(1))!.Value;
        Assert.Equal((new SpeedLoad(2, 4096), 40.0, 0.05), (sample.Load, sample.TokensPerSecond, sample.TokenSeconds));
        Assert.Null(meter.Take(Busy(40, 50), 1, 3, Seconds(2)));
        Assert.Null(meter.Take(Busy(50, 60), 0, 2, Seconds(2.5)));

        static EngineProgress Busy(int one, int other) => new() { Running = 2, Tasks = [new EngineTask(1, 5, one, 100), new EngineTask(2, 5, other, 300)] };
    }

    [Fact]
    public void A_request_too_short_to_be_seen_twice_is_measured_by_the_totals_and_so_is_reading()
    {
        var meter = new SpeedMeter();
        Assert.Null(meter.Take(new EngineProgress { Running = 0, Totals = new EngineTotals(0, 0, 0, 0) }, 0, 0, Seconds(0)));
        Assert.Null(meter.Take(new EngineProgress { Running = 1, Tasks = [new EngineTask(1, 5, 3)] }, 0, 1, Seconds(0.25)));
        var sample = meter.Take(new EngineProgress { Running = 0, Totals = new EngineTotals(200, 0.5, 64, 0.4) }, 0, 0, Seconds(0.5))!.Value;
        Assert.Equal(160, sample.TokensPerSecond, 6);
        Assert.Equal(400, meter.TakeReading()!.Value, 6);
        Assert.Null(meter.TakeReading());
    }

    [Fact]
    public void What_is_expected_is_near_the_best_tenth_and_one_outlier_or_a_bad_hour_moves_it_little()
    {
        var random = new Random(3);
        var baseline = default(SpeedBaseline);
        for (var second = 0; second < 2000; second++)
            baseline = baseline.Learn(80 + (20 * random.NextDouble()));
        Assert.InRange(baseline.Expected!.Value, 95, 100);
        Assert.InRange(baseline.Learn(1000).Expected!.Value, 95, 105);

        var before = baseline;
        for (var second = 0; second < 600; second++)
            baseline = baseline.Learn(30);
        Assert.InRange(baseline.Expected!.Value, before.Value * 0.85, before.Value);
        for (var second = 0; second < 20_000; second++)
            baseline = baseline.Learn(30);
        Assert.InRange(baseline.Expected!.Value, 30, 46); // what stays for hours is what is expected
    }

    [Fact]
    public void Nothing_is_expected_of_what_was_hardly_seen()
    {
        var baseline = default(SpeedBaseline);
        for (var seen = 0; seen < SpeedBaseline.Enough; seen++, baseline = baseline.Learn(50))
            Assert.Null(baseline.Expected);
        Assert.Equal(50, baseline.Expected);
    }

    [Property]
    public FsCheck.Property Whatever_is_measured_what_is_expected_lies_between_the_least_and_the_most() =>
        Prop.ForAll(
            Gen.Choose(1, 10_000).Select(value => value / 10.0).NonEmptyListOf().ToArbitrary(),
            measured => measured.Aggregate(default(SpeedBaseline), (baseline, value) => baseline.Learn(value)).Value is var value
                && value >= measured.Min() - 1e-9 && value <= measured.Max() + 1e-9);

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
}
