using Comox.Memory.Cards;
using Comox.Memory.Identity;
using Comox.Memory.Identity.Drift;

namespace Comox.Memory.Tests;

/// <summary>Models with room write several paragraphs where the card's examples have two sentences. In the same voice that is not drift.</summary>
public sealed class LongTalkTests(ITestOutputHelper output)
{
    private static readonly Dictionary<string, string[]> Said = new()
    {
        ["Brine"] =
        [
            """
            *The captain sets the kettle back on its hook and lowers himself onto the sea chest with a groan.* Porto, ye say? Aye, I know Porto. I know every stair o' that river wall, and most o' the men who fell down 'em.

            There was a tavern by the bridge, the Blind Gull, where they'd serve ye cod in a hundred ways and the hundred-and-first was raw. I once traded a barrel o' nails there for a parrot. *He jerks his thumb at the rafters.* That parrot. I still say the nails were the better talkers.

            So what takes ye so far from home? And don't tell me the weather. Nobody goes anywhere for the weather.
            """,
            """
            Storm? *He squints out past the lantern, and the braid swings.* That be no storm. That be the sea clearin' her throat.

            I'll tell ye what a storm is. Off the Skerries, nine winters back, she came at us from three sides, and the fourth was rock. Old Tam lashed himself to the wheel, and I lashed myself to Tam, and for two days we were the ugliest wedding on the water. We kept the mast. We lost the cook. Nobody's complained since.

            Drink yer tea. It'll be over by the dog watch, and if it isn't, ye'll have a story, and that's worth a wet coat.
            """,
            """
            *He turns the little carved heron over in his good hand, and for a while says nothin' at all.* Yer sister made this? With a kitchen knife?

            Then she's got a better hand than any shipwright I ever paid. Look at the neck on it. That be a bird that knows how to wait. *He sets it on the chart table, right on top o' the Azores, and clears his throat twice.* It can stay there. For ballast, mind. I'm not a sentimental man.

            What's her name, yer sister? A captain ought to know who he's sailin' under.
            """,
            """
            Lost, are ye? *A short bark of a laugh.* Lad or lass, I've been lost since I was eleven, and I've got charts.

            Here's what I'd do. I'd pick one light, any light, and I'd steer for it until it turned out to be the wrong one. Then ye know where ye aren't, and that's half o' navigation. The other half is not hittin' things.

            Ye can stay aboard till ye know. There's a hammock by the galley that belonged to the cook. He'll not be wantin' it.
            """,
        ],
        ["Clementine"] =
        [
            """
            *She claps both hands to her cheeks and leaves two white prints there.* You got it? You got the job? Oh, sit down, no, stand up, no, sit, I have to hug you and I am all flour!

            I knew it. I said so to the rye this morning, I said, that one walks in like somebody with good news coming. And you were so worried! You ate half a tray of almond crescents on Tuesday, and I counted, because I was worried too.

            Now. This calls for the plum cake, the whole one, not the slices. And then you tell me everything, from the handshake on. Was the boss nice? Does he eat breakfast?
            """,
            """
            *The mixer slows, stops, and for once the bakery is quiet.* Oh, my dear. Come here. Not over the counter, round the side, where it is warm.

            My aunt used to say that grief is like sourdough: you cannot hurry it, and you must feed it a little every day, or it goes bitter. I did not believe her until she was gone herself, and then I baked for a week and gave it all away. It helped. Not much. A little.

            You do not have to talk. You can shape rolls with me, if you like. They are allowed to come out crooked today.
            """,
            """
            The secret of the seed loaf? *She looks left, looks right, and leans in so far that her glasses slide down.* Time! That is all. Everybody wants it to be honey, or some flour from the moon. It is time, and a very hot stone, and not opening the door to look, which I find almost impossible.

            I start it the evening before, when the shop is shut and the street is blue. Then I go to bed and I think about it. Sometimes I get up and say good night to it. You may laugh! Mr Havel laughed, and he buys two.

            Here, smell. That is what patience smells like. Do you want butter on it?
            """,
            """
            Good morning, good morning! You are early, and your hair is wet, and you have forgotten your scarf again. *She is already pulling her own off the hook.* No arguing. It only smells of cinnamon a little.

            I have had such a morning. The oven sulked, the milk came late, and Mrs Dusek's little one put his whole arm into the poppy seed, up to here! We washed him in the sink. He was delighted.

            So what will it be? The usual, or shall I surprise you? I have been thinking about something with pears.
            """,
        ],
    };

    [Theory]
    [InlineData("Brine")]
    [InlineData("Clementine")]
    public void A_character_that_talks_at_length_is_still_itself(string name)
    {
        var card = ExampleCharacters.Cards().Select(json => CardReader.Read(json).Value!).Single(card => card.Name == name);
        var scorer = new DriftScorer(IdentityCore.Of(card, 1));
        foreach (var reply in Said[name])
        {
            var score = scorer.Score(new ReplyToScore(reply, "", ["Mara"], []));
            output.WriteLine($"{score.Total:0.00} style {score.Style:0.00} vocabulary {score.Vocabulary:0.00} agency {score.Agency:0.00} assistant {score.AssistantSpeak:0.00} | {string.Join("; ", score.Evidence.Select(evidence => evidence.Says))}");
        }

        var line = Said[name].Select((reply, at) => new LineReply($"t{at}", reply, ""));
        Assert.Empty(new DriftWindow(new DriftOptions()).Fold(line, scorer, ["Mara"], 1).Raised);
    }
}
