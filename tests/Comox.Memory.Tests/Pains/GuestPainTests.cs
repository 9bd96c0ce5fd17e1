using Comox.Memory.Recall;
using Comox.Memory.Storage;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Memory.Tests.Pains;

public sealed class SqliteGuestPainTests : GuestPainTests
{
    private protected override Task<MemoryHost> StartAsync(Dictionary<string, string?>? settings = null) => MemoryHost.StartAsync(settings: settings);
}

public sealed class PostgresGuestPainTests : GuestPainTests
{
    private protected override async Task<MemoryHost> StartAsync(Dictionary<string, string?>? settings = null) =>
        await MemoryHost.StartAsync(database: await TestDatabase.CreateAsync(), settings: settings);
}

/// <summary>Pain 15 of those who use other memories: in a chat of several, characters know what they never saw. Brine is the host, Pim the guest, Clementine is not there.</summary>
public abstract class GuestPainTests
{
    private const string Lantern = "Do you remember where the lantern is?";
    private const string Compass = "Do you remember where the compass is?";
    private const string Orchid = "Do you remember what the orchid is?";

    private protected abstract Task<MemoryHost> StartAsync(Dictionary<string, string?>? settings = null);

    [Fact]
    public async Task Pain_15_a_guest_recalls_what_was_said_while_it_was_there_and_nothing_else_and_who_was_not_there_recalls_nothing()
    {
        await using var memory = await StartAsync();
        var session = await EveningAsync(memory);
        var heard = (await AskedAsync(memory, "pim", Lantern)).Where(item => item.Source.Session == session).ToList();
        Assert.Equal(
            ["Brine] Aye, the lantern stays behind the third barrel.", "Mara] The lantern is behind the third barrel."],
            heard.Select(item => item.Text.Split("· ")[1]).Order(StringComparer.Ordinal));
        Assert.All(heard, item => Assert.Equal("brine", item.WitnessedWith));
        Assert.All(heard, item => Assert.Contains("witnessed in a session with Brine", item.Why));
        Assert.Contains("· Brine] Aye, the lantern", (await memory.SayAsync(Lantern, character: "pim")).Messages[^1].Content);

        foreach (var unheard in new[] { Compass, Orchid })
            Assert.DoesNotContain(await AskedAsync(memory, "pim", unheard), item => item.Source.Session == session && !item.Text.Contains("lantern", StringComparison.Ordinal));
        foreach (var question in new[] { Lantern, Compass, Orchid })
        {
            Assert.DoesNotContain(await AskedAsync(memory, "clementine", question), item => item.Source.Session == session);
            Assert.DoesNotContain(await AskedAsync(memory, "pim", question, "joe"), item => item.Source.Session == session);
            var own = await AskedAsync(memory, "brine", question);
            Assert.Contains(own, item => item.Source.Session == session);
            Assert.All(own, item => Assert.Null(item.WitnessedWith));
        }
    }

    [Fact]
    public async Task Pain_15_a_fact_is_known_to_those_who_heard_it_and_what_a_guest_did_not_hear_ends_nothing_for_it()
    {
        await using var memory = await StartAsync();
        var session = (await memory.ExchangeAsync("I like tea.", "Ah.")).Session;
        await PresentAsync(memory, session, "pim");
        await memory.ExchangeAsync("I live in Porto.", "Ah.", session);
        await PresentAsync(memory, session);
        await memory.ExchangeAsync("I moved to Lyon.", "Oh.", session);

        Assert.Equal(["Lyon: brine", "tea: brine"], await KnownAsync(memory, null));
        Assert.Equal(["Lyon: brine", "tea: brine"], await KnownAsync(memory, "brine"));
        Assert.Equal(["Porto: brine pim"], await KnownAsync(memory, "pim"));
        Assert.Empty(await KnownAsync(memory, "clementine"));
        var recalled = Assert.Single(await AskedAsync(memory, "pim", "Where do I live?"), item => item.Kind == "fact");
        Assert.Contains("Porto", recalled.Text);
        Assert.Equal("brine", recalled.WitnessedWith);

        // What it hears later in a session of its own counts for it alone.
        await memory.ExchangeAsync("I moved to Graz.", "Eep.", character: "pim");
        Assert.Equal(["Graz: pim"], await KnownAsync(memory, "pim"));
        Assert.Equal(["Lyon: brine", "tea: brine"], await KnownAsync(memory, "brine"));

        // Forgotten in the one, it is forgotten in the other.
        await memory.ExchangeAsync("My sister is called Ana.", "Ah.", session);
        await PresentAsync(memory, session, "pim");
        await memory.ExchangeAsync("My cat is called Miso.", "Ah.", session);
        var miso = Assert.Single(await memory.FactsAsync(character: "pim"), fact => fact.Object == "Miso");
        Assert.Contains(await AskedAsync(memory, "pim", "What is my cat called?"), item => item.Id == miso.Id);
        await memory.Http.DeleteAsync($"/memory/subjects/mara/facts/{miso.Id}");
        Assert.DoesNotContain(await AskedAsync(memory, "pim", "What is my cat called?"), item => item.Id == miso.Id);
        Assert.Equal(["Graz: pim"], await KnownAsync(memory, "pim"));
    }

