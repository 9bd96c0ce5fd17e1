using System.Net;
using System.Text;

namespace Comox.AllInOne.Tests;

/// <summary>
/// The built-in model as a stranger meets it: a card of one's own, things told in one chat and asked for in another. How well it does over hundreds of questions is
/// measured by <c>Comox.Benchmarks talker</c>; here its answers at temperature 0 must stay good.
/// </summary>
[Collection(nameof(OneMachine))]
public sealed class BuiltInModelTests(OneMachine machine)
{
    private const string Card =
        """
        {"spec":"chara_card_v3","spec_version":"3.0","data":{"name":"Odalys","description":"{{char}} is a patient keeper of a mountain railway station where two trains stop a week.","personality":"Dry, punctual, fond of geese.",
        "scenario":"","first_mes":"","mes_example":"","extensions":{"comox":{"style":"Begins every reply with \"Signals clear\"."}}}}
        """;

    private const string Marker = "Signals clear";

    private static readonly (string Told, string Asked, string Value)[] Talks =
    [
        ("I live in Trebinje.", "Remind me, which town is my home?", "Trebinje"),
        ("I work as a glazier.", "By what work do I earn my bread?", "glazier"),
        ("My favourite food is pumpkin stew.", "Which food do I like the most?", "pumpkin stew"),
        ("I like to drink nettle tea.", "What would you pour me to drink?", "nettle tea"),
        ("My sister is called Ingeborg.", "Do you still know my sister's name?", "Ingeborg"),
        ("I have a cat called Marzipan.", "How do I call my cat?", "Marzipan"),
        ("My hobby is bookbinding.", "What hobby did I tell you of?", "bookbinding"),
        ("I hate fireworks.", "Which thing do I hate?", "fireworks"),
        ("I am afraid of wasps.", "What was I afraid of again?", "wasps"),
        ("I want to visit Greenland.", "Which place would I like to visit one day?", "Greenland"),
        ("My landlord is Mr Osgood.", "Tell me about my landlord, who is it?", "Osgood"),
        ("My favourite colour is ochre.", "What colour is my favourite, do you know it?", "ochre"),
    ];

    [Fact]
    public async Task What_was_told_in_one_chat_is_answered_in_another()
    {
        using var client = await WithOdalysAsync();
        var wrong = new List<string>();
        foreach (var (told, asked, value) in Talks)
        {
            var person = "talk-" + value.Replace(' ', '-').ToLowerInvariant();
            await client.SayAsync("character/odalys", told, user: person);
            var reply = (await client.SayAsync("character/odalys", asked, user: person)).Text;
            if (!reply.Contains(value, StringComparison.OrdinalIgnoreCase))
                wrong.Add($"{asked} {reply}");
        }

        Assert.True(wrong.Count <= 2, string.Join('\n', wrong));
    }

    [Fact]
    public async Task What_was_never_told_is_not_known()
    {
        using var client = await WithOdalysAsync();
        var session = (await client.SayAsync("character/odalys", "I live in Trebinje.", user: "mover")).Session;
        var unknown = (await client.SayAsync("character/odalys", "What is my brother called?", session, "mover")).Text;
        Assert.DoesNotContain("Trebinje", unknown, StringComparison.OrdinalIgnoreCase);
        Assert.Matches("(?i)not|never|n't|only", unknown);
    }

    /// <summary>The model is good for every other one, and the benchmark counts them: this test says that it is not good for none.</summary>
    [Fact]
    public async Task Of_six_corrections_two_hold_at_least()
    {
        using var client = await WithOdalysAsync();
        var replies = new List<string>();
        var right = 0;
        foreach (var (told, corrected, asked, old, value) in ((string, string, string, string, string)[])
        [
            ("I live in Trebinje.", "No, I moved to Kotor.", "Where do I live?", "Trebinje", "Kotor"),
            ("I work as a glazier.", "I have a new job, I work as a cooper now.", "What is my job?", "glazier", "cooper"),
            ("My sister is called Ingeborg.", "Sorry, my sister is called Sunniva.", "What is my sister called?", "Ingeborg", "Sunniva"),
            ("I like to drink nettle tea.", "These days I like to drink barley coffee.", "What do I like to drink?", "nettle tea", "barley coffee"),
            ("My favourite colour is ochre.", "No, my favourite colour is teal.", "What is my favourite colour?", "ochre", "teal"),
            ("My birthday is on the 2nd of May.", "I said it wrong, my birthday is on the 9th of June.", "When is my birthday?", "2nd of May", "9th of June"),
        ])
        {
            var person = "mover-" + value.Replace(' ', '-').ToLowerInvariant();
            var session = (await client.SayAsync("character/odalys", told, user: person)).Session;
            await client.SayAsync("character/odalys", corrected, session, person);
            replies.Add((await client.SayAsync("character/odalys", asked, session, person)).Text);
            right += replies[^1].Contains(value, StringComparison.OrdinalIgnoreCase) && !replies[^1].Contains(old, StringComparison.OrdinalIgnoreCase) ? 1 : 0;
        }

        Assert.True(right >= 2, string.Join('\n', replies));
    }

    [Fact]
    public async Task A_character_stays_itself_over_twenty_turns()
    {
        using var client = await WithOdalysAsync();
        string[] said =
        [
            "Hello!", "I live in Trebinje.", "It is raining.", "How are you?", "My hobby is bookbinding.", "What is the capital of France?", "I have a cat called Marzipan.", "Who are you?", "Tell me a story.", "I am tired today.",
            "Where do I live?", "That is nice.", "Are you an AI?", "What is my cat called?", "Thank you!", "The train is late.", "What do you know about me?", "I passed my exam!", "What is my hobby?", "Good night!",
        ];
        string? session = null;
        var replies = new List<string>();
        foreach (var text in said)
        {
            var answer = await client.SayAsync("character/odalys", text, session, "regular");
            session = answer.Session;
            replies.Add(answer.Text);
        }

        Assert.True(replies.Count(reply => reply.Contains(Marker, StringComparison.OrdinalIgnoreCase)) >= 19, string.Join('\n', replies));
        Assert.DoesNotContain(replies, reply => reply.Contains("language model", StringComparison.OrdinalIgnoreCase));
    }

    private async Task<HttpClient> WithOdalysAsync()
    {
        var client = await machine.Comox.ClientAsync();
        using var found = await client.GetAsync("memory/characters/odalys");
        if (found.StatusCode == HttpStatusCode.NotFound)
        {
            using var imported = await client.PostAsync("memory/characters", new StringContent(Card, Encoding.UTF8, "application/json"));
            Assert.Equal(HttpStatusCode.Created, imported.StatusCode);
        }

        return client;
    }
}
