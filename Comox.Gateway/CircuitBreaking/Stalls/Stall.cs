namespace Comox.Gateway.CircuitBreaking.Stalls;

/// <summary>What the streams of one backend look like at one moment. Times in seconds.</summary>
/// <param name="Decoding">Streams whose next token could be seen.</param>
/// <param name="Silence">Since the last token of any of them; of no meaning without one.</param>
/// <param name="Gap">The usual pause between two tokens of one stream; NaN while unknown.</param>
/// <param name="RecentGap">The same over the last half second or so, the silence that is not over included.</param>
/// <param name="Reading">What reading the prompts takes that it has been sent and has not answered.</param>
/// <param name="Pace">How much slower than usual all backends are at the moment, 1 or more: then it is not this one that is ill, but the gateway or the network.</param>
/// <param name="IsRemote">It has no node agent.</param>
internal readonly record struct StreamsView(int Decoding, double Silence, double Gap, double RecentGap, double Reading, double Pace, bool IsRemote);

/// <summary>What a silence means.</summary>
internal enum Silence
{
    /// <summary>Tokens come, or nobody waits for one.</summary>
    None,

    /// <summary>Longer than usual, or slower: it costs nothing to ask others for a moment.</summary>
    Quiet,

    /// <summary>It has stopped.</summary>
    Stalled,
}

/// <summary>
/// Forward progress, as the gateway itself sees it: an engine is well while any of its streams advances, whatever its health page says. All of them silent for many times the
/// usual pause is a stall, unless it reads a long prompt meanwhile: while llama.cpp does that, its other streams wait. A pure function.
/// </summary>
internal static class Stall
{
    // Engines read in batches, and what else reads at the same time nobody tells.
    private const double ReadingAllowance = 2;

    private const double MostPace = 4;

    public static Silence Judge(in StreamsView view, StallOptions options)
    {
        if (view.Decoding == 0 || double.IsNaN(view.Gap))
            return Silence.None;
        var gap = view.Gap * view.Pace;
        var allowed = view.Reading * ReadingAllowance;
        if (view.IsRemote)
            return view.Silence > Math.Max(options.StalledRemote.TotalSeconds, options.StalledGaps * gap) + allowed ? Silence.Stalled : Silence.None;
        if (view.Silence > Math.Max(options.StalledBackend.TotalSeconds * view.Pace, options.StalledGaps * gap) + allowed)
            return Silence.Stalled;
        var isSlow = view.Reading <= 0 && view.RecentGap > options.SlowGaps * gap;
        return isSlow || view.Silence > Math.Max(options.QuietBackend.TotalSeconds * view.Pace, options.QuietGaps * gap) + allowed ? Silence.Quiet : Silence.None;
    }

    /// <summary>How much slower than usual most backends are: the median, the lower one of two, so that one that is ill does not speak for both.</summary>
    /// <param name="ratios">Of what is recent to what is usual, of each that is at work. Sorted by this.</param>
    public static double Pace(Span<double> ratios)
    {
        if (ratios.IsEmpty)
            return 1;
        ratios.Sort();
        return Math.Clamp(ratios[(ratios.Length - 1) / 2], 1, MostPace);
    }
}
