using System.Text;

namespace Comox.Fuzz;

/// <summary>Tries inputs until the time is over or one breaks the promise. The n-th input depends on seed + n alone, so a failure comes back with its own seed.</summary>
internal sealed class FuzzRun(IFuzzTarget target, TextWriter output, TimeProvider time)
{
    // An input has some kilobytes; whoever needs a second for it can be stopped by anybody who sends many.
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Hung = TimeSpan.FromSeconds(30);

    private readonly SortedDictionary<string, long> _outcomes = new(StringComparer.Ordinal);

    /// <returns>The exit code: 0 when the promise was kept, 1 when not.</returns>
    public int For(TimeSpan duration, int seed)
    {
        var start = time.GetTimestamp();
        long tried = 0;
        do
        {
            var own = unchecked(seed + (int)tried++);
            var input = target.Make(new Random(own));
            var verdict = Try(input, own);
            if (verdict.Problem is not null)
            {
                Report(input, own, verdict.Problem);
                return 1;
            }

            _outcomes[verdict.Outcome] = _outcomes.GetValueOrDefault(verdict.Outcome) + 1;
        }
        while (time.GetElapsedTime(start) < duration);

        output.WriteLine($"{target.Name}: {tried} inputs from seed {seed} in {time.GetElapsedTime(start).TotalSeconds:F0} s, none broke the promise ({target.Promise})");
        foreach (var (outcome, count) in _outcomes)
            output.WriteLine($"  {count,10} {outcome}");
        return 0;
    }

    private Verdict Try(byte[] input, int seed)
    {
        // A parser that never returns cannot be interrupted, only named.
        using var watchdog = time.CreateTimer(_ => GiveUp(input, seed), null, Hung, Timeout.InfiniteTimeSpan);
        var start = time.GetTimestamp();
        Verdict verdict;
        try
        {
            verdict = target.Check(input, new Random(seed));
        }
        catch (Exception problem)
        {
            return Verdict.Broken($"it threw {problem.GetType().Name}: {problem.Message}\n{problem.StackTrace}");
        }

        var taken = time.GetElapsedTime(start);
        return taken < Slow ? verdict : Verdict.Broken($"{input.Length} bytes took it {taken.TotalSeconds:F1} s.");
    }

    private void Report(byte[] input, int seed, string problem)
    {
        output.WriteLine($"{target.Name}: the promise is broken ({target.Promise})");
        output.WriteLine($"  again: dotnet run -c Release --project tests/Comox.Fuzz -- {target.Name} 0 {seed}");
        output.WriteLine($"  input ({input.Length} bytes): {Printable(input)}");
        output.WriteLine($"  {problem}");
        var small = Shrink(input, seed);
        if (small.Length < input.Length)
        {
            output.WriteLine($"  smaller input ({small.Length} bytes): {Printable(small)}");
            output.WriteLine($"  {Try(small, seed).Problem}");
        }
    }

    private void GiveUp(byte[] input, int seed)
    {
        output.WriteLine($"{target.Name}: an input of {input.Length} bytes takes more than {Hung.TotalSeconds:F0} s");
        output.WriteLine($"  again: dotnet run -c Release --project tests/Comox.Fuzz -- {target.Name} 0 {seed}");
        output.WriteLine($"  input: {Printable(input)}");
        Environment.Exit(1);
    }

    /// <summary>Takes out pieces, large ones first, while the rest still breaks the promise.</summary>
    private byte[] Shrink(byte[] input, int seed)
    {
        var start = time.GetTimestamp();
        for (var piece = input.Length / 2; piece > 0; piece /= 2)
        {
            for (var at = 0; at + piece <= input.Length && time.GetElapsedTime(start) < Hung;)
            {
                byte[] without = [.. input.AsSpan(0, at), .. input.AsSpan(at + piece)];
                if (Try(without, seed).Problem is null)
                    at += piece;
                else
                    input = without;
            }
        }

        return input;
    }

    private static string Printable(byte[] input)
    {
        var text = new StringBuilder();
        foreach (var letter in Encoding.Latin1.GetString(input.AsSpan(0, Math.Min(input.Length, 4096))))
            text.Append(letter switch { '\n' => "\\n", '\r' => "\\r", '\t' => "\\t", '\\' => "\\\\", >= ' ' and <= '~' => letter.ToString(), _ => $"\\x{(int)letter:X2}" });
        return text.Append(input.Length > 4096 ? "…" : "").ToString();
    }
}
