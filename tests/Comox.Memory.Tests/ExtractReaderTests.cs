using Comox.Memory.Ingestion;
using Comox.Memory.Sessions;
using Comox.Memory.Storage;

namespace Comox.Memory.Tests;

/// <summary>What a model may claim of a turn, and what not even a good quote makes a fact.</summary>
public sealed class ExtractReaderTests
{
    [Theory]
    [InlineData("My password is hunter2, do not tell.", "password", "hunter2", "My password is hunter2")]
    [InlineData("My password is hunter2, do not tell.", "uses", "hunter2", "password is hunter2")]
    [InlineData("My password is hunter2, do not tell.", "uses", "hunter2", "hunter2")]
    [InlineData("My credit card is 4111 1111.", "pays_with", "4111 1111", "4111 1111")]
    [InlineData("My card number is 4111 1111.", "card_number", "4111 1111", "4111 1111")]
    [InlineData("My card number is 4111 1111.", "is.card_number", "4111 1111", "4111 1111")]
    public void A_secret_that_somebody_lets_slip_is_no_fact(string said, string relation, string value, string quote) =>
        Assert.Empty(Read(Utterance.User, said, "USER", relation, value, quote));

    [Fact]
    public void What_a_character_says_of_the_person_is_not_what_the_person_said()
    {
        Assert.Empty(Read(Utterance.Assistant, "So ye live in Paris, do ye?", "USER", "lives_in", "Paris", "live in Paris"));
        Assert.Equal("Brine", Assert.Single(Read(Utterance.Assistant, "I was born in Genoa.", "Brine", "born_in", "Genoa", "born in Genoa")).About);
        Assert.Null(Assert.Single(Read(Utterance.User, "I was born in Genoa.", "USER", "born_in", "Genoa", "born in Genoa")).About);
    }

    [Theory]
    [InlineData("Bob", false)]
    [InlineData("my brother", true)]
    [InlineData("USER's brother", true)]
    public void Whom_a_fact_is_about_has_been_named(string about, bool isTaken) =>
        Assert.Equal(isTaken, Read(Utterance.User, "My brother moved to Graz.", about, "lives_in", "Graz", "moved to Graz").Count == 1);

    [Theory]
    [InlineData("I")]
    [InlineData("Me")]
    [InlineData("USER")]
    [InlineData("the User")]
    [InlineData("Mara")]
    public void The_person_is_the_person_whatever_a_model_calls_them(string about) =>
        Assert.Null(Assert.Single(Read(Utterance.User, "We settled in Porto last spring.", about, "lives_in", "Porto", "settled in Porto")).About);

    [Fact]
    public void A_pasted_book_is_not_worth_a_models_time()
    {
        Assert.True(ExtractPrompt.IsWorthReading("We settled in Porto last spring."));
        Assert.False(ExtractPrompt.IsWorthReading(string.Concat(Enumerable.Repeat("We settled in Porto last spring. ", 1000))));
        Assert.True(ExtractPrompt.Material([Turn("trn_0", Utterance.User, new string('x', 100_000)), Turn("trn_1", Utterance.User, "We settled in Porto.")], [], "Brine").Length < 10_000);
    }

    private static List<ReadFact> Read(string role, string said, string about, string relation, string value, string quote)
    {
        var answer = System.Text.Json.JsonSerializer.Serialize(new { facts = new[] { new { turn = 1, about, relation, @object = value, quote, retracts = false } } });
        var (facts, _) = ExtractReader.Read(answer, [Turn("trn_1", role, said)], [Turn("trn_1", role, said)], ["Mara"], "Brine");
        return facts.GetValueOrDefault("trn_1") ?? [];
    }

    private static TurnRow Turn(string id, string role, string content) =>
        new() { Id = id, SessionId = "ses_1", ParentId = null, Depth = 1, Current = true, Number = 1, Role = role, Content = content, Chain = "", CreatedAt = DateTimeOffset.UnixEpoch };
}
