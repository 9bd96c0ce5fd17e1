using Comox.Memory.Ingestion;
using Comox.Memory.Recall;

namespace Comox.Memory.Tests;

public sealed class RecallIndexTests
{
    private static readonly string[] Vocabulary =
        ["lantern", "barrel", "sister", "Porto", "painted", "Monday", "two", "we", "hid", "music?", "compass", "orchid", "sea", "brine", "mara", "3", "kitten", "I", "song.", "Why"];

    private static readonly string[] Questions =
        ["Where is the lantern?", "What pets does mara have?", "When did I paint the sea on Monday?", "How many songs, brine?", "orchid compass barrel", "What did we do in March 2026?", "Where do I live, and what is my job?"];

    [FsCheck.Xunit.Property(MaxTest = 200)]
    public void What_was_appended_cut_and_said_again_is_found_as_in_an_index_built_at_once(int seed)
    {
        var random = new Random(seed);
        var index = new RecallIndex();
        var lines = new Dictionary<string, List<(RecallTurn Turn, IReadOnlyList<ToldFact> Facts)>>();
        for (var step = 0; step < 60; step++)
        {
            var session = $"s{random.Next(3)}";
            if (!lines.TryGetValue(session, out var line))
                lines[session] = line = [];
            switch (random.Next(10))
            {
                // A swipe, an edit or a branch: the line loses its end, and may become another one.
                case 0 when line.Count > 0:
                    line.RemoveRange(line.Count / 2, line.Count - (line.Count / 2));
                    index.Truncate(session, line.Count);
                    break;
                case 1:
                    lines[session] = line = [.. line.Take(random.Next(line.Count + 1)), .. Enumerable.Range(0, random.Next(4)).Select(at => Said(random, session, (1000 * (step + 1)) + at))];
                    index.Replace(session, line);
                    break;
                case 3 or 4 when line.Count > 0:
                    // A model read a turn late, or a fact of it was forgotten.
                    var place = random.Next(line.Count);
                    var turn = line[place].Turn;
                    line[place] = (turn, [.. Enumerable.Range(0, random.Next(3)).Select(at => Read(random, turn, at))]);
                    index.Retell(session, turn.Id, line[place].Facts);
                    break;
                case 2 when random.Next(4) == 0:
                    lines.Remove(session);
                    index.Remove(session);
                    break;
                default:
                    line.Add(Said(random, session, step));
                    index.Append(line[^1].Turn, line[^1].Facts);
                    break;
            }
        }

        var fresh = new RecallIndex();
        foreach (var (session, line) in lines.OrderByDescending(pair => pair.Key, StringComparer.Ordinal))
            fresh.Replace(session, line);
        Assert.Equal(fresh.TurnCount, index.TurnCount);
        Assert.Equal(fresh.Facts(), index.Facts());
        foreach (var question in Questions)
        {
            var (expected, found) = (RecallLines.Search(fresh, question, 50), RecallLines.Search(index, question, 50));
            Assert.Equal(expected.Turns.Select(turn => turn.Turn.Id), found.Turns.Select(turn => turn.Turn.Id));
            for (var place = 0; place < expected.Turns.Count; place++)
                Assert.InRange(found.Turns[place].Score - expected.Turns[place].Score, -1e-9, 1e-9);
        }
    }

    [Fact]
    public void A_fact_that_is_read_late_leads_to_its_turn_and_no_longer_when_it_is_forgotten()
    {
        var index = RecallLines.Index(("user", "Since June it is Porto for me."), ("assistant", "Good."), ("user", "The kettle is hot."));
        Assert.Empty(RecallLines.Search(index, "Where do I live?").Turns);
        index.Retell("s", "s-0000", [Fact(0, Relations.LivesIn, "Porto")]);
        Assert.Equal("s-0000", RecallLines.Search(index, "Where do I live?").Turns[0].Turn.Id);
        Assert.Equal("Porto", Assert.Single(index.Facts()).Object);
        index.Retell("s", "s-0000", []);
        Assert.Empty(RecallLines.Search(index, "Where do I live?").Turns);
        Assert.Empty(index.Facts());
        // What another session has, or nobody, is nothing to this one.
        index.Retell("t", "s-0000", [Fact(0, Relations.LivesIn, "Porto")]);
        index.Retell("s", "s-0009", [Fact(0, Relations.LivesIn, "Porto")]);
        Assert.Empty(index.Facts());
    }

