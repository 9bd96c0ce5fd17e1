using Comox.NodeAgent.Engines;
using Comox.NodeAgent.Health.Engines;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Tests.Health.Engines;

/// <summary>Figures and history → what is thought of an engine, second by second.</summary>
public sealed class EngineHealthTests
{
    private static readonly AnswerFigures Idle = new(0, 0, 0, 0, TimeSpan.FromHours(1), TimeSpan.FromHours(1));
    private static readonly EngineProgress Nothing = new() { Running = 0 };

    [Fact]
    public void An_engine_that_is_idle_and_answers_is_well_for_ever()
    {
        var play = new Play();
        for (var second = 0; second < 100; second++)
            Assert.Equal(Healths.Ok, play.Look(1, Idle, progress: Nothing with { }).Health);
    }

    [Fact]
    public void A_process_that_is_held_is_believed_at_the_second_look_idle_or_not()
    {
        var play = new Play();
        Assert.Equal(Healths.Ok, play.Look(0.25, Idle, isStopped: true).Health);
        var verdict = play.Look(0.25, Idle, isStopped: true);
        Assert.Equal(Healths.Ejected, verdict.Health);
        Assert.Contains("SIGSTOP", verdict.Reasons[0]);
        Assert.Equal("Its process was held by a signal or a debugger", verdict.Fault);

        play = new Play();
        play.Look(0.25, Idle, isStopped: true);
        Assert.Equal(Healths.Ok, play.Look(0.25, Idle).Health); // a debugger that only looked
        Assert.Equal(Healths.Ok, play.Look(0.25, Idle, isStopped: true).Health);
    }

    [Fact]
    public void One_that_writes_and_freezes_without_being_held_is_found_within_a_second()
    {
        var play = new Play();
        Writing(play, seconds: 5);
        for (var look = 1; look <= 4; look++)
        {
            var verdict = play.Look(0.25, Awaiting(sinceStep: look * 0.25), unanswered: look * 0.25, cpuMoves: false);
            Assert.Equal(look < 3 ? Healths.Ok : Healths.Ejected, verdict.Health);
            if (look >= 3)
                Assert.Contains("answers no question and uses no processor time", verdict.Reasons[0]);
        }
    }

    [Fact]
    public void One_that_is_busy_with_a_batch_and_so_answers_no_question_is_not_frozen()
    {
        var play = new Play();
        Writing(play, seconds: 5);
        // It computes: a batch of 2048 tokens at 500 a second.
        for (var at = 0.25; at <= 4; at += 0.25)
            Assert.Equal(Healths.Ok, play.Look(0.25, Reading(bytes: 8000, sinceStep: at), unanswered: at, reads: 500).Health);
    }

    /// <summary>vLLM names no tasks, and says what it runs with each step only: who stops a long prompt leaves a number behind.</summary>
    [Fact]
    public void One_whose_only_reader_left_while_it_read_a_prompt_is_not_held_to_what_it_said_before()
    {
        var play = new Play();
        play.Look(1, default, progress: new() { Running = 0, TokensWritten = 500 });
        for (var at = 0.25; at <= 5; at += 0.25)
            Assert.Equal(Healths.Ok, play.Look(0.25, Reading(bytes: 60_000, sinceStep: at), progress: new() { Running = 1, TokensWritten = 500 }).Health);
        for (var left = 0.25; left <= 3; left += 0.25)
        {
            var nobody = new AnswerFigures(0, 0, 0, 0, TimeSpan.FromSeconds(5 + left), TimeSpan.FromSeconds(5 + left));
            Assert.Equal(Healths.Ok, play.Look(0.25, nobody, progress: new() { Running = 1, TokensWritten = 500 }).Health);
        }
    }

    [Fact]
    public void One_that_writes_nothing_is_found_after_two_seconds_although_it_answers_every_question()
    {
        var play = new Play();
        Writing(play, seconds: 5);
        var stuck = play.Progress!;
        for (var at = 0.25; at <= 3; at += 0.25)
        {
            var verdict = play.Look(0.25, Awaiting(sinceStep: at), progress: stuck with { });
            Assert.Equal(at <= 2 ? Healths.Ok : Healths.Ejected, verdict.Health);
            if (at > 2)
                Assert.Contains("writes nothing, whatever it says of itself under /health", verdict.Reasons[0]);
        }
    }

