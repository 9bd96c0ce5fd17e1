using Comox.Memory.Ingestion;
using Comox.Memory.Recall;

namespace Comox.Memory.Tests;

public sealed class RecallLaneTests
{
    private static readonly (string, string)[] Said =
    [
        ("user", "I hid the lantern behind the barrel."), ("assistant", "Clever."), ("user", "Soup is ready."), ("assistant", "Good."), ("user", "My car is red."), ("assistant", "Aye."),
        ("user", "A lamp stood on the pier."), ("assistant", "It did."), ("user", "The lantern broke."), ("assistant", "Pity."),
    ];

    [Fact]
    public void The_lanes_of_a_candidate_say_where_its_score_comes_from()
    {
        var candidate = Recaller.Recall(RecallLines.Index(Said), [], RecallLines.Query("Where did I hide the lantern?")).Candidates[0];
        Assert.Equal("s-0000", candidate.Id);
        Assert.Equal(candidate.Score, candidate.Lanes.Values.Sum(), 5);
        Assert.True(candidate.Lanes["lexical"] > 0 && candidate.Lanes["subject"] > 0);
        Assert.DoesNotContain("dense", candidate.Lanes.Keys);
        Assert.DoesNotContain("graph", candidate.Lanes.Keys);
        Assert.Contains("shares words", candidate.Why);
    }

    [Fact]
    public void A_turn_without_the_words_is_brought_by_its_vector_and_the_lane_says_so()
    {
        var query = RecallLines.Query("Where is the lantern?") with { Dense = new Dictionary<string, double> { ["s-0006"] = .9, ["s-0000"] = .2, ["s-0002"] = .1, ["gone"] = 1 } };
        var found = RecallLines.Index(Said).Search(query, 10).Turns;
        var lamp = Assert.Single(found, turn => turn.Turn.Id == "s-0006");
        Assert.True(lamp.Lanes.Dense > 0);
        Assert.Equal(0, found.Single(turn => turn.Turn.Id == "s-0002").Lanes.Dense);
        Assert.Contains(Recaller.Recall(RecallLines.Index(Said), [], query).Candidates, candidate => candidate.Id == "s-0006" && candidate.Lanes.ContainsKey("dense"));
    }

    [Fact]
    public void Vectors_alone_rank_by_similarity()
    {
        var query = RecallLines.Query("Xylophone?") with { Dense = new Dictionary<string, double> { ["s-0004"] = .3, ["s-0006"] = .9, ["s-0002"] = .5 } };
        Assert.Equal(["s-0006", "s-0002", "s-0004"], RecallLines.Index(Said).Search(query, 10).Turns.Select(turn => turn.Turn.Id));
    }

    [Fact]
    public void Whatever_their_scale_similarities_give_the_same_order()
    {
        var scores = new Dictionary<string, double> { ["s-0006"] = .9, ["s-0000"] = .2, ["s-0008"] = .7 };
        var query = RecallLines.Query("Where is the lantern?");
        Assert.Equal(
            RecallLines.Index(Said).Search(query with { Dense = scores }, 10).Turns.Select(turn => turn.Turn.Id),
            RecallLines.Index(Said).Search(query with { Dense = scores.ToDictionary(pair => pair.Key, pair => (100 * pair.Value) - 500) }, 10).Turns.Select(turn => turn.Turn.Id));
    }

    [Fact]
    public void The_graph_adds_a_turn_below_those_that_words_find()
    {
        var query = RecallLines.Query("Where is the lantern?") with { Graph = [("s-0004", 12), ("unknown", 99)] };
        var found = RecallLines.Index(Said).Search(query, 10).Turns;
        Assert.NotEqual("s-0004", found[0].Turn.Id);
        Assert.True(Assert.Single(found, turn => turn.Turn.Id == "s-0004").Lanes.Graph > 0);
        Assert.Contains(Recaller.Recall(RecallLines.Index(Said), [], query).Candidates, candidate => candidate.Id == "s-0004");
    }

    [Fact]
    public void The_graph_lifts_a_fact_above_those_that_nothing_speaks_for()
    {
        ToldFact[] facts = [.. new[] { "Porto", "Riga", "Oslo" }.Select(place => new ToldFact(place, Relations.WantsToVisit, place, false, "s", "s-0000", RecallLines.Start, 1, place))];
        var recalled = Recaller.Recall(RecallLines.Index(Said), facts, RecallLines.Query("What of Anton?") with { Graph = [("Oslo", 3), ("Oslo", 1)] });
        var first = recalled.Candidates[0];
        Assert.Equal(("Oslo", "is connected with what the message names"), (first.Id, first.Why));
        Assert.True(first.Lanes["graph"] > 0);
    }

    [Fact]
    public void Neither_vectors_nor_the_graph_bring_what_a_character_did_not_witness()
    {
        var index = RecallLines.Index(Said);
        index.Append(RecallLines.Turn(99, "user", "A torch burns in the cellar.") with { Witnesses = ["ada"] });
        var query = RecallLines.Query("Where is the lantern?") with { Witness = "brine", Dense = new Dictionary<string, double> { ["s-0099"] = .9, ["s-0000"] = .1 }, Graph = [("s-0099", 1)] };
        Assert.DoesNotContain(index.Search(query, 20).Turns, turn => turn.Turn.Id == "s-0099");
        Assert.Contains(index.Search(query with { Witness = "ada" }, 20).Turns, turn => turn.Turn.Id == "s-0099");
    }

