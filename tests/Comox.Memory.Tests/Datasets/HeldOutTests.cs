using Comox.Benchmarks.BuiltInModel;
using Comox.Memory.Ingestion;
using Comox.TestKit;

namespace Comox.Memory.Tests.Datasets;

/// <summary>What the built-in model is judged by is not what it was trained on.</summary>
public sealed class HeldOutTests
{
    // Months are twelve.
    private const string Dates = "date";

    private static readonly string[] Courtesies =
    [
        "please", "hey", "hi", "hello", "so", "well", "say", "ok", "okay", "oh", "ah", "um", "er", "and", "but", "now", "right", "come on", "quick", "listen", "excuse me", "pardon me", "by the way", "tell me", "remind me",
        "can you tell me", "could you tell me", "would you tell me", "will you tell me", "can you remind me", "could you remind me", "just tell me", "just remind me", "one question", "quick question", "one more thing", "a question",
    ];

    private static readonly string[] Afterthoughts = ["please", "again", "then", "friend", "would you", "will you", "by the way", "exactly"];

    private static readonly HeldOutLists Lists = new(Repository.PathTo("tests", "Comox.Benchmarks", "BuiltInModel", "HeldOut"));

    [Fact]
    public void No_line_of_the_training_values_contains_a_held_out_name_or_value()
    {
        var trained = Values();
        var heldOut = Lists.Names.Concat(Lists.Values.Where(list => list.Key != Dates).SelectMany(list => list));
        var met = heldOut.Where(value => trained.Any(line => line.Contains($" {PlainName.Of(value)} ", StringComparison.Ordinal))).ToList();
        Assert.Empty(met);
    }

    [Fact]
    public void No_noun_that_a_person_has_in_the_evaluation_is_one_of_training()
    {
        var trained = Values().Concat(Keyed("topics").Where(line => line.Key.StartsWith("noun", StringComparison.Ordinal)).SelectMany(line => line.Text.Split(',')).Select(Spaced)).ToHashSet(StringComparer.Ordinal);
        Assert.Empty(Lists.Nouns["is"].Where(noun => trained.Contains(Spaced(noun.Word))).Select(noun => noun.Word));
    }

    [Fact]
    public void No_held_out_phrasing_is_a_question_of_training_whatever_politeness_leads_it()
    {
        var trained = Keyed("topics").Where(line => line.Key.StartsWith("ask", StringComparison.Ordinal)).Select(line => Bare(line.Text)).ToHashSet(StringComparer.Ordinal);
        Assert.NotEmpty(trained);
        var met = Lists.Phrasings.SelectMany(topic => topic).Where(phrasing => trained.Contains(Bare(phrasing))).ToList();
        Assert.Empty(met);
    }

    // "What name does my cat go by?" is no new way to ask "By what name does my cat go?".
    [Fact]
    public void No_held_out_phrasing_has_nearly_the_words_of_a_question_of_training_in_another_order()
    {
        var trained = Keyed("topics").Where(line => line.Key.StartsWith("ask", StringComparison.Ordinal)).Select(line => WordsOf(line.Text)).ToList();
        var met = Lists.Phrasings.SelectMany(topic => topic).Where(phrasing => WordsOf(phrasing) is var words && trained.Exists(ask => ask.Intersect(words).Count() >= .8 * ask.Union(words).Count())).ToList();
        Assert.Empty(met);

        static HashSet<string> WordsOf(string text) => [.. PlainName.Words(text).Split(' ')];
    }

    [Fact]
    public void What_is_said_beside_the_questions_is_not_in_training_either()
    {
        var trained = Keyed("talk").Concat(Keyed("topics")).Concat(Keyed("voices")).Select(line => Bare(line.Text)).ToHashSet(StringComparer.Ordinal);
        var said = Lists.World.Concat(Lists.Greetings).Concat(Lists.Remarks).Concat(Lists.Corrections).Concat(Lists.Told.SelectMany(topic => topic));
        var met = said.Where(text => trained.Contains(Bare(text))).ToList();
        Assert.Empty(met);
    }

    [Fact]
    public void No_training_voice_has_the_role_the_name_or_the_marker_of_a_held_out_persona()
    {
        var trained = Keyed("voices").Select(line => Spaced(line.Text)).Concat(Values()).ToList();
        Assert.Empty(
            from persona in Lists.Personas
            from words in (string[])[PlainName.Of(persona.Role), PlainName.Words(persona.Card.Name), PlainName.Words(persona.Marker)]
            where trained.Any(line => line.Contains($" {words} ", StringComparison.Ordinal))
            select $"{persona.Card.Name}: {words}");
    }

    [Fact]
    public void The_lists_are_large_enough_and_say_nothing_twice()
    {
        Assert.InRange(Lists.Names.Count, 60, int.MaxValue);
        Assert.InRange(Lists.Nouns["is"].Count(), 25, int.MaxValue);
        Assert.InRange(Lists.Personas.Count, 14, int.MaxValue);
        Assert.InRange(Lists.World.Count, 40, int.MaxValue);
        Assert.InRange(Lists.Corrections.Count, 20, int.MaxValue);
        Assert.All(Lists.Values, list => Assert.InRange(list.Count(), 15, int.MaxValue));
        Assert.All(TalkerTopic.All, topic => Assert.InRange(Lists.Phrasings[topic.Key].Count(), 14, int.MaxValue));
        Assert.All(TalkerTopic.All, topic => Assert.Equal(3, Lists.Common[topic.Key].Count()));
        Assert.All(TalkerTopic.All, topic => Assert.NotEmpty(Lists.Told[topic.Key]));
        Assert.All(
            (IEnumerable<string>[])[Lists.Names, Lists.Values.SelectMany(list => list), Lists.Phrasings.SelectMany(topic => topic.Select(text => topic.Key + text)), Lists.World, Lists.Remarks, Lists.Greetings, Lists.Corrections],
            list => Assert.Empty(list.GroupBy(PlainName.Words).Where(same => same.Count() > 1).Select(same => same.Key)));
    }

    private static List<string> Values()
    {
        var lines = Files("values").SelectMany(File.ReadLines).Where(line => line.Length > 0 && line[0] != '#').Select(Spaced).ToList();
        Assert.NotEmpty(lines);
        return lines;
    }

    private static IEnumerable<(string Key, string Text)> Keyed(string folder) =>
        Files(folder).SelectMany(File.ReadLines).Where(line => line.Length > 0 && line[0] != '#' && line.Contains(": ", StringComparison.Ordinal)).Select(line => line.Split(": ", 2)).Select(parts => (parts[0].Trim(), parts[1]));

    private static string[] Files(string folder) => Directory.GetFiles(Repository.PathTo("Comox.Memory", "Datasets", "Lists", folder), "*.txt");

    private static string Spaced(string text) => $" {PlainName.Words(text)} ";

    /// <summary>The words without what politeness puts before and after them.</summary>
    private static string Bare(string text)
    {
        var words = PlainName.Words(text);
        for (var before = ""; before != words;)
        {
            before = words;
            foreach (var courtesy in Courtesies.Where(courtesy => words.StartsWith(courtesy + " ", StringComparison.Ordinal)))
                words = words[(courtesy.Length + 1)..];
            foreach (var word in Afterthoughts.Where(word => words.EndsWith(" " + word, StringComparison.Ordinal)))
                words = words[..^(word.Length + 1)];
        }

        return words;
    }
}
