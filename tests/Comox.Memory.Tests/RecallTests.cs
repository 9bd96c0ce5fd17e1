using Comox.Memory.Recall;
using Comox.ServiceDefaults.Contracts.OpenAI;

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

    [Theory]
    [InlineData("We met in May, Will and I.", new[] { "meet", "mai", "will" })]
    [InlineData("May I? Will you? I may, he will.", new string[0])]
    [InlineData("我住在東京。Tokyo", new[] { "我住", "住在", "在東", "東京", "tokyo" })]
    [InlineData("Mara's cats' O'Brien isn't what's his", new[] { "mara", "cat", "obrien" })]
    [InlineData("猫 and 犬", new[] { "猫", "犬" })]
    public void Names_are_not_taken_for_stop_words_and_scripts_without_spaces_have_terms(string text, string[] terms) => Assert.Equal(terms, Terms.Of(text));

    [Fact]
    public async Task A_clock_that_is_set_back_hides_nothing_from_recall()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(new DateTimeOffset(2026, 3, 14, 9, 26, 53, TimeSpan.Zero));
        await using var memory = await MemoryHost.StartAsync(time: time);
        await memory.ExchangeAsync("My sister is called Ottilie.", "Aye.");
        await memory.ExchangeAsync("Nice weather.", "Aye.");
        time.AdjustTime(time.GetUtcNow().AddHours(-1));
        await memory.ExchangeAsync("My brother is called Anton.", "Aye.");
        Assert.Contains("Anton", (await memory.SayAsync("What is my brother called?")).Messages[^1].Content);
    }

    [Fact]
    public async Task The_day_of_a_memory_is_the_day_it_was_where_the_service_runs()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(new DateTimeOffset(2026, 3, 14, 20, 0, 0, TimeSpan.Zero));
        time.SetLocalTimeZone(TimeZoneInfo.CreateCustomTimeZone("East", TimeSpan.FromHours(10), "East", "East"));
        await using var memory = await MemoryHost.StartAsync(time: time);
        await memory.ExchangeAsync("We buried the brass compass. My sister is called Ottilie.", "Aye.");
        var prompt = (await memory.SayAsync("Where is the compass? What is my sister called?")).Messages[^1].Content;
        Assert.Contains("[2026-03-15]", prompt);
        Assert.DoesNotContain("2026-03-14", prompt);
    }

    [Fact]
    public void A_turn_is_found_by_the_words_of_the_question_before_it()
    {
        var index = RecallLines.Index(("user", "Nice weather."), ("assistant", "Aye."), ("assistant", "Where did you hide the lantern?"), ("user", "Behind the third barrel."), ("assistant", "I see."), ("user", "Soup is ready."));
        var found = RecallLines.Search(index, "lantern", 5).Turns.Select(turn => turn.Turn.Content).ToList();
        Assert.Equal(["Behind the third barrel.", "Where did you hide the lantern?"], found.Take(2));
        Assert.DoesNotContain("Soup is ready.", found);
    }

    [Fact]
    public void A_question_about_the_one_who_asks_prefers_their_own_words()
    {
        var index = RecallLines.Index(("assistant", "The orchid needs water."), ("assistant", "Hm."), ("assistant", "So."), ("user", "The orchid needs water."));
        Assert.Equal("user", RecallLines.Search(index, "What did I say about the orchid?", 2).Turns[0].Turn.Role);
        Assert.Equal("assistant", RecallLines.Search(index, "What did you say about the orchid?", 2).Turns[0].Turn.Role);
    }

    [Fact]
    public async Task A_turn_of_an_earlier_session_is_recalled_with_its_date_and_speaker()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(new DateTimeOffset(2026, 3, 14, 9, 26, 53, TimeSpan.Zero));
        await using var memory = await MemoryHost.StartAsync(time: time);
        var told = await memory.ExchangeAsync("We buried the brass compass under the old lighthouse.", "A good place.");
        time.Advance(TimeSpan.FromDays(30));
        var asked = await memory.SayAsync("Do you remember the compass?");
        Assert.Contains("- [2026-03-14 · Mara] We buried the brass compass under the old lighthouse.", asked.Messages[^1].Content);
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
        Assert.DoesNotContain("buried", asked.Messages[^1].Content);
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
                before = (await memory.SayAsync("What do you remember of the sea?")).Messages[^1].Content;
            }

            await using (var memory = await MemoryHost.StartAsync(home))
                after = (await memory.SayAsync("What do you remember of the sea?")).Messages[^1].Content;
            Assert.Equal(before, after);
        }
        finally
        {
            Directory.Delete(home, recursive: true);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task What_holds_without_a_turn_is_what_would_hold_had_it_never_been_said(int seed)
    {
        string[] statements =
        [
            "I live in Porto.", "I moved to Riga.", "I no longer live in Riga.", "I like tea.", "I hate tea.", "My name is Mara.", "My name is Inga.", "My cat is called Pixel.",
            "My sister is called Ottilie.", "I like to drink cocoa.",
        ];
        var random = new Random(seed);
        var said = Enumerable.Range(0, 8).Select(_ => statements[random.Next(statements.Length)]).ToList();
        var removed = random.Next(1, said.Count - 1);
        var branched = await HeldAsync(said, removed, edit: true);
        Assert.Equal(await HeldAsync(said, removed, edit: false), branched);
    }

    /// <summary>What a new session is told of a history without one of its messages: edited away after it was answered, or never sent.</summary>
    private static async Task<string> HeldAsync(IReadOnlyList<string> said, int removed, bool edit)
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(new DateTimeOffset(2026, 3, 14, 9, 0, 0, TimeSpan.Zero));
        await using var memory = await MemoryHost.StartAsync(time: time);
        var line = new List<ChatMessage>();
        string? session = null;
        for (var at = 0; at < said.Count; at++)
        {
            if (at == removed && !edit)
                continue;
            time.Advance(TimeSpan.FromSeconds(1));
            var answer = (await memory.AskAsync([.. line, new("user", said[at])], session)).Value!;
            await memory.ReplyAsync(answer, $"Aye {at}.");
            session = answer.Session;
            if (at != removed)
                line.AddRange([new("user", said[at]), new("assistant", $"Aye {at}.")]);
        }

        var facts = (await memory.FactsAsync()).Select(fact => fact.Text).Order(StringComparer.Ordinal);
        return string.Join('\n', facts) + "\n" + (await memory.SayAsync("What do you know about my tea, my cat and where I live?")).Messages[^1].Content;
    }
}
