using System.Diagnostics;
using System.Globalization;
using Comox.Memory.Recall;

namespace Comox.Benchmarks;

/// <summary>
/// <c>recall [--turns N] [--subjects N]</c>: how long one message's recall takes, message by message, and how much memory the indexes hold.
/// Without options: 100,000 turns of one person, and 1,000,000 turns of 1,000.
/// </summary>
internal static class RecallSpeed
{
    private const int Messages = 2_000;

    public static int Run(string[] args)
    {
        var (turns, subjects) = (Arguments.Whole(args, "--turns"), Arguments.Whole(args, "--subjects"));
        Console.WriteLine("| turns | people | build | memory | search p50 | p99 | recall p50 | p99 | append p50 | p99 | allocated per recall |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|");
        if (turns is not null || subjects is not null)
        {
            Measure(turns ?? 100_000, subjects ?? 1);
            return 0;
        }

        Measure(100_000, 1);
        Measure(1_000_000, 1_000);
        return 0;
    }

    private static void Measure(int turns, int subjects)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var watch = Stopwatch.StartNew();
        var people = Enumerable.Range(0, subjects).Select(person => new Conversations(turns / subjects, person + 1, Math.Max(4, 200 / subjects))).ToList();
        var built = watch.Elapsed;
        var memory = GC.GetTotalMemory(forceFullCollection: true) - before;

        var messages = Enumerable.Range(0, Messages).Select(number => (Person: people[number * 7919 % subjects], number)).ToList();
        Times(messages, message => Recall(message.Person, message.number).Candidates.Count);
        var search = Times(messages, message => message.Person.Index.Search(Query(message.Person, message.number), 48).Turns.Count);
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var recall = Times(messages, message => Recall(message.Person, message.number).Candidates.Count);
        allocated = (GC.GetAllocatedBytesForCurrentThread() - allocated) / Messages;

        var said = messages.Select(message => (message.Person, Turn: message.Person.Turn((turns / subjects) + message.number))).ToList();
        var append = Times(said, message =>
        {
            message.Person.Index.Append(message.Turn);
            return 1;
        });
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {turns:N0} | {subjects:N0} | {built.TotalSeconds:F1} s | {memory / 1e6:F0} MB ({memory / turns} B a turn) | {search.Median:F2} ms | {search.High:F2} ms | {recall.Median:F2} ms | {recall.High:F2} ms | {append.Median * 1000:F0} µs | {append.High * 1000:F0} µs | {allocated / 1024.0:F1} KiB |"));
    }

    private static RecallQuery Query(Conversations person, int number) => person.Questions[number % person.Questions.Count];

    private static Recalled Recall(Conversations person, int number) => Recaller.Recall(person.Index, person.Index.Facts(), Query(person, number));

    private static (double Median, double High) Times<T>(IReadOnlyList<T> messages, Func<T, int> work)
    {
        var times = new double[messages.Count];
        var sum = 0;
        for (var at = 0; at < messages.Count; at++)
        {
            var start = Stopwatch.GetTimestamp();
            sum += work(messages[at]);
            times[at] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        GC.KeepAlive(sum);
        Array.Sort(times);
        return (times[times.Length / 2], times[times.Length * 99 / 100]);
    }

}
