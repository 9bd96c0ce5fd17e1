using System.Globalization;

namespace Comox.Memory.Recall;

/// <summary>A stretch of time that a message names. From the start of a day to the start of another, in the person's calendar.</summary>
/// <param name="From">The first moment in it.</param>
/// <param name="To">The first moment after it.</param>
/// <param name="Words">As the message has them.</param>
internal sealed record TimeWindow(DateTimeOffset From, DateTimeOffset To, string Words)
{
    /// <summary>Where its words are in the message, when it is reckoned from the time of the message; else empty.</summary>
    public Range Reckoned { get; init; }

    public bool IsReckonedAt(int word) => word >= Reckoned.Start.Value && word < Reckoned.End.Value;

    // People tell of a day on that day or soon after it.
    private static readonly TimeSpan ToldWithin = TimeSpan.FromDays(7);

    /// <returns>1 for a turn said within it, less for one said in the week after it, 0 for the others.</returns>
    public double Holds(long ticks)
    {
        if (ticks < From.UtcTicks)
            return 0;
        var after = ticks - To.UtcTicks;
        return after < 0 ? 1 : after < ToldWithin.Ticks ? .5 * (1 - (after / (double)ToldWithin.Ticks)) : 0;
    }
}

/// <summary>Finds the time that a message names: a date, a month, a year, or a time reckoned from when it is sent. By rules, for English.</summary>
internal static class TimeWindows
{
    private static readonly string[] Numbers = ["a", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

    /// <param name="words">Of the message: lower case, without punctuation.</param>
    /// <param name="at">When it was sent.</param>
    /// <param name="zone">The person's calendar.</param>
    /// <returns>The most exact time among them; null when there is none.</returns>
    public static TimeWindow? Find(IReadOnlyList<string> words, DateTimeOffset at, TimeZoneInfo zone)
    {
        var today = TimeZoneInfo.ConvertTime(at, zone).Date;
        TimeWindow? best = null;
        for (var place = 0; place < words.Count; place++)
        {
            var dated = Dated(words, place, today);
            if ((dated ?? Reckoned(words, place, today)) is not { } span)
                continue;
            var window = new TimeWindow(Start(span.From, zone), Start(span.To, zone), string.Join(' ', words.Skip(span.First).Take(span.Count)))
            {
                Reckoned = dated is null ? span.First..(span.First + span.Count) : default,
            };
            if (best is null || window.To - window.From < best.To - best.From)
                best = window;
        }

        return best;
    }

    // "8 may 2023", "8th of may", "may 8", "in may", "2023 05 08", "in 2023".
    private static Span? Dated(IReadOnlyList<string> words, int place, DateTime today)
    {
        if (TimeWords.Year(words[place]) is { } year && year <= today.Year + 1)
        {
            if (At(words, place + 1) is { Length: 2 } m && At(words, place + 2) is { Length: 2 } d && Number(m) is >= 1 and <= 12 and var isoMonth
                && Number(d) is { } isoDay && isoDay >= 1 && isoDay <= DateTime.DaysInMonth(year, isoMonth))
                return Day(new DateTime(year, isoMonth, isoDay), place, 3);
            // A year that belongs to a month is read with it.
            return place > 0 && (TimeWords.Month(words[place - 1]) is not null || TimeWords.Month(At(words, place - 2)) is not null)
                ? null
                : new Span(new DateTime(year, 1, 1), new DateTime(year + 1, 1, 1), place, 1);
        }

        if (TimeWords.Month(words[place]) is not { } month)
            return null;
        var (before, after) = (At(words, place - 1), At(words, place + 1));
        var (first, count) = (place, 1);
        var day = DayNumber(before);
        if (day is not null)
            (first, count) = (place - 1, 2);
        else if (before == "of" && DayNumber(At(words, place - 2)) is { } dayOf)
            (day, first, count) = (dayOf, place - 2, 3);
        else if (DayNumber(after) is { } dayAfter)
            (day, count) = (dayAfter, 2);
        var stated = TimeWords.Year(At(words, first + count));
        if (stated is not null)
            count++;

        // May and March are other words too, and short names of months are people.
        var certain = day is not null || stated is not null || before is "in" or "of" or "during" or "since" or "last" or "by" or "until" or "this" or "early" or "late" or "mid" or "around" or "for";
        if (!certain && (words[place] is "may" or "march" || words[place].Length <= 4))
            return null;
        var monthYear = stated ?? (new DateTime(today.Year, month, 1) > today ? today.Year - 1 : today.Year);
        var start = new DateTime(monthYear, month, 1);
        if (day is { } number)
            return number <= DateTime.DaysInMonth(monthYear, month) ? Day(start.AddDays(number - 1), first, count) : null;
        return before switch
        {
            "early" => new Span(start, start.AddDays(10), place - 1, count + 1),
            "mid" => new Span(start.AddDays(10), start.AddDays(20), place - 1, count + 1),
            "late" => new Span(start.AddDays(20), start.AddMonths(1), place - 1, count + 1),
            _ => new Span(start, start.AddMonths(1), first, count),
        };
    }

    // "yesterday", "two weeks ago", "last month", "this summer", "last tuesday".
    private static Span? Reckoned(IReadOnlyList<string> words, int place, DateTime today)
    {
        var (word, next) = (words[place], At(words, place + 1));
        switch (word)
        {
            case "today" or "tonight":
                return Day(today, place, 1);
            case "yesterday":
                return Day(today.AddDays(-1), place, 1);
            case "this" when next is "morning" or "afternoon" or "evening":
                return Day(today, place, 2);
            case "last" when next is "night" or "evening":
                return Day(today.AddDays(-1), place, 2);
            case "day" when next == "before" && At(words, place + 2) == "yesterday":
                return Day(today.AddDays(-2), place, 3);
        }

        if (At(words, place + 2) == "ago" && (Number(word) ?? Array.IndexOf(Numbers, word) + 1) is > 0 and < 1000 and var count)
            return Ago(count, next, today, place);
        if (word == "on" && TimeWords.Day(next) is not null)
            return Relative(-1, next, today, place);
        return word is "last" or "this" or "past" or "previous" ? Relative(word == "this" ? 0 : -1, next, today, place) : null;
    }

    private static Span? Ago(int count, string unit, DateTime today, int place) => unit switch
    {
        "day" or "days" => Day(today.AddDays(-count), place, 3),
        // Such figures are round: give them half a unit on both sides.
        "week" or "weeks" => new Span(today.AddDays((-7 * count) - 3), today.AddDays((-7 * count) + 4), place, 3),
        "month" or "months" => new Span(today.AddMonths(-count).AddDays(-15), today.AddMonths(-count).AddDays(16), place, 3),
        "year" or "years" => new Span(new DateTime(today.Year - count, 1, 1), new DateTime(today.Year - count + 1, 1, 1), place, 3),
        _ => null,
    };

    private static Span? Relative(int step, string unit, DateTime today, int place)
    {
        var monday = today.AddDays(-(((int)today.DayOfWeek + 6) % 7));
        if (TimeWords.Day(unit) is { } named)
        {
            var back = ((int)today.DayOfWeek - (int)named + 7) % 7;
            return Day(today.AddDays(step < 0 && back == 0 ? -7 : -back), place, 2);
        }

        return unit switch
        {
            "week" => new Span(monday.AddDays(7 * step), monday.AddDays(7 * (step + 1)), place, 2),
            "weekend" => new Span(monday.AddDays(step < 0 ? -2 : 5), monday.AddDays(step < 0 ? 0 : 7), place, 2),
            "month" => new Span(new DateTime(today.Year, today.Month, 1).AddMonths(step), new DateTime(today.Year, today.Month, 1).AddMonths(step + 1), place, 2),
            "year" => new Span(new DateTime(today.Year + step, 1, 1), new DateTime(today.Year + step + 1, 1, 1), place, 2),
            "spring" => Season(3, step, today, place),
            "summer" => Season(6, step, today, place),
            "autumn" or "fall" => Season(9, step, today, place),
            "winter" => Season(12, step, today, place),
            _ => null,
        };
    }

    // The last one that has begun; "last" when we are in it means the one before.
    private static Span Season(int month, int step, DateTime today, int place)
    {
        var start = new DateTime(today.Year, month, 1);
        if (start > today)
            start = start.AddYears(-1);
        if (step < 0 && start.AddMonths(3) > today)
            start = start.AddYears(-1);
        return new Span(start, start.AddMonths(3), place, 2);
    }

    private static Span Day(DateTime day, int first, int count) => new(day, day.AddDays(1), first, count);

    private static DateTimeOffset Start(DateTime day, TimeZoneInfo zone) => new(day, zone.GetUtcOffset(day));

    private static string At(IReadOnlyList<string> words, int place) => place >= 0 && place < words.Count ? words[place] : "";

    private static int? Number(string word) => int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    // "8", "8th".
    private static int? DayNumber(string word)
    {
        var digits = word.Length > 2 && (word.EndsWith("st", StringComparison.Ordinal) || word.EndsWith("nd", StringComparison.Ordinal)
            || word.EndsWith("rd", StringComparison.Ordinal) || word.EndsWith("th", StringComparison.Ordinal)) ? word[..^2] : word;
        return digits.Length <= 2 && Number(digits) is >= 1 and <= 31 and var day ? day : null;
    }

    private readonly record struct Span(DateTime From, DateTime To, int First, int Count);
}
