using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Health.Engines;

/// <summary>
/// Judges an engine by whether it comes along with what it was given, and by its own past. That it says it is well counts for nothing: an engine whose computation
/// hangs answers <c>/health</c> as ever.
/// <list type="number">
/// <item>held: its process is stopped, at two looks in a row;</item>
/// <item>frozen: it answers no question and uses no processor time;</item>
/// <item>stalled: it has requests and writes nothing, for longer than reading their prompts can take;</item>
/// <item>deaf: nothing is asked of it and it does not answer;</item>
/// <item>slow: it writes much slower than it has shown that it can.</item>
/// </list>
/// </summary>
internal static class EngineHealth
{
    /// <summary>Tokens that a trial asks for.</summary>
    public const int TrialTokens = 16;

    /// <summary>Good answers in a row after which an engine is trusted again.</summary>
    public const int TrialsToTrust = 3;

    /// <summary>So many times slower than expected is slow.</summary>
    public const double SlowFactor = 1.5;

    /// <summary>So many times slower is useless on a card, and slow on a CPU, which other programs use too.</summary>
    public const double VerySlowFactor = 3;

    public static readonly TimeSpan FrozenBusy = TimeSpan.FromMilliseconds(600);
    public static readonly TimeSpan FrozenIdle = TimeSpan.FromSeconds(2);
    public static readonly TimeSpan Deaf = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan SlowPatience = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan SlowMemory = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan MeasuredInARow = TimeSpan.FromSeconds(5);
    private const double TokensOfPatience = 8;
    private const double ReadingMargin = 4;
    private const int LooksToBelieve = 2;

    // Of an engine of which nothing is known yet: less than any machine that is of use.
    private const double UnknownPromptTokensPerSecond = 8;
    private const double BytesPerToken = 3;
    private const double UnknownPromptTokens = 4096;

    public static (EngineVerdict Verdict, EngineHistory History) Judge(EngineFigures figures, EngineHistory history)
    {
        var next = Learn(figures, history);
        var (words, fault) = Fault(figures, next);
        if (fault is not null)
            return (new EngineVerdict(Healths.Ejected, [$"{words} {WhatIsDone(figures.Options)}"], fault), next);
        return (Slowness(figures, next), next);
    }

    /// <summary>What stays of its past once it has shown in trials that it is as fast as it should be.</summary>
    public static EngineHistory Rehabilitated(EngineHistory history) => history with { SlowSince = null, VerySlowSince = null, MeasuredAt = null };

    /// <summary>How long it may write nothing with what it has to do now.</summary>
    public static TimeSpan Limit(EngineFigures figures)
    {
        var limit = Longer(figures.Options.Patience, TokensOfPatience * (figures.TokenSeconds ?? 0));
        return MayRead(figures) ? limit + ReadingTime(figures) : limit;
    }

    private static EngineHistory Learn(EngineFigures figures, EngineHistory history)
    {
        var now = figures.Now;
        if (figures.Process is { } process)
        {
            if (process.Cpu != history.Cpu)
                history = history with { Cpu = process.Cpu, CpuAt = now };
            history = history with { StoppedLooks = process.IsStopped ? history.StoppedLooks + 1 : 0 };
        }

        // It has moved, or has finished, or has nothing to do: what comes next is counted from here.
        if (figures.Progress is { } progress && !ReferenceEquals(progress, history.Progress))
            history = history with { Progress = progress, StepAt = history.Progress is null || progress.HasMovedSince(history.Progress) || !HasWork(figures) ? now : history.StepAt };
        if (now - figures.Answers.SinceStep > history.StepAt)
            history = history with { StepAt = now - figures.Answers.SinceStep };
        if (figures.WasLate)
            history = history with { WatchedSince = now };

        if (figures is not { Speed: { } speed, ExpectedTokensPerSecond: { } expected })
            return history.MeasuredAt is { } last && now - last > SlowMemory ? history with { SlowSince = null } : history;
        var isFirst = history.MeasuredAt is not { } before || now - before > MeasuredInARow;
        return history with
        {
            MeasuredAt = now,
            SlowSince = speed.TokensPerSecond * SlowFactor >= expected ? null : isFirst ? now : history.SlowSince ?? now,
            VerySlowSince = speed.TokensPerSecond * VerySlowFactor >= expected ? null : isFirst ? now : history.VerySlowSince ?? now,
        };
    }

