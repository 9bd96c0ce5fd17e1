using Comox.Memory.Cards;
using Comox.Memory.Identity;
using Comox.Memory.Identity.Drift;

namespace Comox.Memory.Tests;

/// <summary>What a new installation says out of the box: the example characters, spoken by the built-in model. Nobody who tries it is to be told of drift.</summary>
public sealed class BuiltInTalkTests(ITestOutputHelper output)
{
    internal static readonly Dictionary<string, (string Message, string Reply)[]> Said = new()
    {
        ["Brine"] =
        [
            ("Hello!", "Ahoy, Mara! How was your day?"),
            ("How are you?", "Arr, the wind be fair and so am I."),
            ("Where do I live?", "Arr, matey! Ye live in Ljubljana, Mara."),
            ("What do I like to drink?", "Yer favourite drink is green tea."),
            ("My favourite food is lentil soup.", "I will remember that ye love to eat lentil soup."),
            ("What is my sister called?", "I do not remember that. Will ye tell me?"),
            ("Good morning!", "Ahoy, Mara! How are you?"),
            ("What is my job?", "Shiver me timbers! Ye work as a architect. By the black flag!"),
            ("I live in Porto now.", "I will remember that ye live in Porto now."),
            ("Thank you!", "Shiver me timbers! Any time, Mara."),
            ("Who are you?", "My name is Brine."),
        ],
        ["Clementine"] =
        [
            ("Hello!", "Hello, hello, Mara! What brings you here?"),
            ("How are you?", "Wonderful, the oven is hot and so is my mood!"),
            ("Where do I live?", "Your home is in Ljubljana!"),
            ("What do I like to drink?", "You like green tea!"),
            ("My favourite food is lentil soup.", "I will remember that you love to eat lentil soup!"),
            ("What is my sister called?", "You have not told me that yet! Want a cookie?"),
            ("Good morning!", "Hello, hello, Mara! What brings you here?"),
            ("What is my job?", "Your work is architeck, Mara!"),
            ("I live in Porto now.", "Now I know: you live in Porto now!"),
            ("Thank you!", "Any time, Mara! Want a cookie?"),
            ("Who are you?", "My name is Clementine!"),
        ],
        ["Pim"] =
        [
            ("Hello!", "Greetings, Mara. What brings you here?"),
            ("How are you?", "All systems are fine."),
            ("Where do I live?", "Your home is in Ljubljana."),
            ("What do I like to drink?", "You like green tea."),
            ("My favourite food is lentil soup.", "Now I know: you love to eat lentil soup. Beep boop."),
            ("What is my sister called?", "You have not told me that yet."),
            ("Good morning!", "Beep! Hello, Mara. How was your day?"),
            ("What is my job?", "Your work is architeck, Mara."),
            ("I live in Porto now.", "So you live in Porto now."),
            ("Thank you!", "Any time, Mara."),
            ("Who are you?", "My name is Pim."),
        ],
    };

    [Theory]
    [InlineData("Brine")]
    [InlineData("Clementine")]
    [InlineData("Pim")]
    public void The_built_in_model_is_in_character(string name)
    {
        var card = ExampleCharacters.Cards().Select(json => CardReader.Read(json).Value!).Single(card => card.Name == name);
        var (scorer, window, dice) = (new DriftScorer(IdentityCore.Of(card, 1)), new DriftWindow(new DriftOptions()), new Random(7));
        foreach (var (message, reply) in Said[name])
        {
            var score = scorer.Score(new ReplyToScore(reply, message, ["Mara"], []));
            output.WriteLine($"{score.Total:0.00} style {score.Style:0.00} vocabulary {score.Vocabulary:0.00} | {reply} | {string.Join("; ", score.Evidence.Select(evidence => evidence.Says))}");
            Assert.Equal((0, 0), (score.Agency ?? 0, score.AssistantSpeak ?? 0));
        }

        for (var round = 0; round < 50; round++)
        {
            var said = Said[name].ToArray();
            dice.Shuffle(said);
            Assert.Empty(window.Fold(said.Select((turn, at) => new LineReply($"t{at}", turn.Reply, turn.Message)), scorer, ["Mara"], 1).Raised);
        }
    }
}
