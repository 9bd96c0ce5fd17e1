using System.Globalization;
using System.Text;
using Comox.Memory.Datasets.Words;

namespace Comox.Memory.Datasets;

/// <summary>What a data set is, for who uses it: a page of Markdown beside it.</summary>
internal static class DataCard
{
    /// <param name="counts">What was made.</param>
    /// <param name="lists">Of which words.</param>
    /// <param name="seed">With which seed.</param>
    /// <param name="encounters">How many conversations were made.</param>
    /// <param name="digest">SHA-256 of the file, in hexadecimal.</param>
    public static string Of(DatasetCounts counts, WordLists lists, int seed, int encounters, string digest)
    {
        var card = new StringBuilder();
        Line("# Data card");
        Line("");
        Line("Role-play dialogues made by Comox (`Comox.Memory -- dataset`), from word lists written for it. No text of others is in it, and no person's.");
        Line("Each line is one example in OpenAI's chat fine-tuning format: the super-prompt that Comox.Memory sends, and the reply. Replies with `\"weight\": 0` are not learned from.");
        Line("");
        Table(("seed", seed.ToString(CultureInfo.InvariantCulture)), ("encounters", Figure(encounters)), ("examples", Figure(counts.Examples)), ("earlier replies learned from", Figure(counts.EarlierReplies)), ("characters of a prompt, on average", Figure(counts.Examples == 0 ? 0 : counts.PromptCharacters / counts.Examples)),
            ("characters of the longest prompt", Figure(counts.LongestPrompt)), ("characters of a reply, on average", Figure(counts.Examples == 0 ? 0 : counts.ReplyCharacters / counts.Examples)), ("SHA-256 of the file", $"`{digest}`"));
        Section("Kept out", "filter", counts.Dropped);
        Section("Examples by stage", "stage", counts.Stages);
        Section("Examples by kind", "kind of the last exchange", counts.Kinds);
        Section("Word lists", "list", lists.Names.ToDictionary(name => name, name => Size(lists, name), StringComparer.Ordinal));
        return card.ToString();

        void Line(string text) => card.Append(text).Append('\n');

        void Section(string title, string head, IReadOnlyDictionary<string, int> rows)
        {
            Line("");
            Line($"## {title}");
            Line("");
            Line($"| {head} | |");
            Line("|---|---|");
            foreach (var (name, count) in rows)
                Line($"| {name} | {Figure(count)} |");
        }

        void Table(params (string Name, string Value)[] rows)
        {
            Line("| | |");
            Line("|---|---|");
            foreach (var (name, value) in rows)
                Line($"| {name} | {value} |");
        }
    }

    private static int Size(WordLists lists, string name) => name.StartsWith("values/", StringComparison.Ordinal) ? lists.Values(name["values/".Length..]).Count : lists.Keyed(name).Count;

    private static string Figure(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