    private static (string Words, string? Fault) Fault(EngineFigures figures, EngineHistory history)
    {
        if (history.StoppedLooks >= LooksToBelieve)
            return ("Its process is held: a signal (SIGSTOP) or a debugger has stopped it.", "Its process was held by a signal or a debugger");

        var watched = figures.Now - history.WatchedSince;
        var silence = Shorter(figures.Now - history.StepAt, watched);
        var unanswered = Shorter(figures.Unanswered ?? TimeSpan.Zero, watched);
        var hasWork = HasWork(figures);
        if (figures.Process is not null && IsOver(FrozenLimit(figures, hasWork)))
            return ("It is frozen: it answers no question and uses no processor time.", "It was frozen: it answered nothing and used no processor time");
        if (hasWork && silence > Limit(figures))
        {
            return ("It has requests and writes nothing, whatever it says of itself under /health.",
                "It had requests and wrote nothing for longer than that can take");
        }

        return !hasWork && unanswered > Deaf ? ("It does not answer, although nothing is asked of it.", "It did not answer, although nothing was asked of it") : ("", null);

        bool IsOver(TimeSpan limit) => unanswered > limit && figures.Now - history.CpuAt > limit && (silence > limit || !hasWork);
    }

    // On a card a batch may be computed without any work of the processor.
    private static TimeSpan FrozenLimit(EngineFigures figures, bool hasWork) =>
        !hasWork ? FrozenIdle
        : figures.MayUseCards && MayRead(figures) ? Limit(figures)
        : Longer(FrozenBusy, TokensOfPatience / 2 * (figures.TokenSeconds ?? 0));

    // What it counts as running may be of somebody who has left: one that names no tasks corrects the number with its next step alone, and nobody waits for that.
    private static bool HasWork(EngineFigures figures) =>
        figures.Answers.Unread > 0 || figures.Answers.Awaited > 0 || (figures.Progress is { Running: > 0 } progress && (figures.Answers.Running > 0 || progress.Tasks.Count > 0));

    /// <summary>Whether a prompt may be in the way of everything else. Requests that nothing has come of may be written in one piece, or wait until there is room.</summary>
    private static bool MayRead(EngineFigures figures)
    {
        // What it said before the newest request came says nothing of that one.
        var writing = figures.Progress is { } progress && figures.ProgressAge < figures.Answers.SinceSent ? progress.Writing : figures.Answers.Awaited;
        return (figures.Progress?.Tasks.Any(task => task.Written == 0) == true)
            || (figures.Answers.Unread > Math.Max(0, writing - figures.Answers.Awaited) && Math.Max(writing, figures.Answers.Awaited) < figures.Slots);
    }

    private static TimeSpan ReadingTime(EngineFigures figures)
    {
        var tokens = figures.Answers.Unread > 0 ? figures.Answers.UnreadBytes / BytesPerToken : UnknownPromptTokens;
        tokens = Math.Min(tokens, figures.PromptStep ?? double.MaxValue);
        return TimeSpan.FromSeconds(figures.PromptTokensPerSecond is { } rate ? ReadingMargin * tokens / rate : tokens / UnknownPromptTokensPerSecond);
    }

    private static EngineVerdict Slowness(EngineFigures figures, EngineHistory history)
    {
        var isVerySlow = history.VerySlowSince is { } very && history.MeasuredAt - very >= SlowPatience;
        if (!figures.MayUseCards)
        {
            return isVerySlow && history.SlowSince is not null
                ? new EngineVerdict(Healths.Degraded, ["It writes more than three times slower than it has shown that it can. Look for other programs that use the processor."], null)
                : EngineVerdict.Ok;
        }

        if (isVerySlow)
        {
            return new EngineVerdict(
                Healths.Ejected,
                ["It writes more than three times slower than it has shown that it can on this node. Look at the cards' temperature, clocks and power limit, and for other programs on them; a restart is tried by hand."],
                null);
        }

        return history.SlowSince is { } since && history.MeasuredAt - since >= SlowPatience
            ? new EngineVerdict(
                Healths.Degraded, ["It writes slower than two thirds of what it has shown that it can on this node. Look at the cards' temperature, clocks and power limit, and for other programs on them."], null)
            : EngineVerdict.Ok;
    }

    private static string WhatIsDone(ProbeOptions options) => options.Restart
        ? "It is killed and started again by itself. If that repeats, its log (GET /node/engines/{id}/log), the kernel's (dmesg) and the cards may say why."
        : $"It is left as it is, because {ProbeOptions.Section}:{nameof(ProbeOptions.Restart)} is false. End what holds it, or restart it: POST /node/engines/{{id}}/restart.";

    private static TimeSpan Longer(TimeSpan time, double seconds) => TimeSpan.FromSeconds(Math.Max(time.TotalSeconds, seconds));

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
