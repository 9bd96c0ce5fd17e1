using Comox.Memory.Ingestion;
using Comox.Memory.Recall;

namespace Comox.Memory.Tests;

public sealed class RecallTests
{
    [Theory]
    [InlineData("caresses", "caress")]
    [InlineData("ponies", "poni")]
    [InlineData("hopping", "hop")]
    [InlineData("filing", "file")]
    [InlineData("relational", "relat")]
    [InlineData("conditional", "condit")]
    [InlineData("vietnamization", "vietnam")]
    [InlineData("electrical", "electr")]
    [InlineData("adjustment", "adjust")]
    [InlineData("controll", "control")]
    [InlineData("happy", "happi")]
    [InlineData("sky", "sky")]
    [InlineData("agreed", "agre")]
    public void Endings_are_stripped_as_Porter_says(string word, string stem) => Assert.Equal(stem, PorterStemmer.Stem(word));

    [Fact]
    public void Terms_are_folded_and_stop_words_dropped() =>
        Assert.Equal(["cafe", "zurich", "open", "2026"], Terms.Of("The Café in Zürich isn't open, 2026!"));

    [Fact]
    public void A_turn_is_found_by_the_words_of_the_question_before_it()
    {
        var index = Index(("user", "Nice weather."), ("assistant", "Aye."), ("assistant", "Where did you hide the lantern?"), ("user", "Behind the third barrel."), ("assistant", "I see."), ("user", "Soup is ready."));
        var found = index.Search("lantern", 5).Select(turn => turn.Turn.Content).ToList();
        Assert.Equal("Where did you hide the lantern?", found[0]);
        Assert.Contains("Behind the third barrel.", found.Take(3));
        Assert.DoesNotContain("Soup is ready.", found);
    }

    [Fact]
    public void A_question_about_the_one_who_asks_prefers_their_own_words()
    {
        var index = Index(("assistant", "The orchid needs water."), ("assistant", "Hm."), ("assistant", "So."), ("user", "The orchid needs water."));
        Assert.Equal("user", index.Search("What did I say about the orchid?", 2)[0].Turn.Role);
        Assert.Equal("assistant", index.Search("What did you say about the orchid?", 2)[0].Turn.Role);
    }

    [Fact]
    public async Task A_turn_of_an_earlier_session_is_recalled_with_its_date_and_speaker()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(new DateTimeOffset(2026, 3, 14, 9, 26, 53, TimeSpan.Zero));
        await using var memory = await MemoryHost.StartAsync(time: time);
        var told = await memory.ExchangeAsync("We buried the brass compass under the old lighthouse.", "A good place.");
        time.Advance(TimeSpan.FromDays(30));
        var asked = await memory.SayAsync("Do you remember the compass?");
        Assert.Contains("- [2026-03-14 · Mara] We buried the brass compass under the old lighthouse.", asked.Messages[0].Content);
        var item = (await memory.ReceiptAsync(asked)).Recalled[0];
        Assert.Equal(("turn", told.UserTurn, true), (item.Kind, item.Source.Turn, item.Included));
        Assert.Contains("lexical", item.Lanes.Keys);
    }

    [Fact]
    public async Task A_turn_that_is_in_the_running_conversation_is_not_repeated_as_a_memory()
    {
        await using var memory = await MemoryHost.StartAsync();
        var session = (await memory.ExchangeAsync("We buried the brass compass.", "Aye.")).Session;
        var asked = await memory.SayAsync("Where is the compass?", session);
        Assert.DoesNotContain("buried", asked.Messages[0].Content);
        Assert.Contains("in the running conversation", Assert.Single((await memory.ReceiptAsync(asked)).Recalled, item => item.Included is false && item.Text.Contains("buried", StringComparison.Ordinal)).Why);
    }

    [Fact]
    public async Task A_restart_changes_nothing_in_what_is_recalled()
    {
        var home = Directory.CreateTempSubdirectory("comox-memory-").FullName;
        try
        {
            string before, after;
            await using (var memory = await MemoryHost.StartAsync(home))
            {
                for (var number = 0; number < 12; number++)
                    await memory.ExchangeAsync($"My trinket{number} is marble{number}. The sea was grey.", $"Grey sea {number}.");
                before = (await memory.SayAsync("What do you remember of the sea?")).Messages[0].Content;
            }

            await using (var memory = await MemoryHost.StartAsync(home))
                after = (await memory.SayAsync("What do you remember of the sea?")).Messages[0].Content;
            Assert.Equal(before, after);
        }
        finally
        {
            Directory.Delete(home, recursive: true);
        }
    }

    [FsCheck.Xunit.Property(MaxTest = 300)]
    public void What_holds_without_a_turn_is_what_would_hold_had_it_never_been_said(byte[] said, byte removed)
    {
        string[] relations = ["lives_in", "name", "likes", "hates", "likes_to_drink", "pet.cat", "named.sister"];
        string[] values = ["tea", "Porto", "Pixel", ""];
        var log = (said ?? []).Select((pick, at) => new ToldFact(
            $"f{at:D4}", relations[pick % relations.Length], values[pick / 7 % 3], pick >= 200, $"s{at % 3}", $"t{at / 2}", DateTimeOffset.UnixEpoch.AddSeconds(at / 3), at, "")).ToList();
        var turn = $"t{removed % Math.Max(1, log.Count)}";

        // The fold keeps no state, so this holds for any order in which the log is read.
        var without = log.Where(fact => fact.TurnId != turn).ToList();
        var never = ((IEnumerable<ToldFact>)without).Reverse().ToList();
        Assert.Equal(FactFold.Held(without), FactFold.Held(never));
        Assert.All(FactFold.Held(without).GroupBy(fact => fact.Relation), group => Assert.True(group.Count() == 1 || !Relations.IsFunctional(group.Key)));
        Assert.DoesNotContain(FactFold.Held(log), fact => fact.Retracts);
    }

    private static RecallIndex Index(params (string Role, string Content)[] turns)
    {
        var segment = new RecallSegment();
        var number = 0;
        foreach (var (role, content) in turns)
            segment.Add(new RecallTurn($"t{number++:D4}", "s", role, content, DateTimeOffset.UnixEpoch), role == "user" ? "mara" : "brine", []);
        return new RecallIndex(new Dictionary<string, RecallSegment> { ["s"] = segment });
    }
}
