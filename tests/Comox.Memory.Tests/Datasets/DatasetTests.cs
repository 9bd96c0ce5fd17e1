using System.Text.Json;
using System.Text.RegularExpressions;
using Comox.Memory.Datasets;
using Comox.Memory.Datasets.People;
using Comox.Memory.Datasets.Talk;
using Comox.Memory.Datasets.Words;
using Comox.Memory.SuperPrompt;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.TestKit;

namespace Comox.Memory.Tests.Datasets;

public sealed class DatasetTests
{
    [Fact]
    public void The_same_seed_makes_the_same_file_and_another_seed_another()
    {
        using var home = new TempHome();
        var first = Write(home, "first", "--seed", "7");
        Assert.Equal(first, Write(home, "second", "--seed", "7"));
        Assert.NotEqual(first, Write(home, "third", "--seed", "8"));
    }

    [Fact]
    public void A_line_is_an_example_in_the_form_of_openais_fine_tuning_with_the_super_prompt_of_the_memory_service()
    {
        using var home = new TempHome();
        foreach (var line in Write(home, "set").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using var json = JsonDocument.Parse(line);
            Assert.Equal(["messages"], json.RootElement.EnumerateObject().Select(property => property.Name));
            var messages = json.RootElement.GetProperty("messages").EnumerateArray().ToList();
            Assert.Equal("system", Role(messages[0]));
            Assert.StartsWith("You are ", messages[0].GetProperty("content").GetString());
            Assert.Contains("Stay in character, and never speak or act for", messages[0].GetProperty("content").GetString());
            Assert.All(messages.Skip(1).Select((message, at) => (message, at)), pair => Assert.Equal(pair.at % 2 == 0 ? "user" : "assistant", Role(pair.message)));
            Assert.Equal("assistant", Role(messages[^1]));
            Assert.False(messages[^1].TryGetProperty("weight", out _));
            Assert.All(messages, message => Assert.True(!message.TryGetProperty("weight", out var weight) || (Role(message) == "assistant" && weight.GetInt32() == 0)));
        }
    }

    [Fact]
    public void What_an_answer_rests_on_is_in_its_prompt_and_in_the_answer()
    {
        var generator = new DatasetGenerator(WordLists.BuiltIn, PromptProfile.BuiltIn, 3);
        var examples = Stage.All.SelectMany(stage => Enumerable.Range(0, 60).SelectMany(number => generator.Make(stage, number))).ToList();
        var asked = examples.Where(example => example.Kind.StartsWith("ask.", StringComparison.Ordinal)).ToList();
        Assert.True(asked.Count > examples.Count / 4, $"{asked.Count} of {examples.Count} ask for something known.");
        Assert.All(asked, example =>
        {
            Assert.NotEmpty(example.Uses);
            Assert.All(example.Uses, value => Assert.Contains(value, example.Reply, StringComparison.OrdinalIgnoreCase));
            Assert.All(example.Uses, value => Assert.Contains(example.Prompt, message => message.Content.Contains(value, StringComparison.OrdinalIgnoreCase)));
        });
    }

