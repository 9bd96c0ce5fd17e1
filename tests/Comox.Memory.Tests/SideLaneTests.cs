using System.Text.Json.Nodes;
using Comox.Memory.Storage;
using Comox.Memory.Vectors;
using Comox.ServiceDefaults.Contracts.Memory;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Memory.Tests;

/// <summary>What recall gets beside words, over the real stores; the embed and extract roles answer as scripted.</summary>
public sealed class SideLaneTests
{
    [Fact]
    public async Task A_turn_of_like_meaning_is_recalled_though_it_shares_no_word()
    {
        await using var gateway = await StrictGateway.StartAsync(_ => "", text => text.Contains("vessel") || text.Contains("boat") ? [1, 0, 0] : [0, 1, (float)text.Length / 100]);
        await using var memory = await MemoryHost.StartAsync(settings: Patient(gateway, ("Embed", "vectors")));
        await memory.ExchangeAsync("Grandfather built a small vessel of cedar.", "Fine work.");
        await memory.ExchangeAsync("The market was crowded with people.", "Aye.");
        await memory.SettledAsync("embed");

        var asked = await memory.SayAsync("Who made that boat?");
        var recalled = (await memory.ReceiptAsync(asked)).Recalled.First(item => item.Text.Contains("cedar"));
        Assert.True(recalled.Lanes["dense"] > 0);
        Assert.True(recalled.Included);
        Assert.Contains("cedar", asked.Messages[^1].Content);
    }

    [Fact]
    public async Task A_guest_recalls_by_meaning_too_and_of_that_only_what_it_heard()
    {
        await using var gateway = await StrictGateway.StartAsync(_ => "", text => text.Contains("vessel") || text.Contains("boat") ? [1, 0, 0] : [0, 1, (float)text.Length / 100]);
        await using var memory = await MemoryHost.StartAsync(settings: Patient(gateway, ("Embed", "vectors")));
        var session = (await memory.ExchangeAsync("Uncle sold his vessel long ago.", "Fine work.")).Session;
        await memory.Client.ChangeSceneAsync(session, new SceneChange(Present: ["pim"]));
        await memory.ExchangeAsync("Grandfather built a small vessel of cedar.", "Fine work.", session);
        await memory.ExchangeAsync("The market was crowded with people.", "Aye.", character: "pim");
        await memory.SettledAsync("embed");

        var recalled = (await memory.ReceiptAsync(await memory.SayAsync("Who made that boat?", character: "pim"))).Recalled;
        Assert.Contains("cedar", recalled[0].Text);
        Assert.Equal("brine", recalled[0].WitnessedWith);
        Assert.True(recalled[0].Lanes["dense"] > 0);
        Assert.DoesNotContain(recalled, item => item.Text.Contains("Uncle"));
    }

    [Fact]
    public async Task An_embedder_that_is_down_leaves_words_and_says_so_in_the_receipt()
    {
        await using var gateway = await StrictGateway.StartAsync(_ => "", _ => null);
        await using var memory = await MemoryHost.StartAsync(settings: gateway.Settings(("Embed", "vectors")));
        await memory.ExchangeAsync("My sister is called Ottilie.", "Aye.");
        var asked = await memory.SayAsync("What is my sister called?");
        Assert.Contains("Ottilie", asked.Messages[^1].Content);
        Assert.Contains((await memory.ReceiptAsync(asked)).Notes, note => note.StartsWith("The dense lane is empty", StringComparison.Ordinal));
    }

