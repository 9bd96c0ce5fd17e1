using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Comox.AllInOne.Tests;

[Collection(nameof(OneMachine))]
public sealed class CharacterTests(OneMachine machine)
{
    [Fact]
    public async Task A_character_streams_its_answer_from_the_real_engine()
    {
        using var client = await machine.Comox.ClientAsync();

        var answer = await client.SayAsync("character/brine", "Hello!", user: "streamer");

        Assert.Contains("Arr", answer.Text, StringComparison.Ordinal);
        Assert.True(answer.Pieces.Count > 3, "The answer came in one piece.");
        Assert.Equal("stop", answer.FinishReason);
        Assert.StartsWith("ses_", answer.Session, StringComparison.Ordinal);
        Assert.StartsWith("/memory/receipts/rcp_", answer.Receipt, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("I live in Ljubljana.", "Where do I live?", "Ljubljana")]
    [InlineData("My sister is called Ottilie.", "What is my sister called?", "Ottilie")]
    [InlineData("My favourite food is lentil soup.", "What is my favourite food?", "lentil soup")]
    [InlineData("I have a cat called Pixel.", "What is my cat called?", "Pixel")]
    [InlineData("I work as a nurse.", "What do I work as?", "nurse")]
    public async Task A_fact_told_in_one_session_is_said_in_the_next(string told, string asked, string expected)
    {
        using var client = await machine.Comox.ClientAsync();
        var person = $"subject-{expected.Replace(' ', '-').ToLowerInvariant()}";
        var first = await client.SayAsync("character/brine", told, user: person);

        var second = await client.SayAsync("character/brine", asked, user: person);

        Assert.NotEqual(first.Session, second.Session);
        var receipt = await client.JsonAsync(second.Receipt!);
        var fact = Assert.Single(
            receipt.GetProperty("recalled").EnumerateArray(),
            item => item.GetProperty("kind").GetString() == "fact" && item.GetProperty("text").GetString()!.Contains(expected, StringComparison.Ordinal));
        Assert.True(fact.GetProperty("included").GetBoolean());
        Assert.Contains(fact.GetProperty("source").GetProperty("quote").GetString()!, told, StringComparison.Ordinal);
        Assert.Equal(first.Session, fact.GetProperty("source").GetProperty("session").GetString());
        Assert.Contains(expected, receipt.GetProperty("messages").ToString(), StringComparison.Ordinal);
        Assert.Contains(expected, second.Text, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task What_one_person_tells_is_not_recalled_for_another()
    {
        using var client = await machine.Comox.ClientAsync();
        await client.SayAsync("character/brine", "My brother is called Casimir.", user: "teller");

        var other = await client.SayAsync("character/brine", "What is my brother called?", user: "stranger");

        Assert.DoesNotContain("Casimir", (await client.JsonAsync(other.Receipt!)).ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("Casimir", other.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_imported_card_becomes_a_model_that_answers()
    {
        using var client = await machine.Comox.ClientAsync();
        const string Card = """{"spec":"chara_card_v2","spec_version":"2.0","data":{"name":"Ada","description":"Ada is a calm engineer of airships.","personality":"precise","scenario":"","first_mes":"Good evening, {{user}}.","mes_example":""}}""";
        using var imported = await client.PostAsync("memory/characters", new StringContent(Card, Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.Created, imported.StatusCode);
        Assert.Contains("\"slug\":\"ada\"", await imported.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Contains("character/ada", (await client.JsonAsync("v1/models")).ToString(), StringComparison.Ordinal);

        var told = await client.SayAsync("character/ada", "I live in Trieste.", user: "flyer");
        var asked = await client.SayAsync("character/ada", "Where do I live?", user: "flyer");

        Assert.Contains("Ada", (await client.JsonAsync(told.Receipt!)).GetProperty("messages")[0].GetProperty("content").GetString(), StringComparison.Ordinal);
        Assert.Contains("Trieste", asked.Text, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task The_prompt_that_the_engine_counted_stays_within_the_profiles_budget()
    {
        using var client = await machine.Comox.ClientAsync();
        string? session = null;
        foreach (var fact in (string[])["I live in Ljubljana.", "My sister is called Ottilie.", "I work as a beekeeper.", "My hobby is rowing.", "I hate thunderstorms.", "I am afraid of spiders.", "My favourite colour is teal.", "I want to visit Iceland."])
            session = (await client.SayAsync("character/brine", fact, session, "talkative")).Session;

        var answer = await client.SayAsync("character/brine", "What do you know about me?", session, "talkative");

        var receipt = await client.JsonAsync(answer.Receipt!);
        using var tokenized = await client.PostAsync(
            "node/engines/chat/proxy/apply-template", new StringContent($"{{\"messages\":{receipt.GetProperty("messages")}}}", Encoding.UTF8, new MediaTypeHeaderValue("application/json")));
        var prompt = System.Text.Json.JsonDocument.Parse(await tokenized.Content.ReadAsStringAsync()).RootElement.GetProperty("prompt").GetString()!;
        using var counted = await client.PostAsync("node/engines/chat/proxy/tokenize", System.Net.Http.Json.JsonContent.Create(new { content = prompt, parse_special = true }));
        var tokens = System.Text.Json.JsonDocument.Parse(await counted.Content.ReadAsStringAsync()).RootElement.GetProperty("tokens").GetArrayLength();
        Assert.InRange(tokens, 1, receipt.GetProperty("budget").GetProperty("prompt_tokens").GetInt32());
    }
}