    [Fact]
    public void A_turn_is_found_as_soon_as_it_is_appended()
    {
        var index = RecallLines.Index(("user", "Nice weather."));
        Assert.Empty(RecallLines.Search(index, "Where is the lantern?").Turns);
        index.Append(RecallLines.Turn(1, "user", "The lantern is behind the barrel."));
        Assert.Equal("The lantern is behind the barrel.", RecallLines.Search(index, "Where is the lantern?").Turns[0].Turn.Content);
    }

    [Fact]
    public void A_turn_that_left_its_line_is_not_found_and_is_found_again_when_it_comes_back()
    {
        var (first, other) = (RecallLines.Turn(1, "user", "The lantern is behind the barrel."), RecallLines.Turn(2, "user", "The kettle is hot."));
        var index = RecallLines.Index(("assistant", "Well?"));
        var start = RecallLines.Turn(0, "assistant", "Well?");
        index.Replace("s", [(start, []), (first, [])]);
        index.Replace("s", [(start, []), (other, [])]);
        Assert.DoesNotContain(RecallLines.Search(index, "lantern").Turns, turn => turn.Turn.Id == first.Id);
        Assert.Equal(["s-0000", "s-0002"], index.TurnsOf("s"));
        index.Replace("s", [(start, []), (first, [])]);
        Assert.Equal(first.Id, RecallLines.Search(index, "lantern").Turns[0].Turn.Id);
        Assert.Equal(2, index.TurnCount);
    }

    [Fact]
    public void A_turn_that_was_swiped_a_thousand_times_leaves_nothing_behind()
    {
        var index = RecallLines.Index(("user", "Tell me of the sea."));
        for (var swipe = 1; swipe <= 1000; swipe++)
        {
            index.Truncate("s", 1);
            index.Append(RecallLines.Turn(swipe, "assistant", $"The sea was grey in the year {swipe}."));
        }

        Assert.Equal(2, index.TurnCount);
        var found = RecallLines.Search(index, "What was the sea?", 50).Turns;
        Assert.Equal(["s-0000", "s-1000"], found.Select(turn => turn.Turn.Id).Order(StringComparer.Ordinal));
        var fresh = RecallLines.Index(("user", "Tell me of the sea."));
        fresh.Append(RecallLines.Turn(1000, "assistant", "The sea was grey in the year 1000."));
        Assert.Equal(RecallLines.Search(fresh, "What was the sea?").Turns.Select(turn => turn.Lanes), found.Select(turn => turn.Lanes));
    }

    [Fact]
    public void An_erased_session_is_gone_and_the_others_are_found_as_before()
    {
        var index = new RecallIndex();
        foreach (var session in new[] { "a", "b" })
        {
            index.Append(RecallLines.Turn(0, "user", "The lantern is lit.", session), Fact(0, "pet.cat", session, session));
            index.Append(RecallLines.Turn(1, "assistant", "Good.", session));
        }

        index.Erase("a");
        Assert.Equal((2, "b"), (index.TurnCount, Assert.Single(index.Facts()).Object));
        Assert.Equal(["b-0000", "b-0001"], RecallLines.Search(index, "lantern").Turns.Select(turn => turn.Turn.Id));
        index.Append(RecallLines.Turn(2, "user", "The lantern went out.", "b"));
        Assert.Equal(3, RecallLines.Search(index, "lantern").Turns.Count);
    }

    [Fact]
    public void What_is_found_is_given_back_as_it_was_said()
    {
        var said = new RecallTurn("trn_1", "ses_1", "assistant", "Ålesund — 東京 🎉 is far.", new DateTimeOffset(2026, 3, 14, 9, 26, 53, 589, TimeSpan.Zero)) { Speaker = "Captain Brine", Witnesses = ["ada", "brine"] };
        var index = new RecallIndex();
        index.Append(said);
        var found = Assert.Single(RecallLines.Search(index, "Alesund?").Turns).Turn;
        Assert.Equal((said with { Witnesses = null }), found with { Witnesses = null });
        Assert.Equal(said.Witnesses, found.Witnesses);
    }

    [Fact]
    public void Of_two_turns_that_are_worth_the_same_the_newer_comes_first_and_then_the_lower_id()
    {
        var index = new RecallIndex();
        foreach (var (session, minute) in new[] { ("c", 0), ("b", 5), ("a", 5) })
            index.Append(new RecallTurn(session, session, "user", "The orchid is white.", RecallLines.Start.AddMinutes(minute)) { Speaker = "mara" });
        Assert.Equal(["a", "b", "c"], RecallLines.Search(index, "orchid").Turns.Select(turn => turn.Turn.Id));
    }

