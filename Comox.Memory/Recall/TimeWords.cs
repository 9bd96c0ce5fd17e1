using System.Collections.Frozen;

namespace Comox.Memory.Recall;

/// <summary>Words that place something in time.</summary>
internal static class TimeWords
{
    private static readonly string[] MonthNames =
        ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];

    private static readonly string[] DayNames = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

    private static readonly FrozenSet<string> Plain =
        new[] { "yesterday", "today", "tonight", "tomorrow", "ago", "weekend", "weekends" }.Concat(DayNames).Concat(MonthNames.Where(month => month is not ("may" or "march"))).ToFrozenSet();

    private static readonly FrozenSet<string> Before = FrozenSet.Create("last", "next", "this", "past", "previous", "coming", "few", "two", "three", "couple", "every");

    private static readonly FrozenSet<string> Units = FrozenSet.Create(
        "day", "days", "week", "weeks", "month", "months", "year", "years", "weekend", "night", "morning", "evening", "summer", "winter", "spring", "autumn", "fall", "decade");

    private static readonly FrozenSet<string> Counts = FrozenSet.Create(
        "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "dozen", "twice", "hundred", "couple", "thousand", "once", "first", "second", "third");

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> PlainLookup = Plain.GetAlternateLookup<ReadOnlySpan<char>>();
    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> BeforeLookup = Before.GetAlternateLookup<ReadOnlySpan<char>>();
    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> UnitLookup = Units.GetAlternateLookup<ReadOnlySpan<char>>();
    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> CountLookup = Counts.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Whether the word places something in time by itself: a day, a month, a year, "yesterday".</summary>
    public static bool Tells(ReadOnlySpan<char> word) => PlainLookup.Contains(word) || Year(word) is not null;

    /// <summary>Whether the next word may be a unit of time: "last" week.</summary>
    public static bool Announces(ReadOnlySpan<char> word) => BeforeLookup.Contains(word);

    public static bool IsUnit(ReadOnlySpan<char> word) => UnitLookup.Contains(word);

    public static bool IsCount(ReadOnlySpan<char> word) => CountLookup.Contains(word) || (word.Length > 0 && char.IsAsciiDigit(word[0]));

    public static int? Year(ReadOnlySpan<char> word) =>
        word.Length == 4 && (word.StartsWith("19") || word.StartsWith("20")) && char.IsAsciiDigit(word[2]) && char.IsAsciiDigit(word[3])
            ? ((word[0] - '0') * 1000) + ((word[1] - '0') * 100) + ((word[2] - '0') * 10) + word[3] - '0'
            : null;

    /// <summary>1 for January; null for another word. "may" and "march" are months only for who knows from the words around.</summary>
    public static int? Month(ReadOnlySpan<char> word)
    {
        for (var month = 0; month < MonthNames.Length; month++)
        {
            var name = MonthNames[month];
            if (word.SequenceEqual(name) || ((word.Length == 3 || word is "sept") && name.AsSpan().StartsWith(word) && word is not ("mar" or "may")))
                return month + 1;
        }

        return null;
    }

    public static DayOfWeek? Day(ReadOnlySpan<char> word)
    {
        for (var day = 0; day < DayNames.Length; day++)
        {
            if (word.SequenceEqual(DayNames[day]))
                return (DayOfWeek)day;
        }

        return null;
    }
}