    [Fact]
    public void A_fact_is_a_key_of_the_turn_that_told_it()
    {
        var index = new RecallIndex();
        index.Append(RecallLines.Turn(0, "user", "Nice weather."));
        index.Append(RecallLines.Turn(1, "user", "Since June it is Porto for me."), new ToldFact("f", Relations.LivesIn, "Porto", false, "s", "s-0001", RecallLines.Start, 2, "Porto"));
        var found = RecallLines.Search(index, "In which city do I live?").Turns;
        Assert.Equal("s-0001", found[0].Turn.Id);
        Assert.True(found[0].Lanes.Key > 0);
    }

    [Fact]
    public void The_turn_that_asks_does_not_find_itself()
    {
        var found = RecallLines.Index(Said).Search(RecallLines.Query("I hid the lantern behind the barrel.") with { Except = "s-0000" }, 10).Turns;
        Assert.DoesNotContain(found, turn => turn.Turn.Id == "s-0000");
    }

    [Fact]
    public void One_who_is_named_is_whom_the_message_is_about()
    {
        var index = RecallLines.Index(("assistant", "The orchid needs water."), ("assistant", "Hm."), ("assistant", "So."), ("user", "The orchid needs water."));
        var query = new RecallQuery { Text = "What did Mara say of the orchid?", At = RecallLines.Start.AddDays(1) };
        Assert.Equal("user", index.Search(query, 2).Turns[0].Turn.Role);
        Assert.Equal("assistant", index.Search(query with { Text = "What did Brine say of the orchid?" }, 2).Turns[0].Turn.Role);
        Assert.Equal("user", index.Search(query with { Text = "How is Mara's orchid?" }, 2).Turns[0].Turn.Role);
        Assert.All(index.Search(query with { Text = "What did Brine and Mara say of the orchid?" }, 2).Turns, turn => Assert.Equal(0, turn.Lanes.Subject));
    }

    [Theory]
    [InlineData("What pets do I have?", "The kitten sleeps all day.")]
    [InlineData("Which countries do I like?", "Norway is where I felt at home.")]
    [InlineData("Where did I go?", "I went to the harbour.")]
    [InlineData("What about my kids?", "The children are asleep.")]
    public void What_is_asked_for_by_its_kind_or_in_another_form_is_found(string question, string answer)
    {
        var index = RecallLines.Index(("user", "Nice weather today."), ("assistant", "Aye."), ("assistant", "Indeed."), ("user", answer));
        Assert.Equal(answer, RecallLines.Search(index, question).Turns[0].Turn.Content);
    }

    [Fact]
    public void A_pasted_page_asks_with_its_beginning_and_a_very_long_word_with_its_own()
    {
        var index = RecallLines.Index(Said);
        var page = "lantern " + string.Join(' ', Enumerable.Range(0, 50_000).Select(number => $"w{number}")) + " soup " + new string('x', 100_000);
        var found = RecallLines.Search(index, page).Turns;
        Assert.Equal(["s-0000", "s-0008"], found.Where(turn => turn.Lanes.Lexical > 0).Select(turn => turn.Turn.Id).Order(StringComparer.Ordinal));
        index.Append(RecallLines.Turn(50, "user", new string('x', 100_000)));
        Assert.Equal("s-0050", RecallLines.Search(index, new string('x', 90_000)).Turns[0].Turn.Id);
    }

    [Fact]
    public void Words_all_around_a_time_reckoned_from_now_are_not_looked_for()
    {
        var index = RecallLines.Index(("user", "Last week, last week, it rained."), ("assistant", "Aye."), ("assistant", "So."), ("user", "I hid the lantern."));
        var found = RecallLines.Search(index, "Where did I hide it last week?").Turns;
        Assert.Equal("I hid the lantern.", found[0].Turn.Content);
        Assert.DoesNotContain(found, turn => turn.Turn.Id == "s-0000" && turn.Lanes.Lexical > 0);
    }

    [FsCheck.Xunit.Property(MaxTest = 300)]
    public void No_message_and_no_turn_makes_recall_fail(string[] said, string message, bool pasted)
    {
        var index = RecallLines.Index([.. (said ?? []).Select((content, at) => (at % 2 == 0 ? "user" : "assistant", content ?? ""))]);
        var asked = pasted && said is { Length: > 0 } ? string.Join(' ', said) : message ?? "";
        var recalled = Recaller.Recall(index, [], RecallLines.Query(asked));
        Assert.All(recalled.Candidates, candidate => Assert.True(double.IsFinite(candidate.Score) && candidate.Why.Length > 0));
        Assert.Equal(
            recalled.Candidates.Select(candidate => (candidate.Id, candidate.Score)),
            Recaller.Recall(index, [], RecallLines.Query(asked)).Candidates.Select(candidate => (candidate.Id, candidate.Score)));
    }
}