    [Fact]
    public void What_was_just_told_is_taken_back_without_naming_it_and_asked_for_as_it_is_now()
    {
        const string Mend = "I take it back: ";
        var generator = new DatasetGenerator(WordLists.BuiltIn, PromptProfile.BuiltIn, 4);
        var crowded = Stage.All.Single(stage => stage.Name == "crowded");
        var asked = (from number in Enumerable.Range(0, 1500)
                     from example in generator.Make(crowded, number)
                     let mend = example.Prompt.Select(message => message.Content).LastOrDefault(said => said.StartsWith(Mend, StringComparison.OrdinalIgnoreCase))
                     where mend is not null && example.Kind.StartsWith("ask.", StringComparison.Ordinal)
                     select (Now: mend[Mend.Length..].TrimEnd('.', '!', '?', ' '), example)).ToList();
        Assert.Contains(asked, pair => pair.example.Uses.Contains(pair.Now) && pair.example.Reply.Contains(pair.Now, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public void A_data_set_goes_from_the_short_to_the_long_without_a_leap()
    {
        var dice = new Dice(1);
        double Share(string name, double made) => Enumerable.Range(0, 4000).Count(_ => Stage.At(made, dice).Name == name) / 4000.0;
        Assert.Equal(1, Share("echo", 0));
        Assert.InRange(Share("bare", .06), .8, 1);
        Assert.InRange(Share("long", .999), .38, .5);
        Assert.All(Stage.All.Select(stage => stage.Name), name => Assert.All(Enumerable.Range(1, 18), step => Assert.InRange(Share(name, (step + 1) * .05) - Share(name, step * .05), -.35, .35)));
    }

    [Fact]
    public void Every_kind_of_exchange_comes_up_and_most_word_lists_are_used()
    {
        var generator = new DatasetGenerator(WordLists.BuiltIn, PromptProfile.BuiltIn, 5);
        foreach (var stage in Stage.All)
        {
            for (var number = 0; number < 400; number++)
                generator.Make(stage, number);
        }

        var kinds = generator.Counts.Kinds.Keys.Select(kind => kind.Split('.')[0]).ToHashSet(StringComparer.Ordinal);
        Assert.Superset(
            new HashSet<string>
            {
                "ask", "unknown", "tell", "correct", "world", "recap", "name", "chat", "are_you_ai", "boundary", "where", "when", "who", "move", "greetings", "howareyou", "thanks", "bye", "story", "self", "goodnews", "badnews",
            },
            kinds);
        var topics = generator.Counts.Kinds.Keys.Where(kind => kind.StartsWith("ask.", StringComparison.Ordinal)).Select(kind => kind[4..]).Order(StringComparer.Ordinal);
        Assert.Equal(WordLists.BuiltIn.Folder("topics").Select(list => list.Name).Order(StringComparer.Ordinal), topics);
        Assert.All(WordLists.BuiltIn.Folder("topics"), list => Assert.True(list["ask"].Count >= 30, $"{list.Name} is asked in {list["ask"].Count} ways only."));
        Assert.InRange(generator.Counts.Dropped.Values.Sum(), 1, generator.Counts.Examples / 5);
    }

    [Fact]
    public void Replies_of_characters_with_a_saying_have_it()
    {
        var words = new Wordsmith(WordLists.BuiltIn);
        var personas = new PersonaMaker(WordLists.BuiltIn, words, new BoundaryMaker(WordLists.BuiltIn, words));
        for (var seed = 0; seed < 300; seed++)
        {
            var dice = new Dice(seed);
            var speech = personas.Make(dice, seed % 3).Speech;
            foreach (var line in (string[])["greet", "mood", "thanks", "bye", "unknown", "world", "noted", "corrected", "refuse"])
                Assert.True(speech.Tic.Length == 0 || speech.IsMarkedIn(speech.Line(line, dice)), $"{speech.Tic} is not in a line '{line}'.");
            Assert.True(speech.IsMarkedIn(speech.Say("You live in Porto.", dice)), speech.Say("You live in Porto.", dice));
        }
    }

    [Fact]
    public void What_a_card_quotes_of_its_characters_speech_is_in_every_reply()
    {
        var words = new Wordsmith(WordLists.BuiltIn);
        var personas = new PersonaMaker(WordLists.BuiltIn, words, new BoundaryMaker(WordLists.BuiltIn, words));
        var quoted = 0;
        for (var seed = 0; seed < 300; seed++)
        {
            var dice = new Dice(seed);
            var persona = personas.Make(dice, seed % 3);
            var speech = persona.Speech;
            foreach (var phrase in Regex.Matches(persona.Card.Identity.Style, "\"([^\"]+)\"").Select(match => match.Groups[1].Value.Trim('.', ',', '!', '?')))
            {
                quoted++;
                Assert.All(
                    ((string[])["greet", "mood", "thanks", "bye", "unknown", "world", "noted", "corrected", "refuse"]).Select(line => speech.Line(line, dice)).Append(speech.Say("You live in Porto.", dice)),
                    reply => Assert.Contains(phrase, reply, StringComparison.OrdinalIgnoreCase));
            }
        }

        Assert.InRange(quoted, 50, 300);
    }

    [Fact]
    public void Nothing_is_learned_from_a_reply_whose_ground_was_cut_away()
    {
        var maker = new EncounterMaker(WordLists.BuiltIn);
        var cut = 0;
        for (var seed = 0; seed < 300; seed++)
        {
            var encounter = maker.Make(Stage.All.Single(stage => stage.Name == "long"), PromptProfile.BuiltIn, new Dice(seed));
            if (encounter.Prompt("Hello!")?.Messages is not { } prompt)
                continue;
            var unlearned = encounter.NotLearned(prompt);
            foreach (var (exchange, learn) in encounter.History)
            {
                var at = Enumerable.Range(1, prompt.Count - 1).FirstOrDefault(place => prompt[place].Content == exchange.Reply && prompt[place - 1].Content == exchange.Said);
                if (at == 0)
                    continue;
                var rests = exchange.Uses.Concat([exchange.Mends]).OfType<Statement>().Select(statement => statement.Value);
                if (!unlearned.Contains(exchange.Reply))
                    Assert.All(rests, value => Assert.Contains(prompt.Take(at), message => message.Content.Contains(value, StringComparison.OrdinalIgnoreCase)));
                else if (learn)
                    cut++;
            }
        }

        Assert.InRange(cut, 1, int.MaxValue);
    }

    [Fact]
    public void Whoever_tells_of_another_son_has_two_and_one_mother()
    {
        var family = new Topic(WordLists.BuiltIn.Folder("topics").Single(list => list.Name == "family"));
        var person = new Person { Name = UserName.Named("Mara") };
        Slot son = new(family, "son"), mother = new(family, "mother");
        foreach (var (slot, name) in new[] { (son, "Ole"), (mother, "Ida"), (son, "Per"), (mother, "Una") })
            person.Learn(new Statement(slot, name));
        Assert.Equal(["Ole", "Per", "Una"], person.Known.Select(known => known.Value).Order());
        Assert.False(person.IsCorrected(son));
        person.Learn(new Statement(son, "Tor"), corrects: true);
        Assert.Equal(["Tor", "Una"], person.Known.Select(known => known.Value).Order());
    }

    [Fact]
    public void What_a_character_does_not_talk_about_is_asked_for_by_the_name_that_its_card_has()
    {
        var boundaries = new BoundaryMaker(WordLists.BuiltIn, new Wordsmith(WordLists.BuiltIn));
        for (var seed = 0; seed < 300; seed++)
        {
            var matter = boundaries.Made(new Dice(seed));
            var name = Assert.Single(matter.Words);
            Assert.Contains(name, matter.Text, StringComparison.Ordinal);
            Assert.All(matter.Questions, question => Assert.Contains(name, question, StringComparison.Ordinal));
            Assert.DoesNotContain('{', matter.Text + string.Concat(matter.Questions));
        }
    }

    [Fact]
    public void Words_out_of_a_sentence_are_as_they_stand_in_it()
    {
        var snippets = new Snippets(WordLists.BuiltIn);
        var said = Enumerable.Range(0, 500).Select(seed => snippets.Make(new Dice(seed))).ToList();
        Assert.All(said, words => Assert.Matches(@"^[\p{L}']+(,? [\p{L}']+){1,3}$", words));
        Assert.True(said.Distinct(StringComparer.Ordinal).Count() > 400);
        Assert.Contains(said, words => words.Contains(',', StringComparison.Ordinal));
    }

    [Fact]
    public void What_one_drinks_is_asked_for_where_only_what_one_eats_is_known()
    {
        var generator = new DatasetGenerator(WordLists.BuiltIn, PromptProfile.BuiltIn, 6);
        var crowded = Stage.All.Single(stage => stage.Name == "crowded");
        var asked = Enumerable.Range(0, 400).SelectMany(number => generator.Make(crowded, number)).Where(example => example.Kind == "unknown.likes_to_drink").ToList();
        Assert.Contains(asked, example => example.Prompt[^1].Content.Contains(" likes to eat ", StringComparison.Ordinal));
        Assert.DoesNotContain(asked, example => example.Prompt[^1].Content.Contains(" likes to drink ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--out")]
    [InlineData("--seed", "1")]
    [InlineData("--out", "x", "--encounters", "none")]
    [InlineData("--out", "x", "--stage", "huge")]
    [InlineData("--out", "x", "--stage", "long", "--after", "0.5")]
    [InlineData("--out", "x", "--voice", "pirate")]
    [InlineData("--out", "x", "--card", "x.json")]
    public void What_is_not_understood_is_answered_with_the_usage(params string[] args)
    {
        using var told = new StringWriter();
        Assert.Equal(2, DatasetVerb.Run(["dataset", .. args], told));
        Assert.Contains("Usage: dataset --out FOLDER", told.ToString());
    }

    [Fact]
    public void The_data_card_says_seed_counts_and_verdicts()
    {
        using var home = new TempHome();
        Write(home, "set", "--seed", "11");
        var card = File.ReadAllText(Path.Combine(home.Path, "set", "data-card.md"));
        Assert.Contains("| seed | 11 |", card);
        Assert.Contains("## Kept out", card);
        Assert.Contains("| ask.lives_in | ", card);
        Assert.Contains("| topics/lives_in | ", card);
    }

    private static string? Role(JsonElement message) => message.GetProperty("role").GetString();

    private static string Write(TempHome home, string name, params string[] args)
    {
        using var told = new StringWriter();
        var folder = Path.Combine(home.Path, name);
        Assert.Equal(0, DatasetVerb.Run(["dataset", "--out", folder, "--encounters", "120", .. args], told));
        Assert.Contains("examples of 120 encounters", told.ToString());
        return File.ReadAllText(Path.Combine(folder, "train.jsonl"));
    }
}