    [Fact]
    public async Task Pain_15_what_a_guest_was_told_again_is_forgotten_with_what_it_heard_before()
    {
        await using var memory = await StartAsync();
        var session = (await memory.ExchangeAsync("Hello!", "Ah.")).Session;
        await PresentAsync(memory, session, "pim");
        await memory.ExchangeAsync("I live in Lyon.", "Ah.", session);
        await memory.ExchangeAsync("I live in Lyon.", "Eep.", character: "pim");
        var known = Assert.Single(await memory.FactsAsync(character: "pim"));
        Assert.True((await memory.Http.DeleteAsync($"/memory/subjects/mara/facts/{known.Id}")).IsSuccessStatusCode);
        Assert.Empty(await KnownAsync(memory, "pim"));
        Assert.DoesNotContain(await AskedAsync(memory, "pim", "Where do I live?"), item => item.Kind == "fact");
    }

    [Fact]
    public async Task Pain_15_what_is_deleted_edited_or_on_another_branch_a_guest_does_not_recall_either()
    {
        await using var memory = await StartAsync();
        var session = await EveningAsync(memory);
        var turns = (await memory.Client.GetTreeAsync(session)).Value!.Turns;
        var lantern = turns.Single(turn => turn.Content.StartsWith("The lantern", StringComparison.Ordinal)).Id;
        var entered = turns.Single(turn => turn.Content == "Under the lighthouse, aye.").Id;
        Assert.True(await RecallsAsync(lantern));

        // 1. Another branch, on which it never came; and back.
        await memory.Client.MoveHeadAsync(session, new HeadChoice(turns[0].Id, Exact: true));
        Assert.False(await RecallsAsync(lantern));
        await memory.Client.MoveHeadAsync(session, new HeadChoice(turns[^1].Id, Exact: true));
        Assert.True(await RecallsAsync(lantern));

        // 2. Other words.
        await memory.Client.EditTurnAsync(session, lantern, "The trumpet is behind the third barrel.");
        Assert.Contains(await AskedAsync(memory, "pim", "Where is the trumpet?"), item => item.Id == lantern);
        Assert.DoesNotContain(await AskedAsync(memory, "pim", Lantern), item => item.Text.Contains("The lantern", StringComparison.Ordinal));

        // 3. Gone; and with it what the guest's receipts showed of it.
        var shown = await memory.SayAsync("Where is the trumpet?", character: "pim");
        Assert.Contains("trumpet is behind", shown.Messages[^1].Content);
        await memory.Client.DeleteTurnAsync(session, lantern);
        Assert.Empty((await memory.ReceiptAsync(shown)).Messages);
        Assert.DoesNotContain(await AskedAsync(memory, "pim", "Where is the trumpet?"), item => item.Id == lantern);
        Assert.Contains(await AskedAsync(memory, "pim", Lantern), item => item.Source.Session == session);

        // 4. The turns with which it came and left go: it has heard what it has heard, and no more.
        await memory.Client.DeleteTurnAsync(session, entered);
        Assert.Contains(await AskedAsync(memory, "pim", Lantern), item => item.Source.Session == session);
        await memory.Client.DeleteTurnAsync(session, turns.Single(turn => turn.Content.StartsWith("Aye, the lantern", StringComparison.Ordinal)).Id);
        Assert.DoesNotContain(await AskedAsync(memory, "pim", Orchid), item => item.Source.Session == session);
        Assert.Empty((await memory.Client.GetSceneAsync(session)).Value!.Present);

        // 5. It is back, and the whole session goes.
        await PresentAsync(memory, session, "pim");
        await memory.ExchangeAsync("The lantern is red.", "So red.", session);
        Assert.Contains(await AskedAsync(memory, "pim", Lantern), item => item.Source.Session == session);
        var last = await memory.SayAsync(Lantern, character: "pim");
        await memory.Http.DeleteAsync($"/memory/sessions/{session}");
        Assert.DoesNotContain(await AskedAsync(memory, "pim", Lantern), item => item.Source.Session == session);
        Assert.Empty((await memory.ReceiptAsync(last)).Messages);

        async Task<bool> RecallsAsync(string turn) => (await AskedAsync(memory, "pim", Lantern)).Any(item => item.Id == turn);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Pain_15_a_guest_who_was_sent_out_stays_out_when_the_last_reply_is_made_again(int times)
    {
        await using var memory = await StartAsync();
        var said = await memory.SayAsync("We buried the compass under the lighthouse.");
        await PresentAsync(memory, said.Session, "pim");
        var first = await memory.ReplyAsync(said, "Aye, the compass.");
        await memory.Client.ChangeSceneAsync(said.Session, new SceneChange("The cellar", Present: []));
        for (var time = 0; time < times; time++)
        {
            var again = (await memory.AskAsync([new("user", "We buried the compass under the lighthouse.")], said.Session, whole: true)).Value!;
            Assert.Contains("Place: The cellar", string.Join('\n', again.Messages.Select(message => message.Content)), StringComparison.Ordinal);
            await memory.ReplyAsync(again, $"The compass lies there, aye {time}.");
        }

        await memory.ExchangeAsync("The orchid is poisoned.", "The orchid, poisoned!", said.Session);
        var scene = (await memory.Client.GetSceneAsync(said.Session)).Value!;
        Assert.Equal(("The cellar", 0), (scene.Place, scene.Present.Count));
        Assert.DoesNotContain(await AskedAsync(memory, "pim", Orchid), item => item.Source.Session == said.Session);
        Assert.DoesNotContain(await AskedAsync(memory, "pim", Compass), item => item.Source.Session == said.Session);

        // Back to the reply that it heard: that was said while it was there, and what follows is said without it as before.
        await memory.Client.MoveHeadAsync(said.Session, new HeadChoice(first.Id, Exact: true));
        Assert.Contains(await AskedAsync(memory, "pim", Compass), item => item.Id == first.Id);
        await memory.ExchangeAsync("The orchid is poisoned.", "The orchid, again?", said.Session);
        Assert.DoesNotContain(await AskedAsync(memory, "pim", Orchid), item => item.Text.Contains("orchid", StringComparison.Ordinal) && item.Source.Session == said.Session);
    }

    [Fact]
    public async Task Pain_15_a_guest_who_was_sent_out_stays_out_when_the_client_has_the_last_reply_in_other_words()
    {
        await using var memory = await StartAsync();
        var session = await SentOutAsync(memory);
        var edited = await memory.AskAsync([new("user", "We buried the compass under the lighthouse."), new("assistant", "Aye, the compass, mate."), new("user", "The orchid is poisoned.")], session);
        await memory.ReplyAsync(edited.Value!, "The orchid, poisoned!");
        Assert.Empty((await memory.Client.GetSceneAsync(session)).Value!.Present);
        Assert.DoesNotContain(await AskedAsync(memory, "pim", Orchid), item => item.Source.Session == session);
    }

    [Fact]
    public async Task Pain_15_a_guest_who_is_sent_out_while_the_last_reply_is_made_again_stays_out()
    {
        await using var memory = await StartAsync();
        var session = await SentOutAsync(memory, present: "pim");
        var again = (await memory.AskAsync([new("user", "We buried the compass under the lighthouse.")], session, whole: true)).Value!;
        await PresentAsync(memory, session);
        await memory.ReplyAsync(again, "The compass lies there.");
        await memory.ExchangeAsync("The orchid is poisoned.", "The orchid, poisoned!", session);
        Assert.Empty((await memory.Client.GetSceneAsync(session)).Value!.Present);
        Assert.DoesNotContain(await AskedAsync(memory, "pim", Orchid), item => item.Source.Session == session);
    }

    [Fact]
    public async Task Pain_15_a_guest_who_came_after_the_last_reply_has_not_heard_it_when_the_client_has_it_in_other_words()
    {
        await using var memory = await StartAsync();
        var said = await memory.ExchangeAsync("We buried something.", "Aye, the compass is under the lighthouse.");
        await memory.Client.ChangeSceneAsync(said.Session, new SceneChange("The cellar", Present: ["pim"]));
        var edited = (await memory.AskAsync([new("user", "We buried something."), new("assistant", "Aye, the compass is under the lighthouse, mate."), new("user", "The lantern is red.")], said.Session)).Value!;
        Assert.Contains("Place: The cellar", string.Join('\n', edited.Messages.Select(message => message.Content)), StringComparison.Ordinal);
        await memory.ReplyAsync(edited, "Red, aye.");
        Assert.Contains(await AskedAsync(memory, "pim", Lantern), item => item.Source.Session == said.Session);
        Assert.DoesNotContain(await AskedAsync(memory, "pim", Compass), item => item.Source.Session == said.Session && item.Text.Contains("compass", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Aye, the lantern")]
    [InlineData("Under the lighthouse")]
    public async Task Pain_15_in_a_conversation_from_before_it_was_noted_who_heard_what_a_deletion_changes_nothing_of_it(string gone)
    {
        await using var memory = await StartAsync();
        var session = await EveningAsync(memory);
        await memory.SettledAsync();
        await using (var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open())
        {
            await db.GetService<IMigrator>().MigrateAsync("TurnsExtracted");
            await db.GetService<IMigrator>().MigrateAsync();
            Assert.All(await db.Turns.AsNoTracking().ToListAsync(), turn => Assert.Null(turn.Heard));
        }

        var turns = (await memory.Client.GetTreeAsync(session)).Value!.Turns;
        await memory.Client.DeleteTurnAsync(session, turns.Single(turn => turn.Content.StartsWith(gone, StringComparison.Ordinal)).Id);
        Assert.DoesNotContain(await AskedAsync(memory, "pim", Orchid), item => item.Source.Session == session && item.Text.Contains("orchid", StringComparison.Ordinal));
        Assert.Contains(await AskedAsync(memory, "pim", Lantern), item => item.Source.Session == session);
        await memory.ExchangeAsync("The ruby is in the clock.", "The ruby, aye.", session);
        Assert.DoesNotContain(await AskedAsync(memory, "pim", "Where is the ruby?"), item => item.Source.Session == session && item.Text.Contains("ruby", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Pain_15_a_guest_who_was_sent_out_stays_out_when_something_before_that_is_edited(bool atTheEnd)
    {
        await using var memory = await StartAsync();
        var said = await memory.SayAsync("Hello.");
        await PresentAsync(memory, said.Session, "pim");
        await memory.ReplyAsync(said, "Ahoy.");
        await memory.ExchangeAsync("The lantern is red.", "Red, aye.", said.Session);
        await PresentAsync(memory, said.Session);
        if (!atTheEnd)
            await memory.ExchangeAsync("The orchid is poisoned.", "The orchid, poisoned!", said.Session);
        IEnumerable<ChatMessage> orchid = atTheEnd ? [] : [new("user", "The orchid is poisoned."), new("assistant", "The orchid, poisoned!")];
        var edited = (await memory.AskAsync(
            [new("user", "Hello."), new("assistant", "Ahoy there."), new("user", "The lantern is red."), new("assistant", "Red, aye."), .. orchid, new("user", "The ruby is in the clock.")], said.Session)).Value!;
        await memory.ReplyAsync(edited, "The ruby, aye.");
        Assert.Contains(await AskedAsync(memory, "pim", Lantern), item => item.Source.Session == said.Session && item.Text.Contains("lantern", StringComparison.Ordinal));
        foreach (var (question, word) in new[] { (Orchid, "orchid"), ("Where is the ruby?", "ruby") })
            Assert.DoesNotContain(await AskedAsync(memory, "pim", question), item => item.Source.Session == said.Session && item.Text.Contains(word, StringComparison.Ordinal));
        Assert.Empty((await memory.Client.GetSceneAsync(said.Session)).Value!.Present);
    }

    [Fact]
    public async Task Pain_15_an_abandoned_branch_that_is_deleted_lets_nobody_hear_the_other()
    {
        await using var memory = await StartAsync();
        var said = await memory.ExchangeAsync("We buried the compass.", "Aye.");
        await PresentAsync(memory, said.Session, "pim");
        await memory.ReplyAsync((await memory.AskAsync([new("user", "We sold the compass.")], said.Session, whole: true)).Value!, "Sold, aye.");
        await memory.ExchangeAsync("The orchid is poisoned.", "Poisoned!", said.Session);
        await memory.Client.DeleteTurnAsync(said.Session, said.UserTurn, true);
        Assert.Empty((await memory.Client.GetSceneAsync(said.Session)).Value!.Present);
        Assert.DoesNotContain(await AskedAsync(memory, "pim", Orchid), item => item.Source.Session == said.Session);
    }

    [Fact]
    public async Task Pain_15_a_guest_who_left_with_the_last_turn_stays_away_when_it_is_deleted()
    {
        await using var memory = await StartAsync();
        var session = await SentOutAsync(memory);
        await memory.Client.DeleteTurnAsync(session, (await memory.Client.GetTreeAsync(session)).Value!.Turns[^1].Id);
        await memory.ExchangeAsync("The orchid is poisoned.", "The orchid, poisoned!", session);
        Assert.Empty((await memory.Client.GetSceneAsync(session)).Value!.Present);
        Assert.DoesNotContain(await AskedAsync(memory, "pim", Orchid), item => item.Source.Session == session);
    }

    [Fact]
    public async Task Pain_15_a_scene_that_is_set_further_up_leaves_what_was_said_below_it_before_as_it_was()
    {
        await using var memory = await StartAsync();
        var session = await EveningAsync(memory);
        var turns = (await memory.Client.GetTreeAsync(session)).Value!.Turns;
        await memory.Client.MoveHeadAsync(session, new HeadChoice(turns.Single(turn => turn.Content == "Under the lighthouse, aye.").Id, Exact: true));
        await PresentAsync(memory, session);
        await memory.ExchangeAsync("The lantern is behind the stove.", "Behind the stove.", session);
        Assert.DoesNotContain(await AskedAsync(memory, "pim", Lantern), item => item.Source.Session == session);

        await memory.Client.MoveHeadAsync(session, new HeadChoice(turns[^1].Id, Exact: true));
        Assert.Contains(await AskedAsync(memory, "pim", Lantern), item => item.Text.Contains("third barrel", StringComparison.Ordinal));
        Assert.DoesNotContain(await AskedAsync(memory, "pim", Orchid), item => item.Text.Contains("orchid", StringComparison.Ordinal) && item.Source.Session == session);
    }

    [Fact]
    public async Task Pain_15_a_host_that_is_deleted_takes_along_what_its_guests_heard_and_what_their_receipts_showed_of_it()
    {
        await using var memory = await StartAsync();
        var session = await EveningAsync(memory);
        var (own, heard) = (await memory.SayAsync("Hello there.", character: "pim"), await memory.SayAsync(Lantern, character: "pim"));
        Assert.Contains("third barrel", heard.Messages[^1].Content);
        Assert.True((await memory.Http.DeleteAsync("/memory/characters/brine")).IsSuccessStatusCode);
        Assert.DoesNotContain(await AskedAsync(memory, "pim", Lantern), item => item.Source.Session == session);
        Assert.Empty((await memory.ReceiptAsync(heard)).Messages);
        Assert.NotEmpty((await memory.ReceiptAsync(own)).Messages);
    }

    [Fact]
    public async Task Pain_15_a_host_that_is_deleted_takes_along_what_a_guests_receipt_said_was_replaced()
    {
        await using var memory = await StartAsync();
        var session = await EveningAsync(memory);
        await PresentAsync(memory, session, "pim");
        await memory.ExchangeAsync("I live in Porto.", "Aye.", session);
        await memory.ExchangeAsync("I moved to Graz.", "Oh.", character: "pim");
        var answer = await memory.SayAsync("Sing me a song.", character: "pim");
        Assert.Contains((await memory.ReceiptAsync(answer)).Recalled, item => item.Why.Contains("Porto", StringComparison.Ordinal));
        Assert.True((await memory.Http.DeleteAsync("/memory/characters/brine")).IsSuccessStatusCode);
        var receipt = await memory.ReceiptAsync(answer);
        Assert.DoesNotContain(receipt.Recalled, item => item.Why.Contains("Porto", StringComparison.Ordinal));
        Assert.Empty(receipt.Messages);
    }

    [Fact]
    public async Task What_is_deleted_while_a_guest_recalls_it_is_in_no_receipt()
    {
        // The intent role is asked between recall and saving.
        Action meanwhile = () => { };
        await using var gateway = await StrictGateway.StartAsync(_ =>
        {
            meanwhile();
            return "other";
        });
        var settings = gateway.Settings(("Intent", "reader"));
        settings["Comox:Memory:IntentTimeout"] = "00:00:30";
        await using var memory = await StartAsync(settings);
        var session = await EveningAsync(memory);
        var lantern = (await memory.Client.GetTreeAsync(session)).Value!.Turns.Where(turn => turn.Content.Contains("lantern", StringComparison.Ordinal)).Select(turn => turn.Id).ToList();
        var times = 0;
        meanwhile = () =>
        {
            if (times++ == 0)
                Task.WaitAll([.. lantern.Select(turn => memory.Client.DeleteTurnAsync(session, turn))], TestContext.Current.CancellationToken);
        };
        var answer = await memory.SayAsync("Reckon up the lantern and the barrel.", character: "pim");
        Assert.Equal(2, times);
        Assert.DoesNotContain("third", answer.Messages[^1].Content);
        Assert.DoesNotContain((await memory.ReceiptAsync(answer)).Recalled, item => item.Source.Session == session);
    }

    [Fact]
    public async Task A_secret_that_is_told_while_what_a_guest_heard_is_being_read_stays_one()
    {
        await using var memory = await StartAsync();
        var session = await EveningAsync(memory);
        await PresentAsync(memory, session, "pim");
        await memory.ExchangeAsync("The kettle is hot.", "Hot, aye.", session);
        var (indexes, reads) = (new RecallIndexes(new MemoryOptions()), new CountedReads());
        var told = false;
        // After the scenes, before the turns.
        reads.Before = async command =>
        {
            if (told || !command.Contains("content", StringComparison.Ordinal))
                return;
            told = true;
            await PresentAsync(memory, session);
            await memory.ExchangeAsync("The ruby is in the clock.", "The ruby, aye.", session);
            await memory.Client.DeleteTurnAsync(session, (await memory.Client.GetTreeAsync(session)).Value!.Turns[0].Id);
        };
        await using var db = reads.Open(memory);
        var index = await IndexView.OpenAsync(memory, indexes, "pim", db: db);
        Assert.True(told);
        Assert.Equal(4, index.TurnCount);
        Assert.Equal(IndexView.Of(await IndexView.OpenAsync(memory, new RecallIndexes(new MemoryOptions()), "pim")), IndexView.Of(index));
        Assert.Empty(RecallLines.Search(index, "Where is the ruby?").Turns);
    }

    [Fact]
    public async Task The_sessions_in_which_a_character_was_a_guest_are_found_without_a_look_at_the_others_and_only_what_it_heard_is_read()
    {
        await using var memory = await StartAsync();
        var session = await EveningAsync(memory);
        for (var other = 0; other < 20; other++)
            await memory.ExchangeAsync($"The lantern is number {other}.", "Aye.");
        await memory.ExchangeAsync("Good evening.", "Eep.", character: "pim");
        var (indexes, reads) = (new RecallIndexes(new MemoryOptions()), new CountedReads());
        Assert.Equal((2, 4), await ReadAsync());

        // Said while it is away: the version has moved, and nothing is read of it.
        await memory.ExchangeAsync("The orchid is in the hall.", "Aye.", session);
        Assert.Equal((2, 0), await ReadAsync());
        await PresentAsync(memory, session, "pim");
        Assert.Equal((2, 0), await ReadAsync());
        await memory.ExchangeAsync("The lantern is out.", "Aye.", session);
        Assert.Equal((2, 2), await ReadAsync());
        Assert.Equal((2, 0), await ReadAsync());

        async Task<(int Sessions, int Turns)> ReadAsync()
        {
            reads.Clear();
            await using var db = reads.Open(memory);
            await IndexView.OpenAsync(memory, indexes, "pim", db: db);
            return (reads.First("sessions"), reads.RowsOf("turns", "content"));
        }
    }

    [Fact]
    public async Task A_database_from_before_guests_recalled_has_them_found_by_its_scenes()
    {
        await using var memory = await StartAsync();
        var session = await EveningAsync(memory);
        // The workers read and write the tables that are about to be made anew.
        await memory.SettledAsync();
        await using (var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open())
        {
            await db.GetService<IMigrator>().MigrateAsync("Log");
            await db.GetService<IMigrator>().MigrateAsync();
            var witness = Assert.Single(await db.Witnesses.ToListAsync());
            Assert.Equal((session, "mara"), (witness.SessionId, witness.Subject));
        }

        Assert.Contains(await AskedAsync(memory, "pim", Lantern), item => item.Source.Session == session);
    }

    /// <summary>The compass before Pim comes, the lantern while he is there, the orchid after he has left.</summary>
    private static async Task<string> EveningAsync(MemoryHost memory)
    {
        var session = (await memory.ExchangeAsync("We buried the compass under the lighthouse.", "Under the lighthouse, aye.")).Session;
        await PresentAsync(memory, session, "pim");
        await memory.ExchangeAsync("The lantern is behind the third barrel.", "Aye, the lantern stays behind the third barrel.", session);
        await PresentAsync(memory, session);
        await memory.ExchangeAsync("The orchid is poisoned.", "The orchid, poisoned!", session);
        return session;
    }

    /// <summary>A message, Pim, a reply that he hears, and after it whoever is named.</summary>
    private static async Task<string> SentOutAsync(MemoryHost memory, params string[] present)
    {
        var said = await memory.SayAsync("We buried the compass under the lighthouse.");
        await PresentAsync(memory, said.Session, "pim");
        await memory.ReplyAsync(said, "Aye, the compass.");
        await PresentAsync(memory, said.Session, present);
        return said.Session;
    }

    private static async Task PresentAsync(MemoryHost memory, string session, params string[] guests)
    {
        var changed = await memory.Client.ChangeSceneAsync(session, new SceneChange(Present: guests));
        Assert.True(changed.IsSuccess, changed.Error?.Message);
    }

    /// <summary>What is recalled for a question in a new session.</summary>
    private static async Task<IReadOnlyList<RecalledItem>> AskedAsync(MemoryHost memory, string character, string question, string subject = "mara") =>
        (await memory.ReceiptAsync(await memory.SayAsync(question, character: character, subject: subject))).Recalled;

    private static async Task<IReadOnlyList<string>> KnownAsync(MemoryHost memory, string? character) =>
        [.. (await memory.FactsAsync(character: character)).Select(fact => $"{fact.Object}: {string.Join(' ', fact.Witnesses)}").Order(StringComparer.Ordinal)];
}