    /// <summary>Without their patience each message would wait as long as the gateway does, and be refused then.</summary>
    [Theory]
    [InlineData("Embed", "no vector of the message within 150 ms")]
    [InlineData("Intent", "did not answer within 150 ms")]
    public async Task A_model_that_is_stuck_costs_its_patience_and_no_more(string role, string told)
    {
        await using var gateway = await StrictGateway.StartAsync(_ => "", _ => [1, 0]);
        (gateway.IsStuckEmbedding, gateway.IsTooSlowFor) = (true, _ => true);
        await using var memory = await MemoryHost.StartAsync(settings: gateway.Settings((role, "stuck")));
        await memory.ExchangeAsync("My sister is called Ottilie.", "Aye.");
        var asked = await memory.SayAsync("Reckon up the voyages with the storm.").WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Contains((await memory.ReceiptAsync(asked)).Notes, note => note.Contains(told, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_deleted_turns_vector_goes_with_it()
    {
        await using var gateway = await StrictGateway.StartAsync(_ => "", text => [1, text.Length]);
        await using var memory = await MemoryHost.StartAsync(settings: Patient(gateway, ("Embed", "vectors")));
        var first = await memory.ExchangeAsync("Grandfather built a small vessel of cedar.", "Fine work.");
        await memory.SettledAsync("embed");
        var store = memory.Services.GetRequiredService<IVectorStore>();
        var space = new VectorSpace("vectors", 2);
        Assert.Equal(2, (await store.CountAsync(space, new VectorFilter { Subject = "mara" }, TestContext.Current.CancellationToken)).Value);
        await memory.Client.DeleteTurnAsync(first.Session, first.UserTurn);
        await memory.SettledAsync("embed");
        Assert.Equal(1, (await store.CountAsync(space, new VectorFilter { Subject = "mara" }, TestContext.Current.CancellationToken)).Value);
        await memory.Client.DeleteSessionAsync(first.Session);
        Assert.Equal(0, (await store.CountAsync(space, new VectorFilter { Subject = "mara" }, TestContext.Current.CancellationToken)).Value);
    }

    [Fact]
    public async Task A_deleted_turns_vector_goes_at_once_though_no_model_makes_vectors_any_more()
    {
        var home = Directory.CreateTempSubdirectory("comox-memory-").FullName;
        await using var gateway = await StrictGateway.StartAsync(_ => "", text => [1, text.Length]);
        string session, turn;
        await using (var memory = await MemoryHost.StartAsync(home, settings: Patient(gateway, ("Embed", "vectors"))))
        {
            var first = await memory.ExchangeAsync("Grandfather built a small vessel of cedar.", "Fine work.");
            (session, turn) = (first.Session, first.UserTurn);
            await memory.SettledAsync("embed");
        }

        await using var without = await MemoryHost.StartAsync(home, settings: Patient(gateway));
        Assert.True((await without.Client.DeleteTurnAsync(session, turn)).IsSuccess);
        var left = await without.Services.GetRequiredService<IVectorStore>().CountAsync(new VectorSpace("vectors", 2), new VectorFilter { Subject = "mara" }, TestContext.Current.CancellationToken);
        Assert.Equal(1, left.Value);
        // Nor is it to be read in the log of the file.
        var wal = new FileInfo(Directory.GetFiles(home, "vectors.db", SearchOption.AllDirectories).Single() + "-wal");
        Assert.True(!wal.Exists || wal.Length == 0);
    }

    [Fact]
    public async Task Another_model_or_a_lost_file_has_everything_embedded_anew_and_the_same_model_nothing()
    {
        var home = Directory.CreateTempSubdirectory("comox-memory-").FullName;
        var replies = 0;
        await using var gateway = await StrictGateway.StartAsync(_ => "", text => [1, text.StartsWith("Fine", StringComparison.Ordinal) ? Interlocked.Increment(ref replies) : -1]);

        // Each says two turns more. A reply is embedded only by the worker; a message is looked for, too.
        async Task StartAsync(string model, int turns, int embedded)
        {
            replies = 0;
            await using var memory = await MemoryHost.StartAsync(home, settings: Patient(gateway, ("Embed", model)));
            await memory.ExchangeAsync("Grandfather built a small vessel of cedar.", "Fine work.");
            var store = memory.Services.GetRequiredService<IVectorStore>();
            await memory.SettledAsync("embed");
            Assert.Equal(turns, (await store.CountAsync(new VectorSpace(model, 2), new VectorFilter { Subject = "mara" }, TestContext.Current.CancellationToken)).Value);
            Assert.Equal(embedded, replies);
        }

        await StartAsync("one", turns: 2, embedded: 1);
        await StartAsync("one", turns: 4, embedded: 1);
        await StartAsync("two", turns: 6, embedded: 3);
        await StartAsync("one", turns: 8, embedded: 4);
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        foreach (var file in Directory.GetFiles(home, "vectors.db*", SearchOption.AllDirectories))
            File.Delete(file);
        await StartAsync("one", turns: 10, embedded: 5);
    }

    [Fact]
    public async Task A_turn_that_the_model_refuses_is_cut_and_keeps_no_other_from_its_vector()
    {
        await using var gateway = await StrictGateway.StartAsync(_ => "", text => [1, text.Length]);
        gateway.LongestInput = 1000;
        await using var memory = await MemoryHost.StartAsync(settings: Patient(gateway, ("Embed", "vectors")));
        var first = await memory.ExchangeAsync("Grandfather built a small vessel of cedar.", "Fine work.");
        await memory.ExchangeAsync(string.Concat(Enumerable.Repeat("And then it rained. ", 150)), "All day?", first.Session);
        await memory.SettledAsync("embed");
        var store = memory.Services.GetRequiredService<IVectorStore>();
        Assert.Equal(4, (await store.CountAsync(new VectorSpace("vectors", 2), new VectorFilter { Subject = "mara" }, TestContext.Current.CancellationToken)).Value);
    }

    [Fact]
    public async Task A_name_brings_what_is_connected_with_it_over_two_hops()
    {
        await using var gateway = await StrictGateway.StartAsync(request => Read(StrictGateway.MaterialOf(request)));
        await using var memory = await MemoryHost.StartAsync(settings: gateway.Settings(("Extract", "reader")));
        await memory.ExchangeAsync("You know, Ana settled in Porto.", "Aye.");
        await memory.ExchangeAsync("Porto lies beside the Douro, they say.", "Aye.");
        await memory.ExchangeAsync("The market was crowded with people.", "Aye.");
        await memory.SettledAsync("extract");
        await using (var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open())
            Assert.Equal(2, await db.Relations.CountAsync());

        var receipt = await memory.ReceiptAsync(await memory.SayAsync("Which waters are near Ana?"));
        Assert.Contains(receipt.Recalled, item => item.Text.Contains("Douro") && item.Lanes.ContainsKey("graph"));
        Assert.Contains(receipt.Recalled, item => item.Kind == "fact" && item.Text.Contains("Douro") && item.Why.Contains("is connected with what the message names"));
    }

    [Fact]
    public async Task A_character_that_drifts_is_written_down_and_reminded_of_itself()
    {
        await using var memory = await MemoryHost.StartAsync();
        var answer = await memory.SayAsync("Hello there, captain!");
        for (var turn = 0; turn < 5; turn++)
        {
            await memory.ReplyAsync(answer, $"As an AI language model, I cannot have feelings. How can I assist you today? Here are some helpful options, number {turn}:\n- Option one\n- Option two");
            await memory.SettledAsync("drift");
            answer = await memory.SayAsync($"Captain, what is it, number {turn}?", answer.Session);
        }

        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        Assert.Equal(5, await db.ReplyScores.CountAsync());
        Assert.Single(await db.Events.Where(row => row.Body.Contains("identity.drifted")).ToListAsync());
        Assert.True((await memory.ReceiptAsync(answer)).Budget.Sections.ContainsKey("reanchor"));
        Assert.Contains((await memory.ReceiptAsync(answer)).Notes, note => note.Contains("drifted from the character", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_intent_role_is_asked_where_rules_see_nothing_and_its_word_counts_only_if_it_is_one_of_ours()
    {
        var word = "time";
        await using var gateway = await StrictGateway.StartAsync(_ => word);
        var settings = gateway.Settings(("Intent", "reader"));
        settings["Comox:Memory:IntentTimeout"] = "00:00:30";
        await using var memory = await MemoryHost.StartAsync(settings: settings);
        Assert.Equal("temporal", (await memory.ReceiptAsync(await memory.SayAsync("Reckon up the voyages with the storm."))).Intent);
        Assert.Equal("about_person", (await memory.ReceiptAsync(await memory.SayAsync("Where do I live?"))).Intent);
        Assert.Single(gateway.Requests);

        word = "I think that is a lovely question!";
        var receipt = await memory.ReceiptAsync(await memory.SayAsync("Reckon up the voyages with the whale."));
        Assert.Equal("other", receipt.Intent);
        Assert.Contains(receipt.Notes, note => note.Contains("by rules alone", StringComparison.Ordinal));
    }

    // The first request loads code; the dense lane's short patience is another test's matter.
    private static Dictionary<string, string?> Patient(StrictGateway gateway, params (string Role, string Model)[] roles)
    {
        var settings = gateway.Settings(roles);
        settings["Comox:Memory:DenseTimeout"] = "00:00:30";
        return settings;
    }

    private static string Read(string material)
    {
        var facts = new JsonArray();
        foreach (var line in material.Split('\n').Where(line => line.StartsWith('[')))
        {
            var turn = int.Parse(line[1..line.IndexOf(']')], System.Globalization.CultureInfo.InvariantCulture);
            if (line.Contains("Ana settled"))
                facts.Add(new JsonObject { ["turn"] = turn, ["about"] = "Ana", ["relation"] = "lives_in", ["object"] = "Porto", ["quote"] = "Ana settled in Porto" });
            if (line.Contains("Douro"))
                facts.Add(new JsonObject { ["turn"] = turn, ["about"] = "Porto", ["relation"] = "lies_beside", ["object"] = "the Douro", ["quote"] = "Porto lies beside the Douro" });
        }

        return new JsonObject { ["facts"] = facts }.ToJsonString();
    }
}