    [Theory]
    [InlineData(0.02, 2)] // a quick one: the least patience
    [InlineData(0.5, 4)] // half a second for a token: eight of them
    [InlineData(2.0, 16)]
    public void Patience_is_two_seconds_or_eight_tokens(double tokenSeconds, double limit) =>
        Assert.Equal(limit, EngineHealth.Limit(new EngineFigures { Now = default, TokenSeconds = tokenSeconds, Answers = Awaiting(0), Slots = 1 }).TotalSeconds);

    [Theory]
    [InlineData(3_000, 2048, 100.0, 2 + 40)] // 1,000 tokens at 100 a second, four times over
    [InlineData(300_000, 2048, 100.0, 2 + 81.92)] // figures move with each batch of 2,048
    [InlineData(300_000, null, 1000.0, 2 + 400)] // figures move with the first token only
    [InlineData(300, 2048, null, 2 + 12.5)] // nothing known of it: 8 tokens a second
    public void While_a_prompt_is_read_it_has_the_time_that_reading_takes(int bytes, int? step, double? reads, double limit) =>
        Assert.Equal(limit, EngineHealth.Limit(new EngineFigures { Now = default, Answers = Reading(bytes, 0), PromptStep = step, PromptTokensPerSecond = reads, Slots = 2 }).TotalSeconds, 2);

    [Fact]
    public void Requests_that_wait_for_a_slot_give_no_time_to_those_that_are_written()
    {
        var figures = new EngineFigures { Now = default, Slots = 2, PromptTokensPerSecond = 10, Answers = new AnswerFigures(5, 3, 9000, 2, default, TimeSpan.FromSeconds(1)), Progress = Progress(2, 40) };
        Assert.Equal(2, EngineHealth.Limit(figures).TotalSeconds);
        // A request that is answered in one piece is not unread: the engine says that it writes.
        figures = figures with { Slots = 4, Answers = new AnswerFigures(2, 2, 9000, 0, default, TimeSpan.FromSeconds(1)) };
        Assert.Equal(2, EngineHealth.Limit(figures).TotalSeconds);
        // Unless it said so before that request came.
        Assert.True(EngineHealth.Limit(figures with { ProgressAge = TimeSpan.FromSeconds(2) }).TotalSeconds > 100);
        Assert.True(EngineHealth.Limit(figures with { Answers = new AnswerFigures(3, 3, 9000, 0, default, TimeSpan.FromSeconds(1)) }).TotalSeconds > 100);
    }

    [Fact]
    public void A_reader_too_slow_to_take_what_came_is_not_the_engines_fault()
    {
        var play = new Play();
        for (var at = 0; at < 60; at++)
            Assert.Equal(Healths.Ok, play.Look(1, new AnswerFigures(1, 0, 0, 0, TimeSpan.FromSeconds(at), TimeSpan.FromSeconds(at)), progress: Nothing with { }).Health);
    }

    [Fact]
    public void One_that_is_idle_and_deaf_is_found()
    {
        var play = new Play();
        play.Look(1, Idle, progress: Nothing);
        Assert.Equal(Healths.Ok, play.Look(1, Idle, unanswered: 9).Health); // it uses the processor for something
        Assert.Equal(Healths.Ok, play.Look(2, Idle, unanswered: 9.5).Health);
        Assert.Equal(Healths.Ejected, play.Look(8, Idle, unanswered: 10.5).Health);

        play = new Play();
        play.Look(1, Idle, progress: Nothing);
        Assert.Equal(Healths.Ok, play.Look(1.9, Idle, unanswered: 1.9, cpuMoves: false).Health);
        Assert.Equal(Healths.Ejected, play.Look(0.25, Idle, unanswered: 2.15, cpuMoves: false).Health);
    }

    [Fact]
    public void A_look_that_comes_late_accuses_nobody()
    {
        var play = new Play();
        Writing(play, seconds: 5);
        // The machine slept, or we had no processor: nothing is known of the time between.
        Assert.Equal(Healths.Ok, play.Look(3600, Awaiting(sinceStep: 3600), unanswered: 3600, cpuMoves: false, wasLate: true).Health);
        Assert.Equal(Healths.Ok, play.Look(0.5, Awaiting(sinceStep: 3600.5), unanswered: 3600.5, cpuMoves: false).Health);
        Assert.Equal(Healths.Ejected, play.Look(0.25, Awaiting(sinceStep: 3600.75), unanswered: 3600.75, cpuMoves: false).Health);
    }

