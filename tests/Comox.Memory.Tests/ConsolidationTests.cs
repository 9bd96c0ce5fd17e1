using System.Text.Json;
using System.Text.Json.Nodes;
using Comox.Memory.Storage;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.TestKit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Memory.Tests;

/// <summary>The work in the background, with models that answer as scripted.</summary>
public sealed class ConsolidationTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_model_adds_facts_that_the_rules_do_not_see_each_with_its_words_and_whom_it_is_about()
    {
        await using var gateway = await StrictGateway.StartAsync(request => Facts(Fact("Ana", "lives_in", "Porto", "Ana settled in Porto")));
        await using var memory = await MemoryHost.StartAsync(settings: gateway.Settings(("Extract", "reader")));
        await memory.SayAsync("You know, Ana settled in Porto, and I like tea.");
        await CaughtUpAsync(memory, "extract");

        var facts = await memory.FactsAsync();
        Assert.Equal(["Mara likes to drink tea.", "Ana lives in Porto."], facts.Select(fact => fact.Text).Order(StringComparer.Ordinal).Reverse());
        Assert.Equal("Ana settled in Porto", facts.Single(fact => fact.Object == "Porto").Source.Quote);
        var asked = Assert.Single(gateway.Requests);
        Assert.Equal("json_schema", asked["response_format"]!["type"]!.GetValue<string>());
        Assert.Contains("Ana", (await memory.SayAsync("Where does Ana live?")).Messages[^1].Content);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_the_person_had_forgotten_before_or_while_a_model_read_its_turn_stays_forgotten_whatever_it_calls_it(bool before)
    {
        await using var gateway = await StrictGateway.StartAsync(_ => null);
        await using var memory = await MemoryHost.StartAsync(settings: gateway.Settings(("Extract", "reader")));
        await memory.SayAsync("I live in Porto. You know, Ana settled in Lyon.");
        var porto = Assert.Single(await memory.FactsAsync()).Id;
        if (before)
            Assert.Null(await memory.Client.ForgetFactAsync("mara", porto));
        var asked = 0;
        gateway.Answer(_ =>
        {
            if (asked++ == 0 && !before)
                Task.WaitAll([memory.Client.ForgetFactAsync("mara", porto)], TestContext.Current.CancellationToken);
            return Facts(Fact("Ana", "lives_in", "Lyon", "Ana settled in Lyon"), Fact("USER", "born_in", "Porto", "I live in Porto"));
        });
        await CaughtUpAsync(memory, "extract");
        Assert.Equal("Ana lives in Lyon.", Assert.Single(await memory.FactsAsync()).Text);
        // What it had begun to read before the forgetting is asked again, too.
        Assert.InRange(asked, before ? 1 : 2, 2);
    }

    [Fact]
    public async Task What_a_model_makes_up_is_thrown_away()
    {
        await using var gateway = await StrictGateway.StartAsync(_ => Facts(
            Fact("USER", "lives_in", "Paris", "I live in Paris"), Fact("USER", "lives_in", "Paris", "settled there"), Fact("USER", "DROP TABLE", "there", "settled there"), Fact("USER", "named.cat", "Miso", "")));
        await using var memory = await MemoryHost.StartAsync(settings: gateway.Settings(("Extract", "reader")));
        await memory.SayAsync("Well, we settled there last spring.");
        await CaughtUpAsync(memory, "extract");
        Assert.Single(gateway.Requests);
        Assert.Empty(await memory.FactsAsync());
    }

    [Theory]
    [InlineData("no JSON at all")]
    [InlineData("{\"facts\":[{\"turn\":1,\"about\":\"USER\"")]
    [InlineData("{\"facts\":[null,{\"turn\":7,\"about\":\"USER\",\"relation\":\"likes\",\"object\":\"tea\",\"quote\":\"tea\"}]}")]
    [InlineData("{\"facts\":null}")]
    public async Task A_model_that_answers_nonsense_costs_nothing_but_its_answer(string nonsense)
    {
        await using var gateway = await StrictGateway.StartAsync(_ => nonsense);
        await using var memory = await MemoryHost.StartAsync(settings: gateway.Settings(("Extract", "reader")));
        await memory.SayAsync("I live in Porto these days.");
        await CaughtUpAsync(memory, "extract");
        Assert.Equal("Porto", Assert.Single(await memory.FactsAsync()).Object);
    }

    [Fact]
    public async Task Recalled_memories_are_never_read_again_as_new_ones()
    {
        await using var gateway = await StrictGateway.StartAsync(_ => Facts());
        await using var memory = await MemoryHost.StartAsync(settings: gateway.Settings(("Extract", "reader")));
        await memory.ExchangeAsync("My sister is called Ottilie, she plays the bassoon.", "Lovely.");
        var second = await memory.SayAsync("Let us talk about my sister for a while.");
        Assert.Contains("Ottilie", second.Messages[^1].Content);
        await CaughtUpAsync(memory, "extract");
        Assert.Equal(2, gateway.Requests.Count);
        Assert.DoesNotContain("Ottilie", StrictGateway.MaterialOf(gateway.Requests[1]));
    }

    [Fact]
    public async Task A_rejected_swipe_is_never_read_and_the_accepted_one_is_once_the_person_goes_on()
    {
        await using var gateway = await StrictGateway.StartAsync(_ => Facts());
        await using var memory = await MemoryHost.StartAsync(settings: gateway.Settings(("Extract", "reader")));
        var first = await memory.ExchangeAsync("Tell me something of yourself, captain.", "I was born in Brest, I tell ye.");
        var swipe = (await memory.AskAsync([new("user", "Tell me something of yourself, captain.")], first.Session, whole: true)).Value!;
        await memory.ReplyAsync(swipe, "I was born in Genoa, I tell ye.");
        await CaughtUpAsync(memory, "extract");
        Assert.DoesNotContain(gateway.Requests, request => Numbered(request).Contains("Genoa") || Numbered(request).Contains("Brest"));
        await memory.SayAsync("Genoa is a beautiful town, captain.", first.Session);
        await CaughtUpAsync(memory, "extract");
        Assert.Contains(gateway.Requests, request => Numbered(request).Contains("born in Genoa"));
        Assert.DoesNotContain(gateway.Requests, request => Numbered(request).Contains("Brest"));
    }

    [Fact]
    public async Task Plain_questions_and_nods_cost_no_model_call()
    {
        await using var gateway = await StrictGateway.StartAsync(_ => Facts());
        await using var memory = await MemoryHost.StartAsync(settings: gateway.Settings(("Extract", "reader")));
        var first = await memory.ExchangeAsync("What do you think of the weather today?", "Fine.");
        await memory.SayAsync("Oh yes.", first.Session);
        await CaughtUpAsync(memory, "extract");
        Assert.Empty(gateway.Requests);
    }

    [Fact]
    public async Task A_reader_that_is_down_loses_nothing_holds_nothing_up_and_its_lag_is_visible()
    {
        await using var gateway = await StrictGateway.StartAsync(_ => null);
        await using var memory = await MemoryHost.StartAsync(settings: gateway.Settings(("Extract", "reader")));
        var first = await memory.ExchangeAsync("You know, Ana settled in Porto.", "Ah.");
        await UntilAsync(async () => (await StatusAsync(memory, "extract")).SessionsFailing == 1);
        Assert.True((await StatusAsync(memory, "extract")).EventsBehind > 0);
        await memory.ExchangeAsync("And Bea settled in Lyon.", "Oh.", first.Session);
        Assert.Equal(4, (await memory.LineAsync(first.Session)).Count);

        gateway.Answer(request => Facts(Numbered(request).Split('\n').Select(line => line.Contains("Ana") ? Fact("Ana", "lives_in", "Porto", "Ana settled in Porto", TurnOf(line)) : Fact("Bea", "lives_in", "Lyon", "Bea settled in Lyon", TurnOf(line))).ToArray()));
        await CaughtUpAsync(memory, "extract");
        Assert.Equal(["Ana lives in Porto.", "Bea lives in Lyon."], (await memory.FactsAsync()).Select(fact => fact.Text).Order(StringComparer.Ordinal));
        Assert.Equal(0, (await StatusAsync(memory, "extract")).SessionsFailing);

        static int TurnOf(string line) => int.Parse(line[1..line.IndexOf(']', StringComparison.Ordinal)], System.Globalization.CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task A_turn_that_is_edited_while_it_is_read_is_read_again()
    {
        var session = "";
        var turn = "";
        var edited = 0;
        MemoryHost? host = null;
        await using var gateway = await StrictGateway.StartAsync(request =>
        {
            if (Interlocked.Exchange(ref edited, 1) == 0)
                Assert.True(host!.Client.EditTurnAsync(session, turn, "You know, Ana settled in Lisbon.").GetAwaiter().GetResult().IsSuccess);
            return Facts(Fact("Ana", "lives_in", StrictGateway.MaterialOf(request).Contains("Porto") ? "Porto" : "Lisbon", "Ana settled in"));
        });
        await using var memory = host = await MemoryHost.StartAsync(settings: gateway.Settings(("Extract", "reader")));
        gateway.Answer(_ => null);
        var first = await memory.SayAsync("You know, Ana settled in Porto.");
        (session, turn) = (first.Session, first.UserTurn);
        gateway.Answer(request =>
        {
            if (Interlocked.Exchange(ref edited, 1) == 0)
                Assert.True(memory.Client.EditTurnAsync(session, turn, "You know, Ana settled in Lisbon.").GetAwaiter().GetResult().IsSuccess);
            return Facts(Fact("Ana", "lives_in", StrictGateway.MaterialOf(request).Contains("Porto") ? "Porto" : "Lisbon", "Ana settled in"));
        });
        await CaughtUpAsync(memory, "extract");
        Assert.Equal("Lisbon", Assert.Single(await memory.FactsAsync()).Object);
    }

    [Fact]
    public async Task The_oldest_turns_are_summarised_in_blocks_with_their_sources_and_never_the_newest()
    {
        await using var gateway = await StrictGateway.StartAsync(request => $"Summary of {StrictGateway.MaterialOf(request).Split("Message ").Length - 1} messages.");
        await using var memory = await MemoryHost.StartAsync(settings: Small(gateway));
        var session = (await TalkAsync(memory, null, 0, 10)).Session;
        await CaughtUpAsync(memory, "summarize");

        var rows = await SummariesAsync(memory);
        Assert.Equal([4, 8, 12], rows.Select(row => row.Depth));
        Assert.Equal((await memory.Client.GetSessionAsync(session)).Value!.Turns.Take(12).Select(turn => turn.Id), rows.SelectMany(row => JsonSerializer.Deserialize<List<string>>(row.Sources)!));
        Assert.Equal([null, rows[0].Id, rows[1].Id], rows.Select(row => row.Previous));
        Assert.StartsWith("The story so far:\nSummary of", StrictGateway.MaterialOf(gateway.Requests[1]));
        Assert.Equal(20, (await memory.LineAsync(session)).Count);
    }

    [Theory]
    [InlineData("My name is Mara.", "Mara: ")]
    [InlineData("Good evening.", "The user: ")]
    public async Task A_summary_calls_the_person_by_name_and_never_by_the_account(string said, string called)
    {
        await using var gateway = await StrictGateway.StartAsync(_ => "A summary.");
        await using var memory = await MemoryHost.StartAsync(settings: Small(gateway));
        var session = (await memory.ExchangeAsync(said, "Aye.", subject: "admin")).Session;
        for (var at = 0; at < 9; at++)
            await memory.ExchangeAsync($"Message {at} of the person.", $"Reply {at}.", session, subject: "admin");
        await CaughtUpAsync(memory, "summarize");
        var material = StrictGateway.MaterialOf(gateway.Requests[0]);
        Assert.Contains(called, material);
        Assert.DoesNotContain("admin", material, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task What_a_model_reads_of_many_things_is_kept_beside_one_another_and_takes_no_place_of_what_it_is_part_of()
    {
        await using var gateway = await StrictGateway.StartAsync(_ => Facts(
            Fact("USER", "speaks", "German", "German"), Fact("USER", "speaks", "Japanese", "Japanese"), Fact("USER", "hobby", "chess", "chess"), Fact("USER", "hobby", "baking", "baking")));
        await using var memory = await MemoryHost.StartAsync(settings: gateway.Settings(("Extract", "reader")));
        await memory.ExchangeAsync("I speak German and Japanese. My hobbies are chess and baking.", "Aye.");
        await CaughtUpAsync(memory, "extract");
        Assert.Equal(["chess and baking", "German", "Japanese"], (await memory.FactsAsync()).Select(fact => fact.Object).Order(StringComparer.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task A_model_with_little_room_reads_and_summarises_less_at_once()
    {
        await using var gateway = await StrictGateway.StartAsync(request => request["response_format"] is null ? "A summary." : Facts());
        gateway.LongestInput = 700;
        var settings = Small(gateway);
        settings["Comox:Memory:Roles:Extract"] = "reader";
        await using var memory = await MemoryHost.StartAsync(settings: settings);
        var session = (await memory.ExchangeAsync($"We walked by the river {new string('x', 900)} today.", "Aye.")).Session;
        for (var at = 0; at < 9; at++)
            await memory.ExchangeAsync($"We walked by the river, {at} {new string('x', 200)} today.", "Aye.", session);
        await memory.SettledAsync("extract");
        await memory.SettledAsync("summarize");
        Assert.InRange((await SummariesAsync(memory)).Max(row => row.Depth), 12, 14);
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        Assert.Equal(19, await db.Turns.CountAsync(turn => turn.Extracted));
    }

    [Fact]
    public async Task A_model_that_is_slow_is_asked_for_less_until_it_answers_in_time()
    {
        await using var gateway = await StrictGateway.StartAsync(request => request["response_format"] is null ? "A summary." : Facts());
        gateway.IsTooSlowFor = request => StrictGateway.MaterialOf(request).Split("river").Length > 4; // Of three such turns it is not.
        var settings = Small(gateway);
        settings["Comox:Memory:Roles:Extract"] = "reader";
        settings["Comox:Memory:Consolidation:ModelTimeout"] = "00:00:00.5";
        await using var memory = await MemoryHost.StartAsync(settings: settings);
        string? session = null;
        for (var at = 0; at < 10; at++)
            session = (await memory.ExchangeAsync($"We walked by the river, {at} {new string('x', 200)} today.", "Aye.", session)).Session;
        await memory.SettledAsync("extract");
        await memory.SettledAsync("summarize");
        Assert.InRange((await SummariesAsync(memory)).Max(row => row.Depth), 12, 14);
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        Assert.Equal(19, await db.Turns.CountAsync(turn => turn.Extracted));
    }

    [Fact]
    public async Task A_turn_that_a_model_refuses_holds_up_none_of_the_others()
    {
        await using var gateway = await StrictGateway.StartAsync(request => request["response_format"] is null ? "A summary." : Facts());
        gateway.Refuses = request => StrictGateway.MaterialOf(request).Contains("poison", StringComparison.Ordinal);
        var settings = Small(gateway);
        settings["Comox:Memory:Roles:Extract"] = "reader";
        await using var memory = await MemoryHost.StartAsync(settings: settings);
        string? session = null;
        for (var at = 0; at < 10; at++)
            session = (await memory.ExchangeAsync($"We walked by the {(at == 2 ? "poison" : "river")}, {at} {new string('x', 200)} today.", "Aye.", session)).Session;
        await memory.SettledAsync("extract");
        await memory.SettledAsync("summarize");
        Assert.InRange((await SummariesAsync(memory)).Max(row => row.Depth), 12, 14);
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        Assert.Equal(19, await db.Turns.CountAsync(turn => turn.Extracted));
    }

    [Fact]
    public async Task A_model_that_refuses_everything_is_waited_for()
    {
        await using var gateway = await StrictGateway.StartAsync(request => request["response_format"] is null ? "A summary." : Facts());
        gateway.Refuses = _ => true;
        await using var memory = await MemoryHost.StartAsync(settings: gateway.Settings(("Extract", "reader")));
        await memory.ExchangeAsync("We walked by the river today.", "Aye.");
        await Eventually.IsTrueAsync(() => gateway.Requests.Count(request => StrictGateway.MaterialOf(request) == "Hello.") >= 2, "it is asked again and again");
        await using (var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open())
            Assert.Equal(0, await db.Turns.CountAsync(turn => turn.Extracted));
        gateway.Refuses = _ => false;
        await memory.SettledAsync("extract");
        await using var after = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        Assert.Equal(1, await after.Turns.CountAsync(turn => turn.Extracted));
    }

    [Fact]
    public async Task A_summary_of_an_edited_past_does_not_count_and_is_made_anew()
    {
        await using var gateway = await StrictGateway.StartAsync(request => StrictGateway.MaterialOf(request).Contains("Message 1 ") ? "Old." : "New.");
        await using var memory = await MemoryHost.StartAsync(settings: Small(gateway));
        var session = (await TalkAsync(memory, null, 0, 6)).Session;
        await CaughtUpAsync(memory, "summarize");
        Assert.Equal(4, Assert.Single(await SummariesAsync(memory)).Depth);
        var turn = (await memory.Client.GetSessionAsync(session)).Value!.Turns[2];
        await memory.Client.EditTurnAsync(session, turn.Id, "Something else was said.");
        await CaughtUpAsync(memory, "summarize");
        Assert.Equal(["Old.", "New."], (await SummariesAsync(memory)).Select(row => row.Content));
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        Assert.Equal("New.", (await ShortTerm.Summaries.OfLineAsync(db, session, TestContext.Current.CancellationToken))!.Content);
    }

    [Fact]
    public async Task A_deleted_turn_takes_the_summaries_made_from_it_along_words_and_all()
    {
        await using var gateway = await StrictGateway.StartAsync(_ => "They spoke of zarzuela.");
        await using var memory = await MemoryHost.StartAsync(settings: Small(gateway));
        var session = (await TalkAsync(memory, null, 0, 6)).Session;
        await CaughtUpAsync(memory, "summarize");
        gateway.Answer(_ => null);
        var deleted = (await memory.Client.DeleteTurnAsync(session, (await memory.Client.GetSessionAsync(session)).Value!.Turns[1].Id)).Value!;
        Assert.Equal(1, deleted.Removed["summaries"]);
        Assert.Empty(await SummariesAsync(memory));
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        Assert.Empty(await db.Events.Where(row => row.Body.Contains("zarzuela")).ToListAsync());
    }

    [Fact]
    public async Task A_summariser_that_is_down_holds_up_no_reply_and_loses_no_turn()
    {
        await using var gateway = await StrictGateway.StartAsync(_ => null);
        await using var memory = await MemoryHost.StartAsync(settings: Small(gateway));
        var last = await TalkAsync(memory, null, 0, 12);
        Assert.Equal(24, (await memory.LineAsync(last.Session)).Count);
        Assert.Empty(await SummariesAsync(memory));
        gateway.Answer(_ => "A summary.");
        await CaughtUpAsync(memory, "summarize");
        Assert.NotEmpty(await SummariesAsync(memory));
    }

    [Fact]
    public async Task The_scene_is_where_the_line_says_and_goes_back_with_it()
    {
        await using var memory = await MemoryHost.StartAsync();
        var first = await memory.ExchangeAsync("Hello.", "Hi.");
        Assert.Equal(new SceneView(null, null, []) with { Present = [] }, (await memory.Client.GetSceneAsync(first.Session)).Value! with { Present = [] });
        await memory.Client.ChangeSceneAsync(first.Session, new SceneChange("The harbour", "dusk", ["brine", "pim"]));
        var second = await memory.ExchangeAsync("Look, a ship.", "Aye.", first.Session);
        var scene = (await memory.Client.ChangeSceneAsync(first.Session, new SceneChange(Time: "night"))).Value!;
        Assert.Equal(("The harbour", "night"), (scene.Place, scene.Time));
        Assert.Equal(["brine", "pim"], scene.Present);

        await memory.Client.MoveHeadAsync(first.Session, new HeadChoice(second.UserTurn, Exact: true));
        Assert.Equal("dusk", (await memory.Client.GetSceneAsync(first.Session)).Value!.Time);
        Assert.Equal("invalid_request", (await memory.Client.ChangeSceneAsync(first.Session, new SceneChange())).Error!.Code);
        Assert.Equal("character_not_found", (await memory.Client.ChangeSceneAsync(first.Session, new SceneChange(Present: ["nobody"]))).Error!.Code);
        Assert.Equal("session_not_found", (await memory.Client.GetSceneAsync("ses_none")).Error!.Code);
    }

    private static Dictionary<string, string?> Small(StrictGateway gateway)
    {
        var settings = gateway.Settings(("Summarize", "scribe"));
        settings["Comox:Memory:ShortTerm:KeepTurns"] = "6";
        settings["Comox:Memory:ShortTerm:BlockTurns"] = "4";
        return settings;
    }

    private static async Task<SuperPromptResponse> TalkAsync(MemoryHost memory, string? session, int from, int count)
    {
        SuperPromptResponse? last = null;
        for (var at = from; at < from + count; at++)
            last = await memory.ExchangeAsync($"Message {at} of the person.", $"Reply {at}.", last?.Session ?? session);
        return last!;
    }

    private static async Task<List<SummaryRow>> SummariesAsync(MemoryHost memory)
    {
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        return await db.Summaries.AsNoTracking().OrderBy(row => row.Number).ToListAsync();
    }

    private static async Task<WorkerStatus> StatusAsync(MemoryHost memory, string worker) =>
        (await memory.Client.GetStatusAsync()).Value!.Workers.Single(status => status.Name == worker);

    private static Task CaughtUpAsync(MemoryHost memory, string worker) => memory.SettledAsync(worker);

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Patience);
        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!await holds())
            await look.WaitForNextTickAsync(patience.Token);
    }

    /// <summary>The lines that were to be read.</summary>
    private static string Numbered(JsonObject request) => string.Join('\n', StrictGateway.MaterialOf(request).Split('\n').Where(line => line.StartsWith('[')));

    private static string Facts(params object[] facts) => JsonSerializer.Serialize(new { facts });

    private static object Fact(string about, string relation, string value, string quote, int turn = 1) => new { turn, about, relation, @object = value, quote, retracts = false };
}
