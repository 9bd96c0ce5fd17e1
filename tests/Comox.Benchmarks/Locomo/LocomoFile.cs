using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Comox.Benchmarks.Locomo;

/// <summary>One message of a conversation, under its id in the file: <c>Said</c> in words, and <c>Text</c> with what its picture shows.</summary>
internal sealed record LocomoTurn(string Id, int Session, string Speaker, string Said, string Text, DateTimeOffset SaidAt);

/// <param name="Text">The question.</param>
/// <param name="Category">1 multi-hop, 2 temporal, 3 open-domain, 4 single-hop, 5 adversarial.</param>
/// <param name="Evidence">Ids of the turns that answer it; those that the conversation has not are left out.</param>
internal sealed record LocomoQuestion(string Text, int Category, IReadOnlyList<string> Evidence);

internal sealed record LocomoConversation(string Id, IReadOnlyList<string> Speakers, IReadOnlyList<LocomoTurn> Turns, IReadOnlyList<LocomoQuestion> Questions);

/// <summary>
/// Reads files of the schema of https://github.com/snap-research/locomo: conversations of two people over many sessions, with questions and the turns that answer them.
/// What models wrote about the conversations (<c>observation</c>, <c>session_summary</c>, <c>event_summary</c>) is not read.
/// </summary>
internal static partial class LocomoFile
{
    private static readonly string[] Times = ["h:mm tt 'on' d MMMM, yyyy", "h:mm tt 'on' d MMMM yyyy"];

    public static IReadOnlyList<LocomoConversation> Read(string path)
    {
        using var stream = File.OpenRead(path);
        return Read(stream);
    }

    public static IReadOnlyList<LocomoConversation> Read(Stream stream)
    {
        using var document = JsonDocument.Parse(stream);
        return [.. document.RootElement.EnumerateArray().Select(Conversation)];
    }

    /// <summary>Ids as <c>D8:6</c>. Several may stand in one string, a colon too many or a nought before a number may be in it, and some are no ids.</summary>
    public static IEnumerable<string> Ids(string evidence) =>
        TurnId().Matches(evidence).Select(match => string.Create(
            CultureInfo.InvariantCulture,
            $"D{int.Parse(match.Groups["session"].ValueSpan, CultureInfo.InvariantCulture)}:{int.Parse(match.Groups["turn"].ValueSpan, CultureInfo.InvariantCulture)}"));

    private static LocomoConversation Conversation(JsonElement sample)
    {
        var said = sample.GetProperty("conversation");
        var turns = new List<LocomoTurn>();
        // There are dates of sessions that are not there; and the order of the keys is not that of the sessions.
        foreach (var (number, session) in said.EnumerateObject()
            .Where(property => property.Value.ValueKind == JsonValueKind.Array && SessionName().IsMatch(property.Name))
            .Select(property => (int.Parse(property.Name.AsSpan("session_".Length), CultureInfo.InvariantCulture), property.Value))
            .OrderBy(session => session.Item1))
        {
            var start = Time(said.GetProperty($"session_{number}_date_time").GetString()!);
            foreach (var turn in session.EnumerateArray())
                turns.Add(new LocomoTurn(turn.GetProperty("dia_id").GetString()!, number, turn.GetProperty("speaker").GetString()!, turn.GetProperty("text").GetString()!, Text(turn), start.AddSeconds(turns.Count)));
        }

        var known = turns.Select(turn => turn.Id).ToHashSet(StringComparer.Ordinal);
        return new LocomoConversation(
            sample.GetProperty("sample_id").GetString()!,
            [said.GetProperty("speaker_a").GetString()!, said.GetProperty("speaker_b").GetString()!],
            turns,
            [.. sample.GetProperty("qa").EnumerateArray().Select(question => Question(question, known))]);
    }

    private static LocomoQuestion Question(JsonElement question, HashSet<string> known) => new(
        question.GetProperty("question").GetString()!,
        question.GetProperty("category").GetInt32(),
        [.. question.TryGetProperty("evidence", out var evidence)
            ? evidence.EnumerateArray().SelectMany(id => Ids(id.GetString() ?? "")).Where(known.Contains).Distinct(StringComparer.Ordinal)
            : []]);

    // What the picture that was sent shows, and what was searched for to find it, are what the other one saw.
    private static string Text(JsonElement turn)
    {
        var text = turn.GetProperty("text").GetString()!;
        foreach (var name in new[] { "blip_caption", "query" })
        {
            if (turn.TryGetProperty(name, out var shown) && shown.GetString() is { Length: > 0 } words)
                text += $" ({words})";
        }

        return text;
    }

    // "1:56 pm on 8 May, 2023".
    private static DateTimeOffset Time(string text) =>
        DateTimeOffset.ParseExact(text.Trim(), Times, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AllowWhiteSpaces);

    [GeneratedRegex("D:?(?<session>[0-9]+):(?<turn>[0-9]+)")]
    private static partial Regex TurnId();

    [GeneratedRegex("^session_[0-9]+$")]
    private static partial Regex SessionName();
}