    [Fact]
    public void A_character_recalls_what_it_witnessed_and_nothing_else()
    {
        var index = new RecallIndex();
        index.Append(RecallLines.Turn(0, "user", "The treasure is under the mill.") with { Witnesses = ["ada"] });
        index.Append(RecallLines.Turn(1, "user", "Nobody else knows.") with { Witnesses = ["ada", "brine"] }, Fact(1, "is.treasure", "gold"));
        index.Append(RecallLines.Turn(2, "user", "Let us speak of treasure no more."));
        Assert.Equal(["s-0000", "s-0001", "s-0002"], Seen("ada"));
        Assert.Equal(["s-0001", "s-0002"], Seen("brine"));
        // It was not there for the turn beside the treasure either, whose words would bring the others up.
        Assert.Equal(["s-0002"], Seen("cole"));
        Assert.Equal(3, RecallLines.Search(index, "treasure").Turns.Count);
        Assert.Equal(["gold"], index.FactsKnownTo("brine").Select(fact => fact.Object));
        Assert.Empty(index.FactsKnownTo("cole"));
        Assert.Single(index.Facts());

        IEnumerable<string> Seen(string witness) =>
            index.Search(RecallLines.Query("Where is the treasure?") with { Witness = witness }, 10).Turns.Select(turn => turn.Turn.Id).Order(StringComparer.Ordinal);
    }

    [Fact]
    public void Words_of_a_turn_that_a_character_did_not_hear_do_not_lead_it_to_the_turns_around_it()
    {
        var index = new RecallIndex();
        index.Append(RecallLines.Turn(0, "user", "The treasure is under the mill.") with { Witnesses = ["ada"] });
        index.Append(RecallLines.Turn(1, "assistant", "I see."));
        Assert.Empty(index.Search(RecallLines.Query("treasure") with { Witness = "brine" }, 10).Turns);
        Assert.Equal(2, index.Search(RecallLines.Query("treasure") with { Witness = "ada" }, 10).Turns.Count);
    }

    [Fact]
    public void Sessions_are_found_in_by_their_own_turns_and_not_by_those_of_another()
    {
        var index = new RecallIndex();
        index.Append(RecallLines.Turn(0, "user", "The lantern is lit.", "a"));
        index.Append(RecallLines.Turn(1, "user", "Nice weather.", "b"));
        index.Append(RecallLines.Turn(2, "user", "Soup is ready.", "a"));
        Assert.Equal(["a-0000", "a-0002"], RecallLines.Search(index, "lantern").Turns.Select(turn => turn.Turn.Id).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_term_said_in_every_one_of_ten_thousand_turns_is_counted_in_all_of_them()
    {
        var index = new RecallIndex();
        for (var at = 0; at < 10_000; at++)
            index.Append(new RecallTurn($"t{at:D5}", $"s{at}", "user", at == 7_777 ? "sea sea sea lantern" : "sea", RecallLines.Start.AddMinutes(at)) { Speaker = "mara" });
        Assert.Equal("t07777", RecallLines.Search(index, "lantern").Turns[0].Turn.Id);
        var found = RecallLines.Search(index, "sea", 3).Turns;
        Assert.Equal("t07777", found[0].Turn.Id);
        Assert.Equal(["t09999", "t09998"], found.Skip(1).Select(turn => turn.Turn.Id));
    }

    private static (RecallTurn, IReadOnlyList<ToldFact>) Said(Random random, string session, int number)
    {
        var words = string.Join(' ', Enumerable.Range(0, random.Next(12)).Select(_ => Vocabulary[random.Next(Vocabulary.Length)]));
        var turn = new RecallTurn($"{session}-{number:D6}", session, number % 2 == 0 ? "user" : "assistant", words, RecallLines.Start.AddHours(random.Next(5)).AddDays(number)) { Speaker = number % 2 == 0 ? "mara" : "brine" };
        return (turn, random.Next(4) == 0 ? [Fact(number, "pet.cat", "Pixel", session)] : []);
    }

    private static ToldFact Read(Random random, RecallTurn turn, int at)
    {
        var (relation, value) = random.Next(3) switch { 0 => (Relations.LivesIn, "Porto"), 1 => (Relations.WorksAs, "a painter"), _ => ("pet.kitten", "Pixel") };
        return new ToldFact($"{turn.Id}_{at}", relation, value, random.Next(4) == 0, turn.SessionId, turn.Id, turn.SaidAt, 1, value);
    }

    private static ToldFact Fact(int at, string relation, string value, string session = "s") =>
        new($"f{at}-{session}", relation, value, false, session, $"{session}-{at:D4}", RecallLines.Start.AddMinutes(at), at + 1, value);
}