    [Theory]
    // times slower, on a card, and after 12 seconds of it
    [InlineData(1.2, true, Healths.Ok)]
    [InlineData(1.6, true, Healths.Degraded)]
    [InlineData(3.5, true, Healths.Ejected)]
    [InlineData(1.6, false, Healths.Ok)]
    [InlineData(3.5, false, Healths.Degraded)] // other programs use a CPU, too
    public void One_that_is_slow_is_told_after_ten_seconds_and_never_started_again_for_it(double times, bool onCards, string health)
    {
        var play = new Play { MayUseCards = onCards };
        var verdict = EngineVerdict.Ok;
        for (var second = 0; second <= 12; second++)
        {
            verdict = play.Look(1, Awaiting(0), speed: 60 / times, expected: 60);
            if (second < 10)
                Assert.Equal(Healths.Ok, verdict.Health);
        }

        Assert.Equal(health, verdict.Health);
        Assert.Null(verdict.Fault);
        Assert.Equal(health == Healths.Ok, verdict.Reasons.Count == 0);
        // As fast as before: well, but for one that was ejected, which gets no work: its trials tell.
        Assert.Equal(Healths.Ok, play.Look(1, Awaiting(0), speed: 60, expected: 60).Health);
    }

    [Fact]
    public void A_single_slow_second_is_nothing_and_what_is_not_measured_is_forgotten()
    {
        var play = new Play { MayUseCards = true };
        for (var second = 0; second < 30; second++)
            Assert.Equal(Healths.Ok, play.Look(1, Awaiting(0), speed: second % 9 == 0 ? 60 : 30, expected: 60).Health);
        play = new Play { MayUseCards = true };
        for (var second = 0; second < 12; second++)
            play.Look(1, Awaiting(0), speed: 30, expected: 60);
        Assert.Equal(Healths.Degraded, play.Look(1, Idle, progress: Nothing).Health);
        Assert.Equal(Healths.Ok, play.Look(61, Idle, progress: Nothing with { }).Health);
    }

    [Fact]
    public void Where_nothing_is_to_be_restarted_the_words_say_so_and_how()
    {
        var play = new Play { Options = new ProbeOptions { Restart = false } };
        play.Look(0.25, Idle, isStopped: true);
        Assert.Contains("Comox:NodeAgent:Probing:Restart is false", play.Look(0.25, Idle, isStopped: true).Reasons[0]);
    }

    private static void Writing(Play play, int seconds)
    {
        for (var look = 1; look <= seconds * 4; look++)
            Assert.Equal(Healths.Ok, play.Look(0.25, Awaiting(0.02), progress: Progress(1, look * 10)).Health);
    }

    private static EngineProgress Progress(int requests, int written) =>
        new() { Running = requests, Tasks = [.. Enumerable.Range(1, requests).Select(id => new EngineTask(id, 20, written))] };

    private static AnswerFigures Awaiting(double sinceStep) => new(1, 0, 0, 1, TimeSpan.FromSeconds(sinceStep), TimeSpan.FromHours(1));

    private static AnswerFigures Reading(int bytes, double sinceStep) => new(1, 1, bytes, 0, TimeSpan.FromSeconds(sinceStep), TimeSpan.FromSeconds(sinceStep));

    /// <summary>One engine and the looks at it, one after the other.</summary>
    private sealed class Play
    {
        private EngineHistory _history = new(TimeSpan.Zero);
        private TimeSpan _now;
        private TimeSpan _cpu;

        public bool MayUseCards { get; init; }
        public ProbeOptions Options { get; init; } = new();
        public EngineProgress? Progress { get; private set; }

        public EngineVerdict Look(
            double after, AnswerFigures answers, EngineProgress? progress = null, double? unanswered = null, bool cpuMoves = true, bool isStopped = false, bool wasLate = false,
            double? speed = null, double? expected = null, double? reads = null)
        {
            _now += TimeSpan.FromSeconds(after);
            _cpu += cpuMoves && !isStopped ? TimeSpan.FromMilliseconds(10) : TimeSpan.Zero;
            Progress = progress ?? Progress;
            var (verdict, next) = EngineHealth.Judge(
                new EngineFigures
                {
                    Now = _now, WasLate = wasLate, Process = new ProcessFigures(isStopped, _cpu), Unanswered = unanswered is { } open ? TimeSpan.FromSeconds(open) : null, Progress = Progress, ProgressAge = TimeSpan.FromSeconds(unanswered ?? 0),
                    Answers = answers, Slots = 4, PromptStep = 2048, TokenSeconds = 0.02, PromptTokensPerSecond = reads,
                    Speed = speed is { } fast ? new SpeedSample(SpeedLoad.Of(1), fast, 1) : null, ExpectedTokensPerSecond = expected, MayUseCards = MayUseCards, Options = Options,
                },
                _history);
            _history = next;
            return verdict;
        }
    }
}
