using System.Text.RegularExpressions;
using Comox.Memory.Recall;

namespace Comox.Memory.Ingestion;

/// <summary>When a statement was true, as far as its words tell. In each the precision of the words: "2019" is the first moment of that year.</summary>
/// <param name="From">Since when; null: the words do not say.</param>
/// <param name="Until">Until when; null: it still is, or the words do not say.</param>
internal readonly record struct FactTime(DateTimeOffset? From, DateTimeOffset? Until);

/// <summary>
/// Reads the time of a statement out of the words around it, reckoned from when they were said, in the person's calendar. By rules: a time is taken only where
/// a word ties it to the statement ("since", "until", "moved … last week"), because most times in a sentence are about something else.
/// </summary>
internal static partial class FactTimes
{
    private static readonly HashSet<string> Starts = new(StringComparer.Ordinal) { "since", "from", "between" };
    private static readonly HashSet<string> Ends = new(StringComparer.Ordinal) { "until", "till", "til", "to", "and" };
    private static readonly HashSet<string> Fillers = new(StringComparer.Ordinal) { "the", "about", "around", "early", "late", "mid" };

    // What happens at a time, and is so from then on.
    private static readonly HashSet<string> Happenings = new(StringComparer.Ordinal)
    {
        "moved", "relocated", "settled", "arrived", "became", "become", "started", "began", "begun", "quit", "left", "lost", "stopped", "got", "joined", "married", "met", "bought", "adopted", "opened", "founded",
    };

    /// <param name="content">The message.</param>
    /// <param name="start">Where the statement's quote starts.</param>
    /// <param name="length">Its length.</param>
    /// <param name="others">The places of the other statements' quotes: their times are theirs.</param>
    /// <param name="past">Whether the statement is of something that is over; null: the words decide.</param>
    /// <param name="at">When it was said.</param>
    /// <param name="zone">The person's calendar.</param>
    public static FactTime Of(string content, int start, int length, IReadOnlyList<(int Start, int End)> others, bool? past, DateTimeOffset at, TimeZoneInfo zone)
    {
        var words = Terms.Words(Scope(content, start, start + length, others));
        var isPast = past ?? IsPast(words);
        var (since, until) = (default(TimeWindow), default(TimeWindow));
        for (var place = 0; place < words.Count; place++)
        {
            if (Starts.Contains(words[place]))
                since ??= At(words, place + 1, at, zone);
            else if (words[place] == "for" && !isPast)
                since ??= Lasting(words, place + 1, at, zone);
            else if (Ends.Contains(words[place]) && (words[place] is not ("to" or "and") || since is not null))
                until ??= At(words, place + 1, at, zone);
        }

        // An end that is still to come, or that a state of today is said to have had, was misread.
        if (!isPast || until?.From > at)
            until = null;
        var within = since is null && until is null && (isPast || words.Any(Happenings.Contains)) ? TimeWindows.Find(words, at, zone) : null;
        var from = (since ?? within)?.From;
        if (from > at)
            from = null;
        if (!isPast)
            return new FactTime(from?.ToUniversalTime(), null);
        var to = until?.From ?? (within?.To <= at ? within!.To : at);
        // Of a state that has only its end in words nobody knows the beginning. Just before the end it held: by the measure of the words, a year for a year.
        from ??= until is null ? to : Before(until);
        return new FactTime((from < to ? from : to).Value.ToUniversalTime(), to.ToUniversalTime());
    }

    /// <summary>The beginning of the stretch before, by the calendar: of a year the year before it, leap year or not.</summary>
    private static DateTimeOffset Before(TimeWindow window) => (window.To - window.From).TotalDays switch
    {
        >= 360 => window.From.AddYears(-1),
        >= 28 and <= 31 => window.From.AddMonths(-1),
        _ => window.From - (window.To - window.From),
    };

    /// <summary>The sentence of the quote, as far as it is the quote's own.</summary>
    private static string Scope(string content, int start, int end, IReadOnlyList<(int Start, int End)> others)
    {
        var from = start == 0 ? 0 : content.LastIndexOfAny(['.', '!', '?', '\n', ';'], start - 1) + 1;
        var to = content.IndexOfAny(['.', '!', '?', '\n', ';'], Math.Min(end, content.Length));
        to = to < 0 ? content.Length : to;
        foreach (var other in others)
        {
            if (other.End <= start)
                from = Math.Max(from, other.End);
            else if (other.Start >= end)
                to = Math.Min(to, other.Start);
        }

        var goesOn = AnotherClause().Match(content, end, to - end);
        return content[from..(goesOn.Success ? goesOn.Index : to)];
    }

    private static bool IsPast(IReadOnlyList<string> words)
    {
        for (var at = 0; at + 1 < words.Count; at++)
        {
            if (words[at] == "used" && words[at + 1] == "to")
                return true;
        }

        return words.Any(word => word is "until" or "till")
            && words.Any(word => word is "was" or "were" or "had" || (word.Length > 3 && word.EndsWith("ed", StringComparison.Ordinal)))
            && !words.Any(word => word is "has" or "have" or "ive" or "hasnt" or "havent");
    }

    /// <summary>The time that stands right here, and not somewhere later.</summary>
    private static TimeWindow? At(IReadOnlyList<string> words, int place, DateTimeOffset at, TimeZoneInfo zone)
    {
        // "since May" and "since early May" are read with the words that make a month of May.
        var before = place > 0 ? words[place - 1] : "";
        var next = words.Skip(place).Take(4).ToList();
        if (TimeWindows.Find(before is "since" or "until" ? [before, .. next] : ["in", .. next], at, zone) is not { } window)
            return null;
        var first = 0;
        while (first < next.Count && Fillers.Contains(next[first]) && !window.Words.StartsWith(next[first], StringComparison.Ordinal))
            first++;
        return string.Join(' ', next.Skip(first)).StartsWith(window.Words, StringComparison.Ordinal) ? window : null;
    }

    // "for three years" began three years ago.
    private static TimeWindow? Lasting(IReadOnlyList<string> words, int place, DateTimeOffset at, TimeZoneInfo zone)
    {
        var measure = words.Skip(place).SkipWhile(word => word is "about" or "almost" or "nearly" or "over" or "the" or "last" or "past").Take(2).ToList();
        return measure.Count == 2 ? TimeWindows.Find([.. measure, "ago"], at, zone) : null;
    }

    [GeneratedRegex(@"\b(?:and|but|so|because|while)\b(?!\s+\d)", RegexOptions.IgnoreCase)]
    private static partial Regex AnotherClause();
}
