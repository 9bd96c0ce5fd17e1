using Comox.Memory.Ingestion;
using Comox.Memory.Recall;

namespace Comox.Memory.Tests;

public sealed class RecallIntentTests
{
    [Theory]
    [InlineData("Hello!", nameof(Intent.SmallTalk))]
    [InlineData("Good morning, Brine, how are you?", nameof(Intent.SmallTalk))]
    [InlineData("Thanks, see you soon!", nameof(Intent.SmallTalk))]
    [InlineData("", nameof(Intent.SmallTalk))]
    [InlineData("How are you with a sextant?", nameof(Intent.AboutCharacter))]
    [InlineData("Where do I live?", nameof(Intent.AboutPerson))]
    [InlineData("Where is your ship?", nameof(Intent.AboutCharacter))]
    [InlineData("When did I move?", nameof(Intent.Temporal))]
    [InlineData("What did we do last week?", nameof(Intent.Temporal))]
    [InlineData("What books have I read?", nameof(Intent.List))]
    [InlineData("Which European cities did you see?", nameof(Intent.List))]
    [InlineData("What do we both like?", nameof(Intent.List))]
    [InlineData("What is my address?", nameof(Intent.AboutPerson))]
    [InlineData("Who found the lantern?", nameof(Intent.Other))]
    [InlineData("Do you remember the lantern?", nameof(Intent.Other))]
    [InlineData("Can you tell me about my ship?", nameof(Intent.AboutPerson))]
    [InlineData("Tell me about your ship.", nameof(Intent.AboutCharacter))]
    [InlineData("So much, and all?", nameof(Intent.List))]
    public void A_message_is_read_by_its_words(string message, string intent) =>
        Assert.Equal(intent, RecallLines.Index(("user", "Hello.")).Search(RecallLines.Query(message), 5).Intent.ToString());

    [Fact]
    public void A_greeting_recalls_who_the_person_is_and_nothing_else()
    {
        var index = RecallLines.Index(("user", "Hello, how are you? I am well."), ("assistant", "Hello."));
        var facts = new[] { Fact(Relations.Name, "Mara"), Fact(Relations.LivesIn, "Porto") };
        var recalled = Recaller.Recall(index, facts, RecallLines.Query("Hello, how are you?"));
        Assert.Equal((Intent.SmallTalk, "Mara"), (recalled.Intent, Assert.Single(recalled.Candidates).Fact!.Object));
        Assert.Equal(2, Recaller.Recall(index, facts, RecallLines.Query("Hello, where do I live?")).Candidates.Count(candidate => candidate.Fact is not null));
    }

    private static ToldFact Fact(string relation, string value) => new($"f-{value}", relation, value, false, "s", "s-0000", RecallLines.Start, 1, value);
}
